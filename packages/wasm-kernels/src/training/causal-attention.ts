import type { TensorInfo } from '@tensorflow/tfjs-core';
import { kernelModule } from '../kernel-module.ts';
import { addressOf, allocateOutputs, takeOver, type WasmBackend } from '../wasm-backend.ts';
import { type AttentionLayout, eachHead, headWidthOf, type Matrix } from './attention-layout.ts';

/**
 * Queries or keys worked on at once. Of the square of scores, blocks right of the diagonal are never made; a block
 * is two tiles of six rows and one of four in the matrix product.
 */
const block = 16;

/**
 * softmax(q k^T / sqrt(headWidth)) v in every head, each position looking at itself and those before.
 *
 * @param queries [sequences * positions, heads * headWidth], as are keys, values and the result
 */
export function causalAttention(
  backend: WasmBackend,
  queries: TensorInfo,
  keys: TensorInfo,
  values: TensorInfo,
  layout: AttentionLayout,
): TensorInfo {
  const kernel = 'SteepestCausalAttention';
  const headWidth = headWidthOf(kernel, layout, { queries, keys, values });
  const { positions } = layout;
  const scale = 1 / Math.sqrt(headWidth);
  const [output, ...scratch] = allocateOutputs(backend, kernel, [
    queries.shape,
    [headWidth, positions],
    [positions, headWidth],
    [block, positions],
  ]) as [TensorInfo, ...TensorInfo[]];
  const [keysAcross, ownValues, scores] = scratch.map((part) => addressOf(backend, part)) as [
    number,
    number,
    number,
  ];
  const { causalSoftmax } = kernelModule(backend);
  const { product, gather, gatherAcross } = arithmetic(backend, positions, headWidth);
  eachHead(backend, layout, [queries, keys, values, output], (query, key, value, result) => {
    const across = gatherAcross(key(0), keysAcross);
    const all = gather(value(0), ownValues);
    for (let first = 0; first < positions; first += block) {
      const count = Math.min(block, positions - first);
      const seen = first + count;
      const step = seen * 4;
      product(query(first), across, [scores, step, 4], count, seen, headWidth);
      causalSoftmax(scores, step, scores, step, count, first + 1, seen, scale);
      product([scores, step, 4], all, result(first), count, headWidth, seen);
    }
  });
  for (const { dataId } of scratch) backend.disposeData(dataId);
  return output;
}

/**
 * The gradients of queries, keys and values from that of the result. The probabilities are computed again, one
 * head at a time.
 *
 * @param overwrite write them over queries, keys and values if no other tensor shares their memory: the caller reads
 *   them no more
 */
export function causalAttentionGradient(
  backend: WasmBackend,
  queries: TensorInfo,
  keys: TensorInfo,
  values: TensorInfo,
  gradient: TensorInfo,
  layout: AttentionLayout,
  overwrite: boolean,
): TensorInfo[] {
  const kernel = 'SteepestCausalAttentionGradient';
  const headWidth = headWidthOf(kernel, layout, { queries, keys, values, gradient });
  const { positions } = layout;
  const scale = 1 / Math.sqrt(headWidth);
  const inputs = [queries, keys, values];
  const takesOver =
    overwrite &&
    new Set(inputs.map(({ dataId }) => dataId)).size === 3 &&
    inputs.every(({ dataId }) => backend.refCount(dataId) === 1);
  const tall = [positions, headWidth];
  const wide = [headWidth, positions];
  const square = [positions, positions];
  const scratch = allocateOutputs(backend, kernel, [
    ...[tall, tall, tall, wide, wide, square, square, [block, positions]],
    ...(takesOver ? [] : inputs.map(({ shape }) => shape)),
  ]);
  // The second part of what was allocated; all of a head is copied before anything is written over it.
  const fresh = scratch.splice(8);
  const outputs = takesOver ? inputs.map((input) => takeOver(backend, input)!) : fresh;
  const [ownQueries, ownKeys, ownGradient, keysAcross, valuesAcross, probabilities, ofScores, blockScores] =
    scratch.map((tensor) => addressOf(backend, tensor)) as [
      ...[number, number, number, number, number, number, number, number],
    ];
  const step = positions * 4;
  const { causalSoftmax, causalSoftmaxGradient } = kernelModule(backend);
  const { product, gather, gatherAcross } = arithmetic(backend, positions, headWidth);
  const part = (address: number, step: number): Matrix => [address, step, 4];
  eachHead(
    backend,
    layout,
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
        const row = first * step;
        const scores = part(blockScores, seen * 4);
        product(from(q, first), kAcross, scores, count, seen, headWidth);
        causalSoftmax(blockScores, seen * 4, probabilities + row, step, count, first + 1, seen, scale);
        product(from(g, first), vAcross, scores, count, seen, headWidth);
        causalSoftmaxGradient(
          probabilities + row,
          blockScores,
          seen * 4,
          ofScores + row,
          step,
          count,
          seen,
          scale,
        );
        product(part(ofScores + row, step), k, ofQuery(first), count, headWidth, seen);
      }
      // Keys and values of a block gather from the queries at and after them.
      for (let first = 0; first < positions; first += block) {
        const count = Math.min(block, positions - first);
        const diagonal = first * step + first * 4;
        const lookers = positions - first;
        product(
          [probabilities + diagonal, 4, step],
          from(g, first),
          ofValue(first),
          count,
          headWidth,
          lookers,
        );
        product([ofScores + diagonal, 4, step], from(q, first), ofKey(first), count, headWidth, lookers);
      }
    },
  );
  for (const { dataId } of scratch) backend.disposeData(dataId);
  return outputs;
}

/** A matrix without its first rows. */
function from([address, rowStep, columnStep]: Matrix, row: number): Matrix {
  return [address + row * rowStep, rowStep, columnStep];
}

function arithmetic(backend: WasmBackend, positions: number, headWidth: number) {
  const { matrixProduct, copyRows, transpose, scratch } = kernelModule(backend);
  return {
    /** c (m x n) = a (m x k) b (k x n). */
    product: (a: Matrix, b: Matrix, [c, cStep]: Matrix, m: number, n: number, k: number) =>
      matrixProduct(...a, ...b, c, m, n, k, scratch, cStep),
    /** Copies a head, whose rows lie apart, to where they have no gaps between them. */
    gather: ([address, step]: Matrix, target: number): Matrix => {
      copyRows(address, step, target, headWidth * 4, positions, headWidth);
      return [target, headWidth * 4, 4];
    },
    /** The same, transposed: rows as long as the sequence. */
    gatherAcross: ([address, step]: Matrix, target: number): Matrix => {
      transpose(address, step, target, positions * 4, positions, headWidth);
      return [target, positions * 4, 4];
    },
  };
}
