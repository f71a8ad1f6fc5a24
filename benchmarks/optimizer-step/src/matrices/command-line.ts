import { Command, commaSeparated, Option, runProgram, UsageError, wholeNumber } from '@steepest/cli';
import Table from 'cli-table3';
import '@tensorflow/tfjs-backend-wasm';
import { startThreads } from '../start-threads.ts';
import { installedOptimizers } from '../subjects.ts';
import type { ClockName } from '../timing.ts';
import { type MatrixMeasurement, measureMatrices } from './measure.ts';
import { matrixOptimizers } from './operations.ts';

interface Flags {
  readonly widths: readonly number[];
  readonly optimizers?: readonly string[];
  readonly layers: number;
  readonly rounds: number;
  readonly milliseconds: number;
  readonly clock: ClockName;
  readonly threads: readonly number[];
  readonly python: string;
}

/** Runs the command line and returns its exit code: 0, 1 for a failure, 2 for wrong usage. */
export function main(args: readonly string[]): Promise<number> {
  return runProgram(args, () => commandLine().action(run));
}

function commandLine(): Command {
  return new Command('optimizer-step matrices')
    .description(
      'Times a step of the optimizers of matrices on the layers of a decoder, on wasm, against what it must compute at the speed of a product.',
    )
    .option(
      '--widths <widths>',
      'widths of the model, separated by commas',
      commaSeparated(wholeNumber(1)),
      [128, 256, 512],
    )
    .option(
      '--optimizers <names>',
      `some of ${matrixOptimizers.map((each) => each.optimizer).join(', ')}`,
      commaSeparated(String),
    )
    .option('--layers <count>', 'layers of the model, each with four matrices', wholeNumber(1), 4)
    .option('--rounds <count>', 'rounds in which everything is timed once', wholeNumber(1), 7)
    .option('--milliseconds <time>', 'length of a turn in a round', wholeNumber(1), 100)
    .addOption(
      new Option('--clock <clock>', 'time on the wall, or the time in which the process had a processor')
        .choices(['wall', 'processor'])
        .default('wall'),
    )
    .option(
      '--threads <counts>',
      'numbers of threads, separated by commas',
      commaSeparated(wholeNumber(1)),
      [1],
    )
    .option('--python <path>', 'a Python with PyTorch 2.9 or later to compare Muon with', 'python3');
}

async function run(flags: Flags): Promise<void> {
  const { widths, threads, clock, optimizers } = flags;
  const most = Math.max(...threads);
  if (most > 1 && clock === 'processor') {
    throw new UsageError(
      '--clock processor adds up the time of all threads; with --threads above 1 use the wall clock',
    );
  }
  const known = matrixOptimizers.map(({ optimizer }) => optimizer);
  const unknown = optimizers?.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`unknown optimizer "${unknown}"; known are ${known.join(', ')}`);
  await installedOptimizers();
  const setThreads = await startThreads(most);
  const chosen = matrixOptimizers.filter(({ optimizer }) => optimizers?.includes(optimizer) ?? true);
  for (const width of widths) {
    for (const count of threads) {
      setThreads(count);
      const measurements: MatrixMeasurement[] = [];
      for (const each of chosen) {
        measurements.push(await measureMatrices(each, width, { ...flags, threads: count }));
      }
      console.log(
        `\nwidth ${width}, ${flags.layers} layers, ${count === 1 ? 'one thread' : `${count} threads`}`,
      );
      console.log(formatMatrices(measurements));
    }
  }
  console.log('\nOperations of one matrix, r by c, with n its shorter side and m its longer:');
  for (const { optimizer, formula } of chosen) console.log(`  ${optimizer}: ${formula}`);
}

/** One row per optimizer, of measurements at one width and number of threads. */
export function formatMatrices(measurements: readonly MatrixMeasurement[]): string {
  const table = new Table({
    head: [
      'optimizer',
      'million\noperations',
      'product,\nGFLOP/s',
      'must take,\nms',
      'step,\nms',
      'of the\nproduct',
      'allocations\nper matrix',
      'PyTorch,\nms',
    ],
    colAligns: ['left', ...new Array<'right'>(7).fill('right')],
    style: { head: [], border: [], compact: true },
  });
  for (const each of measurements) {
    const { optimizer, operations, productSpeed, step, reached, allocationsPerMatrix, pytorch } = each;
    table.push([
      optimizer,
      (operations / 1e6).toFixed(0),
      (productSpeed / 1e9).toFixed(1),
      ((operations / productSpeed) * 1000).toPrecision(3),
      step.toPrecision(3),
      `${(100 * reached).toFixed(0)} %`,
      allocationsPerMatrix.toFixed(1),
      pytorch === undefined ? '—' : `${pytorch.toPrecision(3)} (${(pytorch / step).toPrecision(2)}x)`,
    ]);
  }
  return table.toString();
}
