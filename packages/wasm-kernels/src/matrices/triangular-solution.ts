import type {
  AxisAttributes,
  KernelInputs,
  KernelOutputs,
  triangularSolutionKernel,
} from '@steepest/training-kernels';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { kernelModule } from '../kernel-module.ts';
import { addressOf, allocateOutputs, type WasmBackend } from '../wasm-backend.ts';
import { blocksOf, columnSlices, runBlocks, runSlices, structure } from './blocks.ts';

/** Rows that are solved at once, by the inverse of their triangle. */
const rowsAtOnce = 16;

/**
 * The solutions of `U^T y = x` for every matrix of a batch, by halves: the upper rows are solved, their part is taken from the lower
 * ones, and these are solved, down to blocks that the inverse of their own triangle solves. Products are only added, so what is left of
 * x is kept as `-x`, and the inverses as theirs.
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
    [matrices, triangles, rowsAtOnce, rowsAtOnce],
    across,
    ...(isOfRows ? [] : [across]),
  ]) as [TensorInfo, ...TensorInfo[]];
  const kernels = kernelModule(backend);
  const size = rows * columns * 4;
  const [row, step] = [others * 4, length * 4];
  const [from, upper, to, inverses, rest, turned] = [x, factor, y, ...scratch].map((tensor) =>
    addressOf(backend, tensor),
  ) as [number, number, number, number, number, number?];
  const solution = turned ?? to;
  const whole = blocksOf(matrices, 1, 1);
  const copyTerms = 8 * matrices * rows * columns;
  runBlocks(kernels, whole, copyTerms, (call, { matrix }) => {
    const at = matrix * size;
    if (!isOfRows) call('transpose', from + at, columns * 4, rest + at, row, rows, columns);
    call('negate', (isOfRows ? from : rest) + at, rest + at, length * others);
  });
  runBlocks(
    kernels,
    blocksOf(matrices, length, rowsAtOnce),
    matrices * length * rowsAtOnce ** 2,
    (call, { matrix, first, count }) => {
      const inverse = inverses + (matrix * triangles + first / rowsAtOnce) * triangleBytes;
      call('invertTriangle', upper + matrix * length * step + first * (step + 4), step, inverse, count);
      call('negate', inverse, inverse, count * count);
    },
  );
  const slices = { matrices, length: others, ...columnSlices };
  const terms = (matrices * length * length * others) / 2;
  runSlices(kernels, slices, terms, (call, { matrix, first, count }, { scratch: own }) => {
    const offset = matrix * size + first * 4;
    const u = upper + matrix * length * step;
    const solve = (begin: number, end: number): void => {
      const solved = solution + offset + begin * row;
      const right = rest + offset + begin * row;
      const some = end - begin;
      if (some <= rowsAtOnce) {
        const inverse = inverses + (matrix * triangles + begin / rowsAtOnce) * triangleBytes;
        const operands = [inverse, 4, some * 4, right, row, 4, solved];
        call('matrixProduct', ...operands, some, count, some, own, row, 0, 0, structure.lowerA);
        return;
      }
      const upperRows = Math.ceil(some / rowsAtOnce / 2) * rowsAtOnce;
      const middle = begin + upperRows;
      solve(begin, middle);
      const [block, below] = [u + begin * step + middle * 4, rest + offset + middle * row];
      const operands = [block, 4, step, solved, row, 4, below];
      call('matrixProduct', ...operands, end - middle, count, upperRows, own, row, 0, 1);
      solve(middle, end);
    };
    solve(0, length);
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
