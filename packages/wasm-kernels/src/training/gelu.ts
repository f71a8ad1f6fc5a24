import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { kernelModule } from '../kernel-module.ts';
import { addressOf, allocateOutput, takeOver, type WasmBackend } from '../wasm-backend.ts';
import { requireShape } from './require-shape.ts';

/** x Phi(x), element by element, with Phi within 1e-7. */
export function gelu(backend: WasmBackend, x: TensorInfo): TensorInfo {
  const output = allocateOutput(backend, 'SteepestGelu', x.shape, 'float32');
  const size = util.sizeFromShape(x.shape);
  const kernels = kernelModule(backend);
  kernels.gelu(addressOf(backend, x), addressOf(backend, output), size, kernels.scratch);
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
  kernels.geluGradient(
    addressOf(backend, x),
    addressOf(backend, gradient),
    addressOf(backend, output),
    util.sizeFromShape(x.shape),
    kernels.scratch,
  );
  return output;
}
