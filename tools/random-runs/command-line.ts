import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { optimizerByName } from '@steepest/registry';
import { loadInstalledOptimizers } from '@steepest/registry/node';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import '@tensorflow/tfjs';
import { type Deviation, type RecordedRun, replay } from './recorded-run.ts';

interface Flags {
  readonly python: string;
  readonly runs: number;
  readonly seed: number;
}

/** Rounding of float64 over 20 steps, in rules that subtract close numbers. */
const tolerance = 1e-12;

const program = fileURLToPath(new URL('./record.py', import.meta.url));

/** Runs the command line. @returns its exit code: 0 for no deviation, 1 for one or a failure, 2 for wrong usage */
export async function main(args: readonly string[]): Promise<number> {
  const command = new Command('check:pytorch')
    .description(
      'Compares optimizers in float64 with PyTorch, and with the packages of their authors where these are installed, on random options and gradients.',
    )
    .argument('[optimizers...]', 'names of the registry, such as adamw (default: all that record.py knows)')
    .option('--python <path>', 'a Python with PyTorch', 'python3')
    .option('--runs <count>', 'runs of each optimizer', wholeNumber, 10)
    .option('--seed <seed>', 'seed of the first run', wholeNumber, 1)
    .exitOverride();
  try {
    command.parse(args, { from: 'user' });
    return await check(command.args, command.opts<Flags>());
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    console.error(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

async function check(names: readonly string[], { python, runs, seed }: Flags): Promise<number> {
  await loadInstalledOptimizers({
    from: fileURLToPath(new URL('../../', import.meta.url)),
    conditions: ['@steepest/source'],
  });
  const found = new Map<string, { source: string; runs: number; worst: Deviation }>();
  const child = spawn(python, [program, String(seed), String(runs), ...names], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = endOf(child, python);
  // It is awaited, and its error thrown, after the lines that came before.
  ended.catch(() => {});
  for await (const line of createInterface({ input: child.stdout! })) {
    const run = JSON.parse(line) as RecordedRun | { readonly optimizer: string; readonly absent: string };
    if ('absent' in run) {
      console.log(`${run.optimizer}: not compared, ${run.absent}`);
      continue;
    }
    const deviation = replay(run, optimizerByName(run.optimizer).rule);
    const before = found.get(run.optimizer) ?? { runs: 0, worst: { largest: 0, place: '' } };
    const isWorse = deviation.largest > before.worst.largest;
    found.set(run.optimizer, {
      source: run.source,
      runs: before.runs + 1,
      worst: isWorse ? deviation : before.worst,
    });
    if (deviation.largest > tolerance) {
      console.error(`${run.optimizer} deviates by ${deviation.largest.toExponential(1)}: ${deviation.place}`);
      console.error(`  with ${JSON.stringify(run.options)}${run.maximize ? ', maximize' : ''}`);
    }
  }
  await ended;
  if (found.size === 0) throw new Error('nothing was compared');
  for (const [name, { source, runs: count, worst }] of found) {
    console.log(`${name}: ${count} runs of ${source}, largest deviation ${worst.largest.toExponential(1)}`);
  }
  return [...found.values()].every(({ worst }) => worst.largest <= tolerance) ? 0 : 1;
}

/** Settles when a Python program has ended well. @throws Error with the last line that it wrote to its error stream */
async function endOf(child: ChildProcess, python: string): Promise<void> {
  let errors = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  await new Promise<void>((resolve, reject) => {
    child.on('error', (error) => reject(new Error(`cannot run ${python}: ${error.message}`)));
    child.on('close', (code) => {
      if (code === 0) resolve();
      else
        reject(new Error(`${python} record.py: ${errors.trim().split('\n').at(-1) ?? `ended with ${code}`}`));
    });
  });
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a positive whole number.');
}
