import type { TensorInfo } from '@tensorflow/tfjs-core';
import { kernelModule } from '../kernel-module.ts';
import { addressOf, allocateOutputs, type WasmBackend } from '../wasm-backend.ts';
import { type AttentionLayout, eachHead, headWidthOf, type Matrix, transposed } from './attention-layout.ts';

/** Queries or keys worked on at once. Of the square of scores, blocks right of the diagonal are never made. */
const block = 32;

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
    [block, positions],
    [block, headWidth],
  ]) as [TensorInfo, TensorInfo, TensorInfo];
  const [scores, mixed] = scratch.map((part) => addressOf(backend, part)) as [number, number];
  const { causalSoftmax } = kernelModule(backend);
  const { product, paste } = arithmetic(backend, headWidth);
  eachHead(backend, layout, [queries, keys, values, output], (query, key, value, result) => {
    for (let first = 0; first < positions; first += block) {
      const count = Math.min(block, positions - first);
      const seen = first + count;
      const step = seen * 4;
      product(query(first), transposed(key(0)), scores, count, seen, headWidth);
      causalSoftmax(scores, step, scores, step, count, first + 1, seen, scale);
      product([scores, step, 4], value(0), mixed, count, headWidth, seen);
      paste(mixed, result(first), count);
    }
  });
  for (const { dataId } of scratch) backend.disposeData(dataId);
  return output;
}

/**
 * The gradients of queries, keys and values from that of the result. The probabilities are computed again, one
 * head at a time.
 */
export function causalAttentionGradient(
  backend: WasmBackend,
  queries: TensorInfo,
  keys: TensorInfo,
  values: TensorInfo,
  gradient: TensorInfo,
  layout: AttentionLayout,
): TensorInfo[] {
  const kernel = 'SteepestCausalAttentionGradient';
  const headWidth = headWidthOf(kernel, layout, { queries, keys, values, gradient });
  const { positions } = layout;
  const scale = 1 / Math.sqrt(headWidth);
  const outputs = allocateOutputs(backend, kernel, [
    queries.shape,
    queries.shape,
    queries.shape,
    [positions, positions],
    [positions, positions],
    [block, positions],
    [block, headWidth],
  ]);
  const scratch = outputs.splice(3);
  const [probabilities, ofScores, blockScores, part] = scratch.map((tensor) =>
    addressOf(backend, tensor),
  ) as [number, number, number, number];
  const step = positions * 4;
  const { causalSoftmax, causalSoftmaxGradient } = kernelModule(backend);
  const { product, paste } = arithmetic(backend, headWidth);
  eachHead(
    backend,
    layout,
    [queries, keys, values, gradient, ...outputs],
    (query, key, value, ofResult, ofQuery, ofKey, ofValue) => {
      for (let first = 0; first < positions; first += block) {
        const count = Math.min(block, positions - first);
        const seen = first + count;
        const row = first * step;
        product(query(first), transposed(key(0)), blockScores, count, seen, headWidth);
        causalSoftmax(blockScores, seen * 4, probabilities + row, step, count, first + 1, seen, scale);
        product(ofResult(first), transposed(value(0)), blockScores, count, seen, headWidth);
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
        product([ofScores + row, step, 4], key(0), part, count, headWidth, seen);
        paste(part, ofQuery(first), count);
      }
      // Keys and values of a block gather from the queries at and after them.
      for (let first = 0; first < positions; first += block) {
        const count = Math.min(block, positions - first);
        const diagonal = first * step + first * 4;
        const lookers = positions - first;
        product([probabilities + diagonal, 4, step], ofResult(first), part, count, headWidth, lookers);
        paste(part, ofValue(first), count);
        product([ofScores + diagonal, 4, step], query(first), part, count, headWidth, lookers);
        paste(part, ofKey(first), count);
      }
    },
  );
  for (const { dataId } of scratch) backend.disposeData(dataId);
  return outputs;
}

function arithmetic(backend: WasmBackend, headWidth: number) {
  const { matrixProduct, copyRows, scratch } = kernelModule(backend);
  return {
    /** c (m x n, without gaps) = a (m x k) b (k x n). */
    product: (a: Matrix, b: Matrix, c: number, m: number, n: number, k: number) =>
      matrixProduct(...a, ...b, c, m, n, k, scratch),
    /** Copies rows without gaps to where a head has them. */
    paste: (part: number, [address, step]: Matrix, rows: number) =>
      copyRows(part, headWidth * 4, address, step, rows, headWidth),
  };
}
