import type {
  AxisAttributes,
  gramDifferenceKernel,
  KernelInputs,
  KernelOutputs,
} from '@steepest/training-kernels';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { kernelModule } from '../kernel-module.ts';
import { addressOf, allocateOutputs, type WasmBackend } from '../wasm-backend.ts';
import { blocksOf, runBlocks, runSlices } from './blocks.ts';
import { blockWidth, symmetricProduct, symmetricTerms } from './symmetric-product.ts';

/** Rows of a matrix that are multiplied with a vector at once. */
const rowSlices = { unit: 64, most: 4096 } as const;

/** `triu(A A^T - B B^T)` by a bound of the norm of `A A^T + B B^T`, for every matrix of two batches. */
export function gramDifference(
  backend: WasmBackend,
  { a, b }: KernelInputs<typeof gramDifferenceKernel>,
  { axis }: AxisAttributes,
): KernelOutputs<typeof gramDifferenceKernel> {
  const [matrices, rows, columns] = a.shape as [number, number, number];
  const isOfRows = axis === 'rows';
  const [length, inner] = isOfRows ? [rows, columns] : [columns, rows];
  const across = isOfRows
    ? []
    : [
        [matrices, length, inner],
        [matrices, length, inner],
      ];
  const [y, ...scratch] = allocateOutputs(backend, 'SteepestGramDifference', [
    [matrices, length, length],
    [matrices, length, length],
    [matrices, 2, length],
    ...across,
  ]) as [TensorInfo, ...TensorInfo[]];
  const kernels = kernelModule(backend);
  const size = rows * columns * 4;
  const [row, step] = [inner * 4, length * 4];
  const square = length * step;
  const [fromA, fromB, difference, sum, vectors, acrossA, acrossB] = [a, b, y, ...scratch].map((tensor) =>
    addressOf(backend, tensor),
  ) as [number, number, number, number, number, number?, number?];
  const [wideA, wideB] = [acrossA ?? fromA, acrossB ?? fromB];
  const whole = blocksOf(matrices, 1, 1);
  if (!isOfRows) {
    runBlocks(kernels, whole, 16 * matrices * length * inner, (call, { matrix }) => {
      const at = matrix * size;
      call('transpose', fromA + at, step, wideA + at, row, rows, columns);
      call('transpose', fromB + at, step, wideB + at, row, rows, columns);
    });
  }
  const blocks = blocksOf(matrices, length, blockWidth);
  runBlocks(kernels, blocks, 2 * matrices * symmetricTerms(length, inner), (call, block, part) => {
    const { matrix, first, count } = block;
    const at = matrix * square;
    for (const [wide, to] of [
      [wideA + matrix * size, difference + at],
      [wideB + matrix * size, sum + at],
    ] as const) {
      symmetricProduct(call, part, block, length, inner, [wide, row, 4], [wide, 4, row], to, []);
    }
    const corner = first * (step + 4);
    call('differenceBlock', difference + at + corner, sum + at + corner, step, length - first, count);
  });

  // The bound |S x| of a unit vector x = S w / |S w|, w the longest row of S.
  const terms = matrices * length * length;
  const vectorsOf = (matrix: number): [number, number] => {
    const first = vectors + matrix * 2 * step;
    return [first, first + step];
  };
  runBlocks(kernels, whole, terms, (call, { matrix }) => {
    call('longestRow', sum + matrix * square, vectorsOf(matrix)[0], length);
  });
  const slices = { matrices, length, ...rowSlices };
  for (const isLast of [false, true]) {
    runSlices(kernels, slices, terms, (call, { matrix, first, count }, { scratch: own }) => {
      const pair = vectorsOf(matrix);
      const [from, to] = isLast ? [pair[1], pair[0]] : pair;
      const rowsOfSum = sum + matrix * square + first * step;
      call('matrixProduct', from, step, 4, rowsOfSum, 4, step, to + first * 4, 1, count, length, own, 0, 0);
    });
    runBlocks(kernels, whole, isLast ? terms : 1, (call, { matrix }) => {
      const [last, before] = vectorsOf(matrix);
      if (isLast) call('divideByNorm', last, length, difference + matrix * square, length * length);
      else call('divideByNorm', before, length, before, length);
    });
  }
  for (const { dataId } of scratch) backend.disposeData(dataId);
  return { y };
}
