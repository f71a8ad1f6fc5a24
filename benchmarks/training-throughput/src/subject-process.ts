// A subject in a process of its own: `subject-process.ts NAME THREADS FOLDER`. It answers lines of standard input, a number of
// steps or "end", each with one line of JSON.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { TimedStep } from './child.ts';
import { MissingSubject, type PreparedSubject, type PrepareSubject } from './subjects/subject.ts';
import { readTask } from './task.ts';

const loaders: Readonly<Record<string, () => Promise<PrepareSubject>>> = {
  steepest: async () => (await import('./subjects/steepest.ts')).prepareSteepest('wasm'),
  'steepest-node': async () => (await import('./subjects/steepest.ts')).prepareSteepest('node'),
  'steepest-node-gpu': async () => (await import('./subjects/steepest.ts')).prepareSteepest('node-gpu'),
  'steepest-webgpu': async () => (await import('./subjects/steepest.ts')).prepareSteepest('webgpu'),
  tfjs: async () => (await import('./subjects/tfjs.ts')).prepareTfjs('wasm'),
  'tfjs-webgpu': async () => {
    // Starts WebGPU in Node, and registers the backend of tfjs.
    await (await import('./subjects/webgpu-in-node.ts')).startWebgpu();
    return (await import('./subjects/tfjs.ts')).prepareTfjs('webgpu');
  },
  'jax-js': async () => (await import('./subjects/jax-js.ts')).prepareJaxJs('wasm'),
};

function answer(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** The most memory this process has held, in bytes; without what its parent held, where the system tells. */
function peakBytes(): number {
  try {
    const kibibytes = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (kibibytes !== undefined) return Number(kibibytes) * 1024;
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1024;
}

async function timed(subject: PreparedSubject, step: number): Promise<TimedStep> {
  const before = subject.dividedMilliseconds?.() ?? 0;
  const processor = process.cpuUsage();
  const start = performance.now();
  const loss = await subject.train(step);
  const milliseconds = performance.now() - start;
  const { user, system } = process.cpuUsage(processor);
  const after = subject.dividedMilliseconds?.();
  return {
    loss,
    milliseconds,
    processorMilliseconds: (user + system) / 1000,
    ...(after !== undefined && { dividedMilliseconds: after - before }),
  };
}

async function main(name: string, threads: string, folder: string): Promise<void> {
  const prepare = await loaders[name]!();
  const subject = await prepare(await readTask(folder), Number(threads));
  answer({ version: `Node ${process.versions.node}` });
  let step = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === 'end') break;
    const steps: TimedStep[] = [];
    for (let i = 0; i < Number(line); i++) steps.push(await timed(subject, step++));
    answer({ steps });
  }
  answer({ peakBytes: peakBytes() });
}

// tfjs greets whoever has not installed tfjs-node.
console.warn = () => {};
try {
  await main(...(process.argv.slice(2) as [string, string, string]));
} catch (error) {
  const { code, message, stack } = error as NodeJS.ErrnoException;
  if (code === 'ERR_MODULE_NOT_FOUND' || error instanceof MissingSubject) {
    answer({ missing: message });
  } else {
    // Node itself would print the line of the source with it, which in tfjs-backend-wasm is the whole file.
    process.stderr.write(`${stack}\n`);
    process.exit(1);
  }
}
