import {
  type GradientAttributes,
  geluGradientKernel,
  geluKernel,
  type KernelInputs,
  type KernelOutputs,
} from '@steepest/training-kernels';
import { util } from '@tensorflow/tfjs-core';
import { kernelModule } from '../kernel-module.ts';
import { addressOf, allocateOutput, takeOver, type WasmBackend } from '../wasm-backend.ts';

/** x Phi(x), element by element, with Phi within 1e-7. */
export function gelu(
  backend: WasmBackend,
  { x }: KernelInputs<typeof geluKernel>,
): KernelOutputs<typeof geluKernel> {
  const y = allocateOutput(backend, geluKernel.name, x.shape, 'float32');
  const size = util.sizeFromShape(x.shape);
  const kernels = kernelModule(backend);
  const [from, to] = [addressOf(backend, x), addressOf(backend, y)];
  kernels.divide('gelu', { items: size, unit: 8, nanoseconds: 2 * size }, (first, count, scratch) => [
    from + first * 4,
    to + first * 4,
    count,
    scratch,
  ]);
  return { y };
}

/** The gradient of x from that of `gelu(x)`, over x if it may be and no other tensor shares its memory. */
export function geluGradient(
  backend: WasmBackend,
  { x, gradient }: KernelInputs<typeof geluGradientKernel>,
  { overwrite }: GradientAttributes,
): KernelOutputs<typeof geluGradientKernel> {
  const output =
    (overwrite && takeOver(backend, x)) ||
    allocateOutput(backend, geluGradientKernel.name, x.shape, 'float32');
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
  return { x: output };
}
