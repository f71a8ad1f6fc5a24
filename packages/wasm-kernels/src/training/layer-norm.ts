import {
  type GradientAttributes,
  type KernelInputs,
  type KernelOutputs,
  type LayerNormAttributes,
  layerNormGradientKernel,
  layerNormKernel,
} from '@steepest/training-kernels';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { kernelModule } from '../kernel-module.ts';
import { addressOf, allocateOutputs, takeOver, type WasmBackend } from '../wasm-backend.ts';

/** weight (x - mean) / sqrt(variance + epsilon) over the rows of x, and the means and inverse deviations of the rows. */
export function layerNorm(
  backend: WasmBackend,
  { x, weight }: KernelInputs<typeof layerNormKernel>,
  { epsilon }: LayerNormAttributes,
): KernelOutputs<typeof layerNormKernel> {
  const [rows, width] = x.shape as [number, number];
  const outputs = allocateOutputs(backend, layerNormKernel.name, [x.shape, [rows], [rows]]) as [
    ...[TensorInfo, TensorInfo, TensorInfo],
  ];
  const [to, mean, inverse] = outputs.map((output) => addressOf(backend, output)) as [number, number, number];
  const [from, weights] = [addressOf(backend, x), addressOf(backend, weight)];
  const work = { items: rows, unit: 1, nanoseconds: rows * width };
  kernelModule(backend).divide('layerNorm', work, (first, count) => [
    from + first * width * 4,
    weights,
    to + first * width * 4,
    mean + first * 4,
    inverse + first * 4,
    count,
    width,
    epsilon,
  ]);
  const [y, means, inverses] = outputs;
  return { y, means, inverses };
}

/** Rows whose share of the weight's gradient is added up before it joins the total, as in the kernel. */
const rowsOfBlock = 64;

/**
 * The gradients of x and of the weight, from that of `y`; the first over x if it may be and no other tensor shares its
 * memory.
 */
export function layerNormGradient(
  backend: WasmBackend,
  { x, weight, means, inverses, gradient }: KernelInputs<typeof layerNormGradientKernel>,
  { overwrite }: GradientAttributes,
): KernelOutputs<typeof layerNormGradientKernel> {
  const [rows, width] = x.shape as [number, number];
  const blocks = Math.max(1, Math.ceil(rows / rowsOfBlock));
  const [weightGradient, partials, fresh] = allocateOutputs(backend, layerNormGradientKernel.name, [
    [width],
    [blocks, width],
    ...(overwrite && backend.refCount(x.dataId) === 1 ? [] : [x.shape]),
  ]) as [TensorInfo, TensorInfo, TensorInfo?];
  const xGradient = fresh ?? takeOver(backend, x)!;
  const kernels = kernelModule(backend);
  const [from, of, weights, mean, inverse, to, sums] = [
    x,
    gradient,
    weight,
    means,
    inverses,
    xGradient,
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
  kernels.addRows(sums, addressOf(backend, weightGradient), rows === 0 ? 0 : blocks, width);
  backend.disposeData(partials.dataId);
  return { x: xGradient, weight: weightGradient };
}
