import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { kernelModule } from './kernel-module.ts';
import { addressOf, allocateOutput, type WasmBackend } from './wasm-backend.ts';

/** e^x or erf(x) of a float32 tensor, element by element, within 2 units in the last place (of 1, for erf). */
export function elementary(backend: WasmBackend, operation: 'exp' | 'erf', x: TensorInfo): TensorInfo {
  const output = allocateOutput(backend, operation, x.shape, 'float32');
  const kernels = kernelModule(backend);
  const [from, to] = [addressOf(backend, x), addressOf(backend, output)];
  const size = util.sizeFromShape(x.shape);
  kernels.divide(operation, { items: size, unit: 4, nanoseconds: 2 * size }, (first, count) => [
    from + first * 4,
    to + first * 4,
    count,
  ]);
  return output;
}
