import {
  type AttentionLayout,
  causalAttentionGradientKernel,
  causalAttentionKernel,
  type GradientAttributes,
  type KernelInputs,
  type KernelOutputs,
} from '@steepest/training-kernels';
import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { type Divisible, kernelModule, type RecordCall } from '../kernel-module.ts';
import { addressOf, allocateOutputs, takeOver, type WasmBackend } from '../wasm-backend.ts';
import { eachHead, type Matrix } from './attention-layout.ts';

/**
 * Queries or keys worked on at once. Of the square of scores, blocks right of the diagonal are never made; a block
 * is two tiles of six rows and one of four in the matrix product.
 */
const block = 16;

/** softmax(q k^T / sqrt(headWidth)) v in every head, each position looking at itself and those before. */
export function causalAttention(
  backend: WasmBackend,
  { queries, keys, values }: KernelInputs<typeof causalAttentionKernel>,
  layout: AttentionLayout,
): KernelOutputs<typeof causalAttentionKernel> {
  const { positions } = layout;
  const headWidth = queries.shape[1]! / layout.heads;
  const scale = 1 / Math.sqrt(headWidth);
  const kernels = kernelModule(backend);
  const work = workOf(layout, headWidth, 2);
  const parts = kernels.cut(work);
  const [output, ...scratch] = allocateOutputs(backend, causalAttentionKernel.name, [
    queries.shape,
    [parts.length, headWidth, positions],
    [parts.length, positions, headWidth],
    [parts.length, block, positions],
  ]) as [TensorInfo, ...TensorInfo[]];
  kernels.runParts(parts, (call, part) => {
    const [keysAcross, ownValues, scores] = placesOf(backend, scratch, part.index, parts.length) as [
      number,
      number,
      number,
    ];
    const { product, gather, gatherAcross } = arithmetic(call, part.scratch, positions, headWidth);
    eachHead(backend, layout, part, [queries, keys, values, output], (query, key, value, result) => {
      const across = gatherAcross(key(0), keysAcross);
      const all = gather(value(0), ownValues);
      for (let first = 0; first < positions; first += block) {
        const count = Math.min(block, positions - first);
        const seen = first + count;
        const step = seen * 4;
        product(query(first), across, [scores, step, 4], count, seen, headWidth);
        call('causalSoftmax', scores, step, scores, step, count, first + 1, seen, scale);
        product([scores, step, 4], all, result(first), count, headWidth, seen);
      }
    });
  });
  for (const { dataId } of scratch) backend.disposeData(dataId);
  return { y: output };
}

/**
 * The gradients of queries, keys and values from that of the result. The probabilities are computed again, one
 * head at a time.
 * They are written over queries, keys and values if they may be and no other tensor shares their memory.
 */
export function causalAttentionGradient(
  backend: WasmBackend,
  { queries, keys, values, gradient }: KernelInputs<typeof causalAttentionGradientKernel>,
  { overwrite, ...layout }: AttentionLayout & GradientAttributes,
): KernelOutputs<typeof causalAttentionGradientKernel> {
  const { positions } = layout;
  const headWidth = queries.shape[1]! / layout.heads;
  const scale = 1 / Math.sqrt(headWidth);
  const inputs = [queries, keys, values];
  const takesOver =
    overwrite &&
    new Set(inputs.map(({ dataId }) => dataId)).size === 3 &&
    inputs.every(({ dataId }) => backend.refCount(dataId) === 1);
  const kernels = kernelModule(backend);
  const work = workOf(layout, headWidth, 5);
  const parts = kernels.cut(work);
  const tall = [parts.length, positions, headWidth];
  const wide = [parts.length, headWidth, positions];
  const square = [parts.length, positions, positions];
  const scratch = allocateOutputs(backend, causalAttentionGradientKernel.name, [
    ...[tall, tall, tall, wide, wide, square, square, [parts.length, block, positions]],
    ...(takesOver ? [] : inputs.map(({ shape }) => shape)),
  ]);
  // The second part of what was allocated; all of a head is copied before anything is written over it.
  const fresh = scratch.splice(8);
  const outputs = takesOver ? inputs.map((input) => takeOver(backend, input)!) : fresh;
  const step = positions * 4;
  kernels.runParts(parts, (call, part) => {
    const [ownQueries, ownKeys, ownGradient, keysAcross, valuesAcross, probabilities, ofScores, blockScores] =
      placesOf(backend, scratch, part.index, parts.length) as [
        ...[number, number, number, number, number, number, number, number],
      ];
    const { product, gather, gatherAcross } = arithmetic(call, part.scratch, positions, headWidth);
    eachHead(
      backend,
      layout,
      part,
      [queries, keys, values, gradient, ...outputs],
      (query, key, value, ofResult, ofQuery, ofKey, ofValue) => {
        const q = gather(query(0), ownQueries);
        const k = gather(key(0), ownKeys);
        const g = gather(ofResult(0), ownGradient);
        const kAcross = gatherAcross(k, keysAcross);
        const vAcross = gatherAcross(value(0), valuesAcross);
        for (let first = 0; first < positions; first += block) {
          const count = Math.min(block, positions - first);
          const seen = first + count;
          const own = probabilities + first * step;
          const slope = ofScores + first * step;
          const scores: Matrix = [blockScores, seen * 4, 4];
          product(from(q, first), kAcross, scores, count, seen, headWidth);
          call('causalSoftmax', blockScores, seen * 4, own, step, count, first + 1, seen, scale);
          product(from(g, first), vAcross, scores, count, seen, headWidth);
          call('causalSoftmaxGradient', own, blockScores, seen * 4, slope, step, count, seen, scale);
          product([slope, step, 4], k, ofQuery(first), count, headWidth, seen);
        }
        // Keys and values of a block gather from the queries at and after them.
        for (let first = 0; first < positions; first += block) {
          const count = Math.min(block, positions - first);
          const diagonal = first * step + first * 4;
          const observers = positions - first;
          product(
            [probabilities + diagonal, 4, step],
            from(g, first),
            ofValue(first),
            count,
            headWidth,
            observers,
          );
          product([ofScores + diagonal, 4, step], from(q, first), ofKey(first), count, headWidth, observers);
        }
      },
    );
  });
  for (const { dataId } of scratch) backend.disposeData(dataId);
  const [queryGradient, keyGradient, valueGradient] = outputs as [TensorInfo, TensorInfo, TensorInfo];
  return { queries: queryGradient, keys: keyGradient, values: valueGradient };
}

/** A matrix without its first rows. */
function from([address, rowStep, columnStep]: Matrix, row: number): Matrix {
  return [address + row * rowStep, rowStep, columnStep];
}

/** Heads of all sequences as divisible work. @param products How many products of half a square each makes. */
function workOf(
  { sequences, positions, heads }: AttentionLayout,
  headWidth: number,
  products: number,
): Divisible {
  const items = sequences * heads;
  return { items, unit: 1, nanoseconds: (items * products * positions ** 2 * (headWidth + 16)) / 40 };
}

/** Where a part's own piece of each scratch tensor begins. */
function placesOf(
  backend: WasmBackend,
  scratch: readonly TensorInfo[],
  part: number,
  parts: number,
): number[] {
  return scratch.map(
    (tensor) => addressOf(backend, tensor) + (part * util.sizeFromShape(tensor.shape) * 4) / parts,
  );
}

function arithmetic(call: RecordCall, scratch: number, positions: number, headWidth: number) {
  return {
    /** c (m x n) = a (m x k) b (k x n). */
    product: (a: Matrix, b: Matrix, [c, cStep]: Matrix, m: number, n: number, k: number) =>
      call('matrixProduct', ...a, ...b, c, m, n, k, scratch, cStep, 0),
    /** Copies a head, whose rows lie apart, to where they have no gaps between them. */
    gather: ([address, step]: Matrix, target: number): Matrix => {
      call('copyRows', address, step, target, headWidth * 4, positions, headWidth);
      return [target, headWidth * 4, 4];
    },
    /** The same, transposed: rows as long as the sequence. */
    gatherAcross: ([address, step]: Matrix, target: number): Matrix => {
      call('transpose', address, step, target, positions * 4, positions, headWidth);
      return [target, positions * 4, 4];
    },
  };
}
