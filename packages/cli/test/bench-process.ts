import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { bundledSources } from '../../../tools/source-bundle/source-bundle.ts';

// Tests of processes wait for what they do, however busy the machine is; only one that hangs is to be ended.
const patience = 30 * 60_000;
vi.setConfig({ testTimeout: patience, hookTimeout: patience });

const cli = fileURLToPath(new URL('../src/main.ts', import.meta.url));
/** Flags of Node for programs of this checkout. */
export const sourceFlags = await bundledSources();
/** The same for a copy of its sources. */
const copyFlags = ['--conditions=@steepest/source', '--import', import.meta.resolve('tsx')];

export interface BenchEnd {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

export interface BenchProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<BenchEnd>;
  /** What it has written so far. */
  output(): string;
}

/** A cache folder without TensorFlow, so that no test depends on what is installed on its machine. */
const withoutTensorflow = { XDG_CACHE_HOME: join(import.meta.dirname, 'no-caches') };

/** Processes of this file that write run folders and have not ended. */
const running = new Set<ChildProcess>();

/** Notes that a process writes run folders: {@link untilLines} gives up when none is left. */
export function writer(child: ChildProcess): ChildProcess {
  running.add(child);
  return child.once('close', () => running.delete(child));
}

/** Starts the command line in a process of its own, as a person would, on a machine without TensorFlow unless it is asked for. */
export function startBench(args: readonly string[], program = cli, cwd = process.cwd()): BenchProcess {
  const caches = args.includes('node') ? {} : withoutTensorflow;
  const flags = program === cli ? sourceFlags : copyFlags;
  const child = spawn(process.execPath, [...flags, program, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...caches },
  });
  writer(child);
  let output = '';
  let errors = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ended = new Promise<BenchEnd>((resolve) => {
    child.on('close', (code) => resolve({ code, output, errors }));
  });
  return { child, ended, output: () => output };
}

export function bench(...args: string[]): Promise<BenchEnd> {
  return startBench(args).ended;
}

/** The same in a folder of its own. */
export function benchIn(folder: string, args: readonly string[]): Promise<BenchEnd> {
  return startBench(args, cli, folder).ended;
}

/** Writes a text into a folder, and returns the line of an experiment that reads it: the embedded text takes longer to prepare. */
export async function shortText(folder: string): Promise<string> {
  const files = { train: join(folder, 'train.jsonl'), validation: join(folder, 'validation.jsonl') };
  for (const [split, file] of Object.entries(files)) {
    const texts = Array.from({ length: 60 }, (_, page) => `Page ${page} to ${split} with. `.repeat(20));
    await writeFile(file, texts.map((text) => JSON.stringify({ text })).join('\n'));
  }
  return `data: { source: ${JSON.stringify(files)} }\n`;
}

/** Losses of a trial's metrics, by kind and step; everything that a clock does not enter. */
export async function losses(out: string, trial: string): Promise<string[]> {
  return (await metricsLines(out, trial)).map((line) => {
    const { kind, step, loss } = JSON.parse(line) as { kind: string; step: number; loss: number };
    return `${kind} ${step} ${loss}`;
  });
}

/** Waits until a process has written something. */
export async function untilOutput(
  { output, child }: BenchProcess,
  pattern: RegExp,
): Promise<RegExpExecArray> {
  for (;;) {
    const ended = hasEnded(child);
    const found = pattern.exec(output());
    if (found !== null) return found;
    if (ended) throw new Error(`${pattern} was never written; instead:\n${output()}`);
    await sleep(20);
  }
}

/** How a process ends; an error as soon as one that it waits for has ended, since it would wait for ever. */
export function endOf(process: BenchProcess, needed: readonly BenchProcess[]): Promise<BenchEnd> {
  const early = needed.map(async ({ ended }) => {
    const { code, output, errors } = await ended;
    throw new Error(`a process that is needed ended with code ${code}:\n${output}\n${errors}`);
  });
  return Promise.race([process.ended, ...early]);
}

/**
 * Waits until a trial has written so many lines of metrics, or all that it will.
 *
 * @throws Error if no process is left that could write them
 */
export async function untilLines(out: string, trial: string, count: number): Promise<void> {
  for (;;) {
    const isAlone = running.size === 0;
    const lines = await metricsLines(out, trial);
    if (lines.length >= count || (await isFinished(out, trial))) return;
    if (isAlone) throw new Error(`${trial} has ${lines.length} lines of metrics, and no process is left`);
    await sleep(20);
  }
}

/** Waits until no process is left. */
export async function untilGone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await sleep(20);
  }
}

/**
 * Does something that ends a trial before its last step. A machine may be so busy that the trial is over before this process
 * comes to look: then it is done again, from the beginning.
 */
export async function endedMidway<T>(out: string, trial: string, attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    const result = await attempt();
    if (!(await isFinished(out, trial))) return result;
    await rm(out, { recursive: true });
  }
}

async function isFinished(out: string, trial: string): Promise<boolean> {
  const text = await readFile(join(out, trial, 'summary.json'), 'utf8').catch(() => '{}');
  return (JSON.parse(text) as { status?: string }).status === 'finished';
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function metricsLines(out: string, trial: string): Promise<string[]> {
  const file = join(out, trial, 'metrics.jsonl');
  if (!existsSync(file)) return [];
  // The last line may be half written while the trial runs.
  return (await readFile(file, 'utf8')).split('\n').slice(0, -1);
}
