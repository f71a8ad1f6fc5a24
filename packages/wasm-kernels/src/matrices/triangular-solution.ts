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

/** Rows that are solved one by one, after a product has taken those before them into account. */
const rowsAtOnce = 24;
const columnsAtOnce = 96;

/** The solutions of `U^T y = x` for every matrix of a batch, by forward substitution in blocks of rows. */
export function triangularSolution(
  backend: WasmBackend,
  { x, factor }: KernelInputs<typeof triangularSolutionKernel>,
  { axis }: AxisAttributes,
): KernelOutputs<typeof triangularSolutionKernel> {
  const [matrices, rows, columns] = x.shape as [number, number, number];
  const isOfRows = axis === 'rows';
  const [length, others] = isOfRows ? [rows, columns] : [columns, rows];
  const [y, negative, across] = allocateOutputs(backend, 'SteepestTriangularSolution', [
    x.shape,
    factor.shape,
    ...(isOfRows ? [] : [[matrices, length, others]]),
  ]) as [TensorInfo, TensorInfo, TensorInfo?];
  const kernels = kernelModule(backend);
  const size = rows * columns * 4;
  const [row, step] = [others * 4, length * 4];
  const [from, to, upper, minus] = [x, y, factor, negative].map((tensor) => addressOf(backend, tensor)) as [
    number,
    number,
    number,
    number,
  ];
  const solution = across === undefined ? to : addressOf(backend, across);
  const whole = blocksOf(matrices, 1, 1);
  const copyTerms = 8 * matrices * rows * columns;
  runBlocks(kernels, whole, copyTerms, (call, { matrix }) => {
    const at = matrix * size;
    const square = matrix * length * step;
    call('negate', upper + square, minus + square, length * length);
    if (isOfRows) call('copyRows', from + at, size, solution + at, size, 1, length * others);
    else call('transpose', from + at, columns * 4, solution + at, row, rows, columns);
  });
  const pieces = blocksOf(matrices, others, columnsAtOnce);
  const terms = (matrices * length * length * others) / 2;
  runBlocks(kernels, pieces, terms, (call, { matrix, first, count }, { scratch }) => {
    const start = solution + matrix * size + first * 4;
    const u = minus + matrix * length * step;
    for (let begin = 0; begin < length; begin += rowsAtOnce) {
      const some = Math.min(rowsAtOnce, length - begin);
      const target = start + begin * row;
      if (begin > 0) {
        const above = u + begin * 4;
        call(
          'matrixProduct',
          ...[above, 4, step, start, row, 4, target, some, count, begin, scratch, row, 0, 1],
        );
      }
      call('solveTriangle', u + begin * step + begin * 4, step, target, row, some, count);
    }
  });
  if (!isOfRows) {
    runBlocks(kernels, whole, copyTerms, (call, { matrix }) => {
      const at = matrix * size;
      call('transpose', solution + at, row, to + at, columns * 4, length, others);
    });
  }
  for (const tensor of [negative, across]) if (tensor !== undefined) backend.disposeData(tensor.dataId);
  return { y };
}
