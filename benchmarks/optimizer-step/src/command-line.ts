import { mkdir, writeFile } from 'node:fs/promises';
import os from 'node:os';
import { dirname } from 'node:path';
import {
  Command,
  commaSeparated,
  fromCaller,
  InvalidArgumentError,
  Option,
  runProgram,
  UsageError,
  wholeNumber,
} from '@steepest/cli';
import type { StateFormat } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs';
import { type Measurement, type MeasureOptions, measure, reasonToSkip } from './measure.ts';
import { startThreads } from './start-threads.ts';
import { installedOptimizers } from './subjects.ts';
import { formatSize, formatTable } from './table.ts';
import type { ClockName } from './timing.ts';
import '@tensorflow/tfjs-backend-wasm';

interface Flags {
  readonly backends: readonly string[];
  readonly optimizers?: readonly string[];
  readonly sizes: readonly number[];
  readonly stateFormat: StateFormat;
  readonly rounds: number;
  readonly milliseconds: number;
  readonly clock: ClockName;
  readonly python: string;
  readonly threads: readonly number[];
  readonly out?: string;
}

/** Runs the command line and returns its exit code: 0, 1 for a failure, 2 for wrong usage. */
export function main(args: readonly string[]): Promise<number> {
  return runProgram(args, () => commandLine().action(run));
}

function commandLine(): Command {
  return new Command('optimizer-step')
    .description('Times one step of every optimizer against tf.train, a SIMD copy loop and PyTorch.')
    .addOption(
      new Option('--backends <names>', 'tfjs backends, separated by commas')
        .argParser(commaSeparated(oneOf(['wasm', 'cpu', 'node'])))
        .default(['wasm', 'cpu'], 'wasm,cpu'),
    )
    .option(
      '--optimizers <names>',
      'optimizers, separated by commas (default: all that are installed)',
      commaSeparated(String),
    )
    .addOption(
      new Option('--sizes <sizes>', 'parameters, such as 128 or 8M, separated by commas')
        .argParser(commaSeparated(size))
        .default([128, 2 ** 20, 2 ** 23], '128,1M,8M'),
    )
    .addOption(
      new Option('--state-format <format>', 'how our optimizers keep state of 4,096 elements and more')
        .choices(['float32', 'bfloat16', '8bit'])
        .default('float32'),
    )
    .option('--rounds <count>', 'rounds in which everything is timed once', wholeNumber(1), 15)
    .option('--milliseconds <time>', 'length of a turn in a round', wholeNumber(1), 20)
    .addOption(
      new Option('--clock <clock>', 'time on the wall, or the time in which the process had a processor')
        .choices(['wall', 'processor'])
        .default('wall'),
    )
    .option(
      '--threads <counts>',
      'numbers of threads on wasm or node, separated by commas',
      commaSeparated(wholeNumber(1)),
      [1],
    )
    .option('--python <path>', 'a Python with PyTorch to compare AdamW with', 'python3')
    .option('--out <file>', 'write the measurements as JSON');
}

async function run(flags: Flags): Promise<void> {
  const most = Math.max(...flags.threads);
  if (most > 1 && flags.clock === 'processor') {
    throw new UsageError(
      '--clock processor adds up the time of all threads; with --threads above 1 use the wall clock',
    );
  }
  const installed = await installedOptimizers();
  const unknown = flags.optimizers?.find((name) => !installed.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`no optimizer is called "${unknown}"; installed are ${installed.join(', ')}`);
  }
  if (flags.backends.includes('node') && flags.threads.length > 1) {
    throw new UsageError(
      'TensorFlow takes one number of threads for a process: give one to --threads for node',
    );
  }
  const onThreads = most > 1 && flags.backends.includes('wasm');
  const setThreads = onThreads ? await startThreads(most) : () => {};
  const options = { ...flags, setThreads };
  const measurements: Measurement[] = [];
  for (const backend of flags.backends) {
    await useBackend(backend, most);
    for (const size of flags.sizes) {
      measurements.push(...(await measureAll(backend, size, flags.optimizers ?? installed, options)));
    }
  }
  if (flags.out !== undefined) {
    const out = fromCaller(flags.out);
    await mkdir(dirname(out), { recursive: true });
    await writeFile(out, `${JSON.stringify({ ...machine(), flags, measurements }, null, 2)}\n`);
  }
}

/** TensorFlow's threads are set once for a process. */
async function useBackend(name: string, threads: number): Promise<void> {
  if (name !== 'node') {
    await tf.setBackend(name);
    return;
  }
  const { prepareBackend } = await import('@steepest/backend');
  const { reason } = await prepareBackend({ backend: 'node', threads });
  console.log(reason);
}

async function measureAll(
  backend: string,
  size: number,
  optimizers: readonly string[],
  flags: Flags & MeasureOptions,
): Promise<Measurement[]> {
  console.log(`\n${formatSize(size)} parameters, ${backend}`);
  const measurements: Measurement[] = [];
  const skipped = new Map<string, string[]>();
  for (const optimizer of optimizers) {
    const reason = reasonToSkip(backend, optimizer, size);
    if (reason === undefined) measurements.push(...(await measure(backend, optimizer, size, flags)));
    else skipped.set(reason, [...(skipped.get(reason) ?? []), optimizer]);
  }
  if (measurements.length > 0) console.log(formatTable(measurements));
  for (const [reason, names] of skipped) console.log(`left out: ${names.join(', ')} (${reason})`);
  const adamw = measurements.find((measurement) => measurement.optimizer === 'adamw');
  if (backend === 'wasm' && adamw !== undefined && adamw.pytorchForeach === undefined) {
    console.log(`no comparison with PyTorch: ${flags.python} has none; --python names another`);
  }
  return measurements;
}

/** Where the figures come from. */
function machine(): object {
  return {
    node: process.version,
    processor: os.cpus()[0]?.model ?? 'unknown',
    cores: os.cpus().length,
    loadAverage: os.loadavg(),
    date: new Date().toISOString(),
  };
}

function oneOf(known: readonly string[]): (name: string) => string {
  return (name) => {
    if (known.includes(name)) return name;
    throw new InvalidArgumentError(`${name} is none of ${known.join(', ')}.`);
  };
}

function size(text: string): number {
  const [, digits, unit = ''] = /^(\d+)([KM]?)$/.exec(text) ?? [];
  const value = Number(digits) * { '': 1, K: 2 ** 10, M: 2 ** 20 }[unit]!;
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError(`${text} is no size such as 128, 64K or 8M.`);
}
