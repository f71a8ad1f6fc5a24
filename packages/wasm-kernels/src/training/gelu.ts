import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { kernelModule } from '../kernel-module.ts';
import { addressOf, allocateOutput, takeOver, type WasmBackend } from '../wasm-backend.ts';
import { requireShape } from './require-shape.ts';

/** x Phi(x), element by element, with Phi within 1e-7. */
export function gelu(backend: WasmBackend, x: TensorInfo): TensorInfo {
  const output = allocateOutput(backend, 'SteepestGelu', x.shape, 'float32');
  const size = util.sizeFromShape(x.shape);
  const kernels = kernelModule(backend);
  const [from, to] = [addressOf(backend, x), addressOf(backend, output)];
  kernels.divide('gelu', { items: size, unit: 8, nanoseconds: 2 * size }, (first, count, scratch) => [
    from + first * 4,
    to + first * 4,
    count,
    scratch,
  ]);
  return output;
}

/**
 * The gradient of x from that of `gelu(x)`.
 *
 * @param overwrite write it over x if no other tensor shares its memory: the caller reads x no more
 */
export function geluGradient(
  backend: WasmBackend,
  x: TensorInfo,
  gradient: TensorInfo,
  overwrite: boolean,
): TensorInfo {
  const kernel = 'SteepestGeluGradient';
  requireShape(kernel, { gradient }, { gradient: x.shape });
  const output = (overwrite && takeOver(backend, x)) || allocateOutput(backend, kernel, x.shape, 'float32');
  const kernels = kernelModule(backend);
  const [from, of, to] = [x, gradient, output].map((tensor) => addressOf(backend, tensor)) as [
    number,
    number,
    number,
  ];
  const size = util.sizeFromShape(x.shape);
  kernels.divide('geluGradient', { items: size, unit: 8, nanoseconds: 2 * size }, (first, count, scratch) => [
    from + first * 4,
    of + first * 4,
    to + first * 4,
    count,
    scratch,
  ]);
  return output;
}
