import type * as tf from '@tensorflow/tfjs-core';
import { ThreadedFunctions } from './threaded-functions.ts';
import { type Bytes, code, encodeModule, increment, Locals, whileLoop } from './wasm-encoder.ts';
import type { WasmHeap } from './wasm-heap.ts';

/** Sums computed side by side, because each addition waits for the one before it. */
const lanes = 4;
const pairBytes = 8;
const turnBytes = lanes * pairBytes;

/** Elements whose squares are added up apart, whatever the number of threads, so that the sum has the same bits for any. */
const blockElements = 16_384;
const blockBytes = 4 * blockElements;

/**
 * `run(a, b, bytes, bound, sums, first, last)`: for each block from `first` to before `last`, the sum of the squares of
 * `a - b`, or of `a` where it does not subtract, each brought into [-bound, bound] first where it bounds. All in float64,
 * where no square of a float32 overflows or underflows.
 */
function squaresKernel(subtracts: boolean, bounds: boolean, sharedMemory: boolean): Uint8Array<ArrayBuffer> {
  const parameters = ['i32', 'i32', 'i32', 'f64', 'i32', 'i32', 'i32'] as const;
  const [a, b, bytes, bound, target, first, last] = [0, 1, 2, 3, 4, 5, 6];
  const locals = new Locals(parameters);
  const [offset, block, end] = [locals.make('i32'), locals.make('i32'), locals.make('i32')];
  const total = locals.make('f64');
  const single = locals.make('f64');
  const sums = Array.from({ length: lanes }, () => locals.make('v128'));
  const pairs = Array.from({ length: lanes }, () => locals.make('v128'));
  const [upper, lower] = [locals.make('v128'), locals.make('v128')];
  const at = (address: number): Bytes => [...code.get(address), ...code.get(offset), ...code.i32Add];
  const loadPair = (address: number, lane: number): Bytes => [
    ...at(address),
    ...code.loadPair(lane * pairBytes),
    ...code.promoteLow,
  ];
  const addPair = (lane: number): Bytes => [
    ...loadPair(a, lane),
    ...(subtracts ? [...loadPair(b, lane), ...code.doublesSub] : []),
    ...(bounds ? [...code.get(upper), ...code.doublesMin, ...code.get(lower), ...code.doublesMax] : []),
    ...code.set(pairs[lane]!),
    ...[...code.get(pairs[lane]!), ...code.get(pairs[lane]!), ...code.doublesMul],
    ...[...code.get(sums[lane]!), ...code.doublesAdd, ...code.set(sums[lane]!)],
  ];
  const loadSingle = (address: number): Bytes => [...at(address), ...code.f32Load, ...code.f64Promote];
  const addSingle: Bytes = [
    ...loadSingle(a),
    ...(subtracts ? [...loadSingle(b), ...code.f64Sub] : []),
    ...(bounds
      ? [...code.get(bound), ...code.f64Min, ...code.get(bound), ...code.f64Neg, ...code.f64Max]
      : []),
    ...code.set(single),
    ...[...code.get(single), ...code.get(single), ...code.f64Mul],
    ...[...code.get(total), ...code.f64Add, ...code.set(total)],
  ];
  const until = (end: Bytes, by: number, body: Bytes): Bytes =>
    whileLoop([...code.get(offset), ...end, ...code.i32LessUnsigned], [...body, ...increment(offset, by)]);
  const wholeTurns: Bytes = [...code.get(end), ...code.i32Const(-turnBytes), ...code.i32And];
  const squares: Bytes = [
    ...[...code.f64Const(0), ...code.set(total)],
    ...sums.flatMap((local) => [...code.vectorConst(0), ...code.set(local)]),
    ...until(
      wholeTurns,
      turnBytes,
      sums.flatMap((_, lane) => addPair(lane)),
    ),
    ...until(code.get(end), 4, addSingle),
    ...code.get(total),
    ...sums.flatMap((local) =>
      [0, 1].flatMap((half) => [...code.get(local), ...code.doubleLane(half), ...code.f64Add]),
    ),
  ];
  const body: Bytes = [
    ...(bounds
      ? [
          ...[...code.get(bound), ...code.splatDouble, ...code.set(upper)],
          ...[...code.get(bound), ...code.f64Neg, ...code.splatDouble, ...code.set(lower)],
        ]
      : []),
    ...[...code.get(first), ...code.set(block)],
    ...whileLoop(
      [...code.get(block), ...code.get(last), ...code.i32LessUnsigned],
      [
        ...[...code.get(block), ...code.i32Const(blockBytes), ...code.i32Mul, ...code.tee(offset)],
        ...[...code.i32Const(blockBytes), ...code.i32Add, ...code.set(end)],
        ...[...code.get(bytes), ...code.get(end)],
        ...[...code.get(bytes), ...code.get(end), ...code.i32LessUnsigned, ...code.choose, ...code.set(end)],
        ...[...code.get(target), ...code.get(block), ...code.i32Const(pairBytes), ...code.i32Mul],
        ...[...code.i32Add, ...squares, ...code.f64Store],
        ...increment(block, 1),
      ],
    ),
  ];
  return encodeModule([{ name: 'run', parameters, locals, body }], sharedMemory);
}

const kernels = new WeakMap<WasmHeap, Map<string, ThreadedFunctions>>();

function kernelFor(heap: WasmHeap, subtracts: boolean, bounds: boolean): ThreadedFunctions {
  let known = kernels.get(heap);
  if (known === undefined) {
    known = new Map();
    kernels.set(heap, known);
  }
  const key = `${subtracts} ${bounds}`;
  let run = known.get(key);
  if (run === undefined) {
    run = new ThreadedFunctions(heap, squaresKernel(subtracts, bounds, heap.isShared), ['run']);
    known.set(key, run);
  }
  return run;
}

/**
 * The sum of the squares of a float32 tensor on the heap, in float64, with the same bits for any number of threads.
 *
 * @param options.minus A float32 tensor of the same size that is subtracted first.
 * @param options.bound Every element is brought into [-bound, bound] first.
 */
export function sumOfSquaresOnHeap(
  heap: WasmHeap,
  tensor: tf.Tensor,
  {
    minus,
    bound = Infinity,
  }: { readonly minus?: tf.Tensor | undefined; readonly bound?: number | undefined },
): number {
  const kernel = kernelFor(heap, minus !== undefined, bound !== Infinity);
  const address = heap.addressOf(tensor);
  const other = minus === undefined ? address : heap.addressOf(minus);
  const units = Math.ceil(tensor.size / blockElements);
  const traffic = (minus === undefined ? 1 : 2) * tensor.size;
  const sums = heap.takeScratch(pairBytes * units);
  try {
    kernel.run(0, [address, other, 4 * tensor.size, bound, sums], { units, traffic });
    // Views of float64 want a multiple of eight, which the allocator of the heap gives.
    return new Float64Array(heap.memory.buffer, sums, units).reduce((total, sum) => total + sum, 0);
  } finally {
    heap.freeScratch(sums);
  }
}
