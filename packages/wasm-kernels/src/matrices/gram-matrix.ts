import type {
  AxisAttributes,
  gramMatrixKernel,
  KernelInputs,
  KernelOutputs,
} from '@steepest/training-kernels';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { kernelModule } from '../kernel-module.ts';
import { addressOf, allocateOutputs, type WasmBackend } from '../wasm-backend.ts';
import { blocksOf, runBlocks } from './blocks.ts';
import { blockWidth, symmetricProduct, symmetricTerms } from './symmetric-product.ts';

/** `x x^T` of every matrix of a batch, or `x^T x`, of which half is computed. */
export function gramMatrix(
  backend: WasmBackend,
  { x }: KernelInputs<typeof gramMatrixKernel>,
  { axis }: AxisAttributes,
): KernelOutputs<typeof gramMatrixKernel> {
  const [matrices, rows, columns] = x.shape as [number, number, number];
  const isOfRows = axis === 'rows';
  const [length, inner] = isOfRows ? [rows, columns] : [columns, rows];
  const [y, across] = allocateOutputs(backend, 'SteepestGramMatrix', [
    [matrices, length, length],
    ...(isOfRows ? [] : [[matrices, length, inner]]),
  ]) as [TensorInfo, TensorInfo?];
  const kernels = kernelModule(backend);
  const size = rows * columns * 4;
  const [row, step] = [inner * 4, length * 4];
  const source = addressOf(backend, x);
  const wide = across === undefined ? source : addressOf(backend, across);
  const gram = addressOf(backend, y);
  if (!isOfRows) {
    runBlocks(kernels, blocksOf(matrices, 1, 1), 8 * matrices * length * inner, (call, { matrix }) => {
      call('transpose', source + matrix * size, step, wide + matrix * size, row, rows, columns);
    });
  }
  const blocks = blocksOf(matrices, length, blockWidth);
  runBlocks(kernels, blocks, matrices * symmetricTerms(length, inner), (call, block, part) => {
    const from = wide + block.matrix * size;
    const to = gram + block.matrix * length * step;
    symmetricProduct(call, part, block, length, inner, [from, row, 4], [from, 4, row], to, [
      { address: to, scale: 1, shift: 0 },
    ]);
  });
  if (across !== undefined) backend.disposeData(across.dataId);
  return { y };
}
