import {
  Command,
  commaSeparated,
  Option,
  positiveNumber,
  runProgram,
  UsageError,
  wholeNumber,
} from '@steepest/cli';
import * as tf from '@tensorflow/tfjs';
import Table from 'cli-table3';
import '@tensorflow/tfjs-backend-wasm';
import { peakGigaflops } from './peak.ts';
import { processorTime } from './processor-time.ts';
import { decoderProducts, type Product } from './products.ts';
import { PyTorch } from './pytorch.ts';
import { type Clock, gigaflops, type Multiplier, registeredKernel, tensorflowJs } from './timing.ts';

interface Flags {
  readonly threads: readonly number[];
  readonly python: string;
  readonly clock: 'wall' | 'processor';
  readonly seconds: number;
  readonly tokens: number;
  readonly width: number;
  readonly vocabulary: number;
}

const clocks: Readonly<Record<'wall' | 'processor', Clock>> = {
  wall: () => performance.now(),
  processor: processorTime,
};

/** Runs the command line and returns its exit code: 0, 1 for a failure, 2 for wrong usage. */
export function main(args: readonly string[]): Promise<number> {
  return runProgram(args, () => commandLine().action(run));
}

function commandLine(): Command {
  return new Command('matrix-product')
    .description("Times the products of a decoder's training step against the kernel of tfjs and PyTorch.")
    .option(
      '--threads <counts>',
      'numbers of threads of ours and PyTorch, separated by commas',
      commaSeparated(wholeNumber(1)),
      [1],
    )
    .option('--python <path>', 'a Python with PyTorch', 'python3')
    .addOption(
      new Option(
        '--clock <clock>',
        'wall, or for one thread processor time, which other programs disturb less but a virtual machine may show too short',
      )
        .choices(['wall', 'processor'])
        .default('wall'),
    )
    .option('--seconds <time>', 'time for each product of each subject', positiveNumber, 0.3)
    .option('--tokens <count>', 'tokens of a batch, in 16 sequences', wholeNumber(1), 2048)
    .option('--width <width>', 'model width, with 4 heads', wholeNumber(1), 128)
    .option('--vocabulary <count>', 'tokens of the vocabulary', wholeNumber(1), 4096);
}

async function run(flags: Flags): Promise<void> {
  const { tokens, width, vocabulary, threads, clock } = flags;
  if (clock === 'processor' && Math.max(...threads) > 1) {
    throw new UsageError(
      '--clock processor adds up the time of all threads; with --threads above 1 use the wall clock',
    );
  }
  const products = decoderProducts({
    tokens,
    width,
    mlpWidth: 4 * width,
    vocabulary,
    sequences: 16,
    heads: 4,
  });
  const subjects = await ours(threads, clocks[clock]);
  const pytorch: PyTorch[] = [];
  for (const count of threads) {
    const found = await PyTorch.start(flags.python, { threads: count, clock });
    if (found === undefined) break;
    pytorch.push(found);
  }
  const peak = await peakGigaflops(1);
  console.log(
    `Peak of this machine and engine, one thread: ${peak.toFixed(1)} GFLOP/s (Node ${process.versions.node})\n`,
  );
  if (pytorch.length === 0) {
    console.log(`no comparison with PyTorch: ${flags.python} has none; --python names another`);
  }
  try {
    const speeds: number[][] = [];
    for (const product of products)
      speeds.push(await gigaflops(product, flags.seconds, [...subjects, ...pytorch]));
    console.log(formatTable(products, speeds, { threads, peak, pytorch: pytorch[0]?.version }));
  } finally {
    for (const process of pytorch) process.stop();
  }
}

/** The kernel of tfjs, then ours on each number of threads. */
async function ours(threads: readonly number[], clock: Clock): Promise<Multiplier[]> {
  const stock = registeredKernel();
  const { setThreads, useThreads } = await import('@steepest/wasm-kernels');
  const most = Math.max(...threads);
  const { threads: used, reason } = await useThreads({ threads: most });
  if (used !== most) throw new Error(`cannot measure ${most} threads: ${reason}`);
  await tf.setBackend('wasm');
  // Ours stood in its place while the backend started.
  stock.setupFunc?.(tf.backend());
  const kernel = registeredKernel();
  return [
    tensorflowJs('tfjs', stock, clock),
    ...threads.map((count) => tensorflowJs('ours', kernel, clock, () => setThreads(count))),
  ];
}

/** GFLOP/s of each product by each subject: tfjs, ours and PyTorch for each number of threads. */
export function formatTable(
  products: readonly Product[],
  speeds: readonly (readonly number[])[],
  {
    threads,
    peak,
    pytorch,
  }: { readonly threads: readonly number[]; readonly peak: number; readonly pytorch: string | undefined },
): string {
  const on = (name: string) =>
    threads.map((count) => `${name}\n${count === 1 ? '1 thread' : `${count} threads`}`);
  const [first = 1] = threads;
  const last = threads.at(-1)!;
  const head = [
    ...['product', 'batch x m x k x n', 'tfjs', ...on('ours')],
    ...(pytorch === undefined ? [] : on(`PyTorch ${pytorch.split('+')[0]}`)),
    first === 1 ? 'of peak,\n1 thread' : `of peak,\n${first} threads`,
    ...(threads.length > 1 ? [`${last} against\n${first}`] : []),
  ];
  const table = new Table({
    head,
    colAligns: head.map((_, column) => (column < 2 ? 'left' : 'right')),
    style: { head: [], border: [], compact: true },
  });
  for (const [row, product] of products.entries()) {
    const all = speeds[row]!;
    const mine = all.slice(1, 1 + threads.length);
    table.push([
      product.name,
      `${product.batch} x ${product.m} x ${product.k} x ${product.n}`,
      ...all.map((speed) => speed.toFixed(1)),
      `${((100 * mine[0]!) / (peak * first)).toFixed(0)} %`,
      ...(threads.length > 1 ? [`${(mine.at(-1)! / mine[0]!).toFixed(2)}x`] : []),
    ]);
  }
  return table.toString();
}
