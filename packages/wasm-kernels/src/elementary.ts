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

/** a + b of two float32 tensors of one shape, to the bits of tfjs; undefined for others, which broadcast or change type. */
export function addition(backend: WasmBackend, a: TensorInfo, b: TensorInfo): TensorInfo | undefined {
  const isPlain = a.dtype === 'float32' && b.dtype === 'float32' && util.arraysEqual(a.shape, b.shape);
  const size = util.sizeFromShape(a.shape);
  if (!isPlain || size === 0) return undefined;
  const output = allocateOutput(backend, 'Add', a.shape, 'float32');
  const [left, right, to] = [a, b, output].map((tensor) => addressOf(backend, tensor)) as [
    number,
    number,
    number,
  ];
  const work = { items: size, unit: 4, nanoseconds: size / 3 };
  kernelModule(backend).divide('addition', work, (first, count) => [
    left + first * 4,
    right + first * 4,
    to + first * 4,
    count,
  ]);
  return output;
}
