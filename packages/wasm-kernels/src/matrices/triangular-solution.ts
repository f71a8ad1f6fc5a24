import type {
  AxisAttributes,
  KernelInputs,
  KernelOutputs,
  triangularSolutionKernel,
} from '@steepest/training-kernels';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { kernelModule } from '../kernel-module.ts';
import { addressOf, allocateOutputs, type WasmBackend } from '../wasm-backend.ts';
import { blocksOf, runBlocks } from './blocks.ts';

/** Rows that are solved at once, by the inverse of their triangle. */
const rowsAtOnce = 24;
const columnsAtOnce = 96;

/**
 * The solutions of `U^T y = x` for every matrix of a batch, by forward substitution in blocks of rows: each block is multiplied by
 * the inverse of its own triangle, and then taken from all rows below.
 */
export function triangularSolution(
  backend: WasmBackend,
  { x, factor }: KernelInputs<typeof triangularSolutionKernel>,
  { axis }: AxisAttributes,
): KernelOutputs<typeof triangularSolutionKernel> {
  const [matrices, rows, columns] = x.shape as [number, number, number];
  const isOfRows = axis === 'rows';
  const [length, others] = isOfRows ? [rows, columns] : [columns, rows];
  const triangles = Math.ceil(length / rowsAtOnce);
  const triangleBytes = rowsAtOnce ** 2 * 4;
  const across = [matrices, length, others];
  const [y, ...scratch] = allocateOutputs(backend, 'SteepestTriangularSolution', [
    x.shape,
    factor.shape,
    [matrices, triangles, rowsAtOnce, rowsAtOnce],
    across,
    ...(isOfRows ? [] : [across]),
  ]) as [TensorInfo, ...TensorInfo[]];
  const kernels = kernelModule(backend);
  const size = rows * columns * 4;
  const [row, step] = [others * 4, length * 4];
  const [from, upper, to, minus, inverses, rest, turned] = [x, factor, y, ...scratch].map((tensor) =>
    addressOf(backend, tensor),
  ) as [number, number, number, number, number, number, number?];
  const solution = turned ?? to;
  const whole = blocksOf(matrices, 1, 1);
  const copyTerms = 8 * matrices * rows * columns;
  runBlocks(kernels, whole, copyTerms, (call, { matrix }) => {
    const at = matrix * size;
    const square = matrix * length * step;
    call('negate', upper + square, minus + square, length * length);
    if (isOfRows) call('copyRows', from + at, size, rest + at, size, 1, length * others);
    else call('transpose', from + at, columns * 4, rest + at, row, rows, columns);
  });
  runBlocks(
    kernels,
    blocksOf(matrices, length, rowsAtOnce),
    matrices * length * rowsAtOnce ** 2,
    (call, block) => {
      const { matrix, first, count } = block;
      const inverse = inverses + (matrix * triangles + first / rowsAtOnce) * triangleBytes;
      call('invertTriangle', upper + matrix * length * step + first * (step + 4), step, inverse, count);
    },
  );
  const pieces = blocksOf(matrices, others, columnsAtOnce);
  const terms = (matrices * length * length * others) / 2;
  runBlocks(kernels, pieces, terms, (call, { matrix, first, count }, { scratch: own }) => {
    const offset = matrix * size + first * 4;
    const u = minus + matrix * length * step;
    for (let begin = 0; begin < length; begin += rowsAtOnce) {
      const some = Math.min(rowsAtOnce, length - begin);
      const end = begin + some;
      const inverse = inverses + (matrix * triangles + begin / rowsAtOnce) * triangleBytes;
      const solved = solution + offset + begin * row;
      const right = rest + offset + begin * row;
      call('matrixProduct', inverse, 4, some * 4, right, row, 4, solved, some, count, some, own, row, 0);
      if (end === length) break;
      const [block, below] = [u + begin * step + end * 4, rest + offset + end * row];
      call('matrixProduct', block, 4, step, solved, row, 4, below, length - end, count, some, own, row, 0, 1);
    }
  });
  if (!isOfRows) {
    runBlocks(kernels, whole, copyTerms, (call, { matrix }) => {
      const at = matrix * size;
      call('transpose', solution + at, row, to + at, columns * 4, length, others);
    });
  }
  for (const { dataId } of scratch) backend.disposeData(dataId);
  return { y };
}
