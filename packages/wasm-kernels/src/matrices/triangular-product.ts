import type {
  KernelInputs,
  KernelOutputs,
  TriangularProductAttributes,
  triangularProductKernel,
} from '@steepest/training-kernels';
import { kernelModule } from '../kernel-module.ts';
import { addressOf, allocateOutput, type WasmBackend } from '../wasm-backend.ts';
import { blocksOf, runBlocks } from './blocks.ts';

/** Elements of the axis that are computed at once, from those that have a part in any of them. */
const elementsAtOnce = 48;

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
  const blocks = blocksOf(matrices, length, elementsAtOnce);
  const terms = (matrices * length * (length + elementsAtOnce) * others) / 2;
  runBlocks(kernels, blocks, terms, (call, { matrix, first, count }, { scratch }) => {
    // Elements of x that have a part: from the block on, or transposed up to its end.
    const begin = isTransposed ? 0 : first;
    const depth = isTransposed ? first + count : length - first;
    const u = upper + matrix * length * step + (isTransposed ? first * 4 : first * step + first * 4);
    /** Steps of U from element to element of the block, and from term to term. */
    const [along, across] = isTransposed ? [4, step] : [step, 4];
    const source = from + matrix * rows * row;
    const target = to + matrix * rows * row;
    if (axis === 'rows') {
      const right = source + begin * row;
      const place = target + first * row;
      call('matrixProduct', u, along, across, right, row, 4, place, count, others, depth, scratch, row, 0);
    } else {
      const left = source + begin * 4;
      const place = target + first * 4;
      call('matrixProduct', left, row, 4, u, across, along, place, others, count, depth, scratch, row, 0);
    }
  });
  return { y };
}
