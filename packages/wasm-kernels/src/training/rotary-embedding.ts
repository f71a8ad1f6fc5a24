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
  kernelModule(backend).rotaryEmbedding(
    addressOf(backend, x),
    addressOf(backend, cosine),
    addressOf(backend, sine),
    addressOf(backend, output),
    rows,
    positions,
    width,
    headWidth / 2,
    backwards ? -1 : 1,
  );
  return output;
}
