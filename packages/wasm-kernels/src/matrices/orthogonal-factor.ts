import type { KernelInputs, KernelOutputs, orthogonalFactorKernel } from '@steepest/training-kernels';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { kernelModule, type Part, type RecordCall } from '../kernel-module.ts';
import { addressOf, allocateOutputs, type WasmBackend } from '../wasm-backend.ts';
import { blocksOf, runBlocks } from './blocks.ts';

/**
 * Reflectors that are made one by one, before all of them together are applied to the rest in products. Making them is slow;
 * products of few columns are, too.
 */
const panelWidthOf = (columns: number): number => (columns > 256 ? 32 : 16);
/** Columns that a product reflects: whole tiles. */
const columnsAtOnce = 96;

/**
 * The Q of the QR decomposition of every matrix of a batch, by Householder reflections in blocks (Schreiber and Van Loan 1989,
 * "A storage-efficient WY representation for products of Householder transformations"): as many reflections as a panel has are `I + V N V^T`.
 * Columns are kept as rows, so that those of V follow each other.
 */
export function orthogonalFactor(
  backend: WasmBackend,
  { x }: KernelInputs<typeof orthogonalFactorKernel>,
): KernelOutputs<typeof orthogonalFactorKernel> {
  const [matrices, rows, columns] = x.shape as [number, number, number];
  const panelWidth = panelWidthOf(columns);
  const panels = Math.ceil(columns / panelWidth);
  const across = [matrices, columns, rows];
  const images = [matrices, columns, panelWidth];
  const [y, ...scratch] = allocateOutputs(backend, 'SteepestOrthogonalFactor', [
    x.shape,
    across,
    across,
    [matrices, panels, panelWidth, panelWidth],
    images,
    images,
  ]) as [TensorInfo, ...TensorInfo[]];
  const [from, to, reflectors, factor, weights, image, weighted] = [x, y, ...scratch].map((tensor) =>
    addressOf(backend, tensor),
  ) as [number, number, number, number, number, number, number];
  const kernels = kernelModule(backend);
  const size = rows * columns * 4;
  const step = rows * 4;
  const whole = blocksOf(matrices, 1, 1);
  const copyTerms = 8 * matrices * rows * columns;

  const panelOf = (panel: number) => {
    const start = panel * panelWidth;
    return { start, count: Math.min(panelWidth, columns - start) };
  };
  /** Adds `(t V) N V^T` to `count` of the rows `t`, from the diagonal of the panel on; with N^T, those reflect in the other order. */
  const reflect = (
    call: RecordCall,
    { scratch: own }: Part,
    matrix: number,
    panel: number,
    target: number,
    { first, count }: { readonly first: number; readonly count: number },
    isTransposed: boolean,
  ): void => {
    if (count <= 0) return;
    const { start, count: width } = panelOf(panel);
    const depth = rows - start;
    const v = reflectors + matrix * size + start * step + start * 4;
    const t = target + matrix * size + first * step + start * 4;
    const n = weights + (matrix * panels + panel) * panelWidth ** 2 * 4;
    const offset = (matrix * columns + first) * panelWidth * 4;
    const [product, turned] = [image + offset, weighted + offset];
    const bytes = width * 4;
    const order = isTransposed ? [4, bytes] : [bytes, 4];
    call('matrixProduct', t, step, 4, v, 4, step, product, count, width, depth, own, bytes, 0);
    call('matrixProduct', product, bytes, 4, n, ...order, turned, count, width, width, own, bytes, 0);
    call('matrixProduct', turned, bytes, 4, v, step, 4, t, count, depth, width, own, step, 0, 1);
  };

  runBlocks(kernels, whole, copyTerms, (call, { matrix }) => {
    const at = matrix * size;
    call('transpose', from + at, columns * 4, reflectors + at, step, rows, columns);
  });
  for (let panel = 0; panel < panels; panel++) {
    const { start, count } = panelOf(panel);
    const depth = rows - start;
    runBlocks(kernels, whole, 16 * matrices * count * count * depth, (call, { matrix }) => {
      const v = reflectors + matrix * size + start * step + start * 4;
      call(
        'householderPanel',
        v,
        step,
        depth,
        count,
        weights + (matrix * panels + panel) * panelWidth ** 2 * 4,
      );
    });
    const end = start + count;
    const rest = blocksOf(matrices, columns - end, columnsAtOnce);
    const terms = 2 * matrices * (columns - end) * count * depth;
    runBlocks(kernels, rest, terms, (call, { matrix, first, count: some }, part) => {
      reflect(call, part, matrix, panel, reflectors, { first: end + first, count: some }, false);
    });
  }
  // The reflections of the unit vectors, those of the last panel first. A panel leaves the vectors before it as they are.
  const parts = blocksOf(matrices, columns, columnsAtOnce);
  runBlocks(kernels, parts, matrices * rows * columns * columns, (call, { matrix, first, count }, part) => {
    const at = matrix * size + first * step;
    call('reflectorSigns', reflectors + at, factor + at, step, first, count, rows);
    for (let panel = Math.floor((first + count - 1) / panelWidth); panel >= 0; panel--) {
      const begin = Math.max(first, panel * panelWidth);
      reflect(call, part, matrix, panel, factor, { first: begin, count: first + count - begin }, true);
    }
  });
  runBlocks(kernels, whole, copyTerms, (call, { matrix }) => {
    const at = matrix * size;
    call('transpose', factor + at, step, to + at, columns * 4, columns, rows);
  });
  for (const { dataId } of scratch) backend.disposeData(dataId);
  return { y };
}
