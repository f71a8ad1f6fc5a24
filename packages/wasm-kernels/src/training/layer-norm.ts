import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { kernelModule } from '../kernel-module.ts';
import { addressOf, allocateOutputs, takeOver, type WasmBackend } from '../wasm-backend.ts';
import { requireShape } from './require-shape.ts';

/**
 * weight (x - mean) / sqrt(variance + epsilon) over the rows of x [rows, width].
 *
 * @returns the result, and the means and 1 / sqrt(variance + epsilon) of the rows
 */
export function layerNorm(
  backend: WasmBackend,
  x: TensorInfo,
  weight: TensorInfo,
  epsilon: number,
): TensorInfo[] {
  const kernel = 'SteepestLayerNorm';
  const [rows, width] = matrixShape(kernel, x);
  requireShape(kernel, { weight }, { weight: [width] });
  const outputs = allocateOutputs(backend, kernel, [x.shape, [rows], [rows]]);
  const [y, means, inverses] = outputs.map((output) => addressOf(backend, output)) as [
    number,
    number,
    number,
  ];
  const [from, weights] = [addressOf(backend, x), addressOf(backend, weight)];
  const work = { items: rows, unit: 1, nanoseconds: rows * width };
  kernelModule(backend).divide('layerNorm', work, (first, count) => [
    from + first * width * 4,
    weights,
    y + first * width * 4,
    means + first * 4,
    inverses + first * 4,
    count,
    width,
    epsilon,
  ]);
  return outputs;
}

/** Rows whose share of the weight's gradient is added up before it joins the total, as in the kernel. */
const rowsOfBlock = 64;

/**
 * The gradients of x and of the weight, from that of the result and what `layerNorm` returned beside it.
 *
 * @param overwrite write the first over x if no other tensor shares its memory: the caller reads x no more
 */
export function layerNormGradient(
  backend: WasmBackend,
  x: TensorInfo,
  weight: TensorInfo,
  means: TensorInfo,
  inverses: TensorInfo,
  gradient: TensorInfo,
  overwrite: boolean,
): TensorInfo[] {
  const kernel = 'SteepestLayerNormGradient';
  const [rows, width] = matrixShape(kernel, x);
  requireShape(
    kernel,
    { weight, means, inverses, gradient },
    { weight: [width], means: [rows], inverses: [rows], gradient: x.shape },
  );
  const blocks = Math.max(1, Math.ceil(rows / rowsOfBlock));
  const [ofWeight, partials, fresh] = allocateOutputs(backend, kernel, [
    [width],
    [blocks, width],
    ...(overwrite && backend.refCount(x.dataId) === 1 ? [] : [x.shape]),
  ]) as [TensorInfo, TensorInfo, TensorInfo?];
  const ofX = fresh ?? takeOver(backend, x)!;
  const kernels = kernelModule(backend);
  const [from, of, weights, mean, inverse, to, sums] = [
    x,
    gradient,
    weight,
    means,
    inverses,
    ofX,
    partials,
  ].map((tensor) => addressOf(backend, tensor)) as [
    ...[number, number, number, number, number, number, number],
  ];
  const work = { items: rows, unit: rowsOfBlock, nanoseconds: 2 * rows * width };
  kernels.divide('layerNormGradient', work, (first, count) => [
    from + first * width * 4,
    of + first * width * 4,
    weights,
    mean + first * 4,
    inverse + first * 4,
    to + first * width * 4,
    sums + (first / rowsOfBlock) * width * 4,
    count,
    width,
  ]);
  kernels.addRows(sums, addressOf(backend, ofWeight), rows === 0 ? 0 : blocks, width);
  backend.disposeData(partials.dataId);
  return [ofX, ofWeight];
}

function matrixShape(kernel: string, x: TensorInfo): [rows: number, width: number] {
  const [rows, width] = x.shape as [number, number];
  util.assert(
    x.shape.length === 2 && width > 0,
    () => `${kernel}: x must be [rows, width], got [${x.shape}].`,
  );
  return [rows, width];
}
