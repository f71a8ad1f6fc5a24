import type { KernelInputs, KernelOutputs, triangleProductKernel } from '@steepest/training-kernels';
import { kernelModule } from '../kernel-module.ts';
import { addressOf, allocateOutput, type WasmBackend } from '../wasm-backend.ts';
import { blocksOf, runBlocks, structure } from './blocks.ts';

/** Columns of the product that one call computes. */
const columnsAtOnce = 96;

/** The products of upper triangular matrices, without the products with zeros. */
export function triangleProduct(
  backend: WasmBackend,
  { left, right }: KernelInputs<typeof triangleProductKernel>,
): KernelOutputs<typeof triangleProductKernel> {
  const [matrices, length] = left.shape as [number, number, number];
  const y = allocateOutput(backend, 'SteepestTriangleProduct', left.shape, 'float32');
  const kernels = kernelModule(backend);
  const [a, b, c] = [left, right, y].map((tensor) => addressOf(backend, tensor)) as [number, number, number];
  const step = length * 4;
  const blocks = blocksOf(matrices, length, columnsAtOnce);
  const terms = (matrices * length * (length + 8) * (length + 16)) / 6;
  runBlocks(kernels, blocks, terms, (call, { matrix, first, count }, { scratch }) => {
    const at = matrix * length * step;
    const operands = [a + at, step, 4, b + at + first * 4, step, 4, c + at + first * 4];
    const kind = structure.upperA + structure.upperB;
    call('matrixProduct', ...operands, length, count, length, scratch, step, 0, 0, kind, 0, first);
  });
  return { y };
}
