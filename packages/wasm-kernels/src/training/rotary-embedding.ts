import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { kernelModule } from '../kernel-module.ts';
import { addressOf, allocateOutput, type WasmBackend } from '../wasm-backend.ts';
import { requireShape } from './require-shape.ts';

/**
 * Turns pairs of each head by the angles of their positions: a cos - b sin, b cos + a sin; `backwards`, the other way.
 *
 * @param x [sequences * positions, width]; a and b lie headWidth / 2 apart
 * @param cosine [positions, width], and so is sine
 */
export function rotaryEmbedding(
  backend: WasmBackend,
  x: TensorInfo,
  cosine: TensorInfo,
  sine: TensorInfo,
  { headWidth, backwards }: { headWidth: number; backwards: boolean },
): TensorInfo {
  const kernel = 'SteepestRotaryEmbedding';
  const [rows, width] = x.shape as [number, number];
  const positions = cosine.shape[0]!;
  util.assert(
    x.shape.length === 2 && headWidth > 0 && headWidth % 2 === 0 && width % headWidth === 0,
    () =>
      `${kernel}: x must be [rows, heads * headWidth] with an even headWidth, got [${x.shape}], ${headWidth}.`,
  );
  requireShape(kernel, { cosine, sine }, { cosine: [positions, width], sine: [positions, width] });
  util.assert(positions > 0, () => `${kernel}: the tables are empty.`);
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
    backwards ? -1 : 1,
    first % positions,
  ]);
  return output;
}
