import type { TensorInfo } from '@tensorflow/tfjs-core';
import { kernelModule } from '../kernel-module.ts';
import { addressOf, allocateOutput, type WasmBackend } from '../wasm-backend.ts';

/**
 * Turns pairs of each head by the angles of their positions, `a cos - b sin` and `b cos + a sin`, or backwards with the
 * direction -1.
 */
export function rotate(
  backend: WasmBackend,
  kernel: string,
  x: TensorInfo,
  cosine: TensorInfo,
  sine: TensorInfo,
  headWidth: number,
  direction: 1 | -1,
): TensorInfo {
  const [rows, width] = x.shape as [number, number];
  const positions = cosine.shape[0]!;
  const output = allocateOutput(backend, kernel, x.shape, 'float32');
  const [from, cos, sin, to] = [x, cosine, sine, output].map((tensor) => addressOf(backend, tensor)) as [
    ...[number, number, number, number],
  ];
  const work = { items: rows, unit: 1, nanoseconds: rows * width };
  kernelModule(backend).divide('rotaryEmbedding', work, (first, count) => [
    from + first * width * 4,
    cos,
    sin,
    to + first * width * 4,
    count,
    positions,
    width,
    headWidth / 2,
    direction,
    first % positions,
  ]);
  return output;
}
