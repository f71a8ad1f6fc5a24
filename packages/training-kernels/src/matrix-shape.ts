import { util } from '@tensorflow/tfjs-core';

/** @throws Error if a shape is not that of a matrix with columns. */
export function matrixShape(kernel: string, x: readonly number[]): [rows: number, width: number] {
  const [rows, width] = x as [number, number];
  util.assert(x.length === 2 && width > 0, () => `${kernel}: x must be [rows, width], got [${x}].`);
  return [rows, width];
}
