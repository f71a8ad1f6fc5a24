import type {
  KernelInputs,
  KernelOutputs,
  NewtonSchulzAttributes,
  newtonSchulzKernel,
} from '@steepest/training-kernels';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { kernelModule } from '../kernel-module.ts';
import { addressOf, allocateOutputs, type WasmBackend } from '../wasm-backend.ts';
import { blocksOf, columnSlices, runBlocks, runSlices } from './blocks.ts';
import { blockWidth, symmetricProduct, symmetricTerms } from './symmetric-product.ts';

/**
 * Newton-Schulz iterations on every matrix of a batch. A tall matrix is transposed, so that `A = X X^T` is the smaller of the two
 * squares. With `P = a I + b A + c A^2`, of which `A` and `P` are symmetric, an iteration is `X = P X`: two products of which half
 * is computed, and a whole one. All iterations write over the same two buffers.
 */
export function newtonSchulz(
  backend: WasmBackend,
  { x }: KernelInputs<typeof newtonSchulzKernel>,
  { coefficients, normFactor, epsilon, epsilonMode }: NewtonSchulzAttributes,
): KernelOutputs<typeof newtonSchulzKernel> {
  const [matrices, rows, columns] = x.shape as [number, number, number];
  const [length, inner] = [Math.min(rows, columns), Math.max(rows, columns)];
  const isTall = rows > columns;
  const squares = [matrices, length, length];
  const [output, buffer, ...scratch] = allocateOutputs(backend, 'SteepestNewtonSchulz', [
    x.shape,
    x.shape,
    squares,
    squares,
    squares,
  ]) as [TensorInfo, TensorInfo, ...TensorInfo[]];
  const [from, to, other, gram, shifted, polynomial] = [x, output, buffer, ...scratch].map((tensor) =>
    addressOf(backend, tensor),
  ) as [number, number, number, number, number, number];
  const kernels = kernelModule(backend);
  const size = rows * columns;
  const [row, step] = [inner * 4, length * 4];

  // The last iteration ends in the result, or for tall matrices beside it.
  const last = isTall ? other : to;
  const otherThanLast = isTall ? to : other;
  let [current, next] = coefficients.length % 2 === 0 ? [last, otherThanLast] : [otherThanLast, last];
  const whole = blocksOf(matrices, size, size);
  runBlocks(kernels, whole, 32 * matrices * size, (call, { matrix }) => {
    const start = current + matrix * size * 4;
    const source = from + matrix * size * 4;
    if (isTall) call('transpose', source, columns * 4, start, rows * 4, rows, columns);
    call(
      'normalizeMatrix',
      isTall ? start : source,
      start,
      size,
      normFactor,
      epsilon,
      Number(epsilonMode === 'floor'),
    );
  });

  const blocks = blocksOf(matrices, length, blockWidth);
  for (const [a, b, c] of coefficients) {
    runBlocks(kernels, blocks, matrices * symmetricTerms(length, inner), (call, block, part) => {
      const wide = current + block.matrix * size * 4;
      const at = block.matrix * length * step;
      symmetricProduct(call, part, block, length, inner, [wide, row, 4], [wide, 4, row], gram + at, [
        { address: shifted + at, scale: c, shift: b },
        { address: gram + at, scale: 1, shift: 0 },
      ]);
    });
    // A (c A + b I) = b A + c A^2.
    runBlocks(kernels, blocks, matrices * symmetricTerms(length, length), (call, block, part) => {
      const at = block.matrix * length * step;
      const [left, right] = [gram + at, shifted + at];
      symmetricProduct(
        call,
        part,
        block,
        length,
        length,
        [left, step, 4],
        [right, step, 4],
        polynomial + at,
        [{ address: polynomial + at, scale: 1, shift: a }],
      );
    });
    runSlices(
      kernels,
      { matrices, length: inner, ...columnSlices },
      matrices * length * length * inner,
      (call, { matrix, first, count }, { scratch }) => {
        const at = matrix * size * 4 + first * 4;
        call(
          'matrixProduct',
          ...[polynomial + matrix * length * step, step, 4, current + at, row, 4],
          ...[next + at, length, count, length, scratch, row, 0],
        );
      },
    );
    [current, next] = [next, current];
  }
  if (isTall) {
    runBlocks(kernels, whole, 32 * matrices * size, (call, { matrix }) => {
      const at = matrix * size * 4;
      call('transpose', current + at, rows * 4, to + at, columns * 4, columns, rows);
    });
  }
  for (const { dataId } of [buffer, ...scratch]) backend.disposeData(dataId);
  return { y: output };
}
