import type {
  KernelInputs,
  KernelOutputs,
  TriangularProductAttributes,
  triangularProductKernel,
} from '@steepest/training-kernels';
import { kernelModule } from '../kernel-module.ts';
import { addressOf, allocateOutput, type WasmBackend } from '../wasm-backend.ts';
import { columnSlices, rowSlices, runSlices, structure } from './blocks.ts';

/** `U x` or `U^T x` of every matrix of a batch along its rows or columns, without the products with zeros. */
export function triangularProduct(
  backend: WasmBackend,
  { x, factor }: KernelInputs<typeof triangularProductKernel>,
  { axis, isTransposed }: TriangularProductAttributes,
): KernelOutputs<typeof triangularProductKernel> {
  const [matrices, rows, columns] = x.shape as [number, number, number];
  const [length, others] = axis === 'rows' ? [rows, columns] : [columns, rows];
  const y = allocateOutput(backend, 'SteepestTriangularProduct', x.shape, 'float32');
  const kernels = kernelModule(backend);
  const [from, upper, to] = [x, factor, y].map((tensor) => addressOf(backend, tensor)) as [
    number,
    number,
    number,
  ];
  const [row, step] = [columns * 4, length * 4];
  const terms = (matrices * length * (length + 8) * others) / 2;
  /** Steps of U from element to element of the result, and from term to term. */
  const [along, across] = isTransposed ? [4, step] : [step, 4];
  if (axis === 'rows') {
    const kind = isTransposed ? structure.lowerA : structure.upperA;
    const slices = { matrices, length: others, ...columnSlices };
    runSlices(kernels, slices, terms, (call, { matrix, first, count }, { scratch }) => {
      const u = upper + matrix * length * step;
      const at = matrix * rows * row + first * 4;
      const operands = [u, along, across, from + at, row, 4, to + at];
      call('matrixProduct', ...operands, length, count, length, scratch, row, 0, 0, kind);
    });
  } else {
    // Of the right operand, U transposed.
    const kind = isTransposed ? structure.upperB : structure.lowerB;
    const slices = { matrices, length: others, ...rowSlices };
    runSlices(kernels, slices, terms, (call, { matrix, first, count }, { scratch }) => {
      const u = upper + matrix * length * step;
      const at = (matrix * rows + first) * row;
      const operands = [from + at, row, 4, u, across, along, to + at];
      call('matrixProduct', ...operands, count, length, length, scratch, row, 0, 0, kind);
    });
  }
  return { y };
}
