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
  const kernels = kernelModule(backend);
  kernels.layerNorm(
    addressOf(backend, x),
    addressOf(backend, weight),
    y,
    means,
    inverses,
    rows,
    width,
    epsilon,
  );
  return outputs;
}

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
  const [ofWeight, partial, fresh] = allocateOutputs(backend, kernel, [
    [width],
    [width],
    ...(overwrite && backend.refCount(x.dataId) === 1 ? [] : [x.shape]),
  ]) as [TensorInfo, TensorInfo, TensorInfo?];
  const ofX = fresh ?? takeOver(backend, x)!;
  kernelModule(backend).layerNormGradient(
    addressOf(backend, x),
    addressOf(backend, gradient),
    addressOf(backend, weight),
    addressOf(backend, means),
    addressOf(backend, inverses),
    addressOf(backend, ofX),
    addressOf(backend, ofWeight),
    addressOf(backend, partial),
    rows,
    width,
  );
  backend.disposeData(partial.dataId);
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
