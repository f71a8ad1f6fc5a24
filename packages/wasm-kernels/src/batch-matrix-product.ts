import { broadcast_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { kernelModule } from './kernel-module.ts';
import { addressOf, allocateOutput, type WasmBackend } from './wasm-backend.ts';

/** Rows and columns at which a product may be cut: whole tiles of the kernel, whose edges add in another order. */
const tileRows = 12;
const tileColumns = 8;
/** About how long a multiplication with its addition takes one thread. */
const nanosecondsOfTerm = 1 / 32;

/**
 * c[..., m, n] = a[..., m, k] b[..., k, n] for float32, each operand transposed in its last two dimensions on
 * request; the dimensions before those broadcast. `bias`, a vector of n numbers, is added to every row (of at least one product: k > 0).
 *
 * @throws If the inner dimensions differ or the others do not broadcast.
 */
export function batchMatrixProduct(
  backend: WasmBackend,
  a: TensorInfo,
  b: TensorInfo,
  transposeA: boolean,
  transposeB: boolean,
  bias?: TensorInfo,
): TensorInfo {
  const [aRows, aColumns] = matrixShape(a);
  const [bRows, bColumns] = matrixShape(b);
  const [m, k] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const [inner, n] = transposeB ? [bColumns, bRows] : [bRows, bColumns];
  const aBatch = a.shape.slice(0, -2);
  const bBatch = b.shape.slice(0, -2);
  const batch = broadcast_util.assertAndGetBroadcastShape(aBatch, bBatch);
  util.assert(
    k === inner,
    () =>
      `Error in matMul: inner shapes (${k}) and (${inner}) of Tensors with shapes ${a.shape} and ${b.shape} and ` +
      `transposeA=${transposeA} and transposeB=${transposeB} must match.`,
  );
  const output = allocateOutput(backend, 'BatchMatMul', [...batch, m, n], 'float32');
  const size = util.sizeFromShape(output.shape);
  if (size === 0) return output;
  const kernels = kernelModule(backend);
  // Addresses are read after the last allocation of this call, and no view of the heap is kept: it may have grown.
  const c = addressOf(backend, output);
  if (k === 0) {
    kernels.fillZero(c, size * 4);
    return output;
  }
  const aAddress = addressOf(backend, a);
  const bAddress = addressOf(backend, b);
  const biasAddress = bias === undefined ? 0 : addressOf(backend, bias);
  const aSteps = transposeA ? [4, aColumns * 4] : [aColumns * 4, 4];
  const bSteps = transposeB ? [4, bColumns * 4] : [bColumns * 4, 4];
  /** Arguments of a kernel call for a part of a product: `rows` and `columns` of it from (row, column) on. */
  const product = (
    [aIndex, bIndex, cIndex]: readonly [number, number, number],
    [row, rows]: readonly [number, number],
    [column, columns]: readonly [number, number],
    scratch: number,
  ): number[] => [
    aAddress + aIndex * m * k * 4 + row * aSteps[0]!,
    aSteps[0]!,
    aSteps[1]!,
    bAddress + bIndex * k * n * 4 + column * bSteps[1]!,
    bSteps[0]!,
    bSteps[1]!,
    c + cIndex * m * n * 4 + (row * n + column) * 4,
    rows,
    columns,
    k,
    scratch,
    n * 4,
    biasAddress === 0 ? 0 : biasAddress + column * 4,
  ];
  /** One product with `rows` rows, divided along its longer side at whole tiles. */
  const whole = (rows: number): void => {
    const nanoseconds = rows * n * k * nanosecondsOfTerm;
    if (rows >= n || n < 2 * tileColumns) {
      kernels.divide('matrixProduct', { items: rows, unit: tileRows, nanoseconds }, (first, count, scratch) =>
        product([0, 0, 0], [first, count], [0, n], scratch),
      );
    } else {
      kernels.divide('matrixProduct', { items: n, unit: tileColumns, nanoseconds }, (first, count, scratch) =>
        product([0, 0, 0], [0, rows], [first, count], scratch),
      );
    }
  };
  const count = util.sizeFromShape(batch);
  if (!transposeA && util.sizeFromShape(bBatch) === 1) {
    // One b for all: the batch is only more rows of a, and b is packed once.
    whole(count * m);
    return output;
  }
  const aIndices = broadcastIndices(aBatch, batch);
  const bIndices = broadcastIndices(bBatch, batch);
  if (count === 1) {
    whole(m);
    return output;
  }
  const nanoseconds = size * k * nanosecondsOfTerm;
  kernels.runParts(kernels.cut({ items: count, unit: 1, nanoseconds }), (call, part) => {
    for (let i = part.first; i < part.first + part.count; i++) {
      call('matrixProduct', ...product([aIndices(i), bIndices(i), i], [0, m], [0, n], part.scratch));
    }
  });
  return output;
}

function matrixShape(tensor: TensorInfo): [number, number] {
  const rank = tensor.shape.length;
  return [tensor.shape[rank - 2]!, tensor.shape[rank - 1]!];
}

/** Maps a row-major position in `target` to the position in `source` that broadcasts to it. */
function broadcastIndices(source: number[], target: number[]): (index: number) => number {
  if (util.sizeFromShape(source) === util.sizeFromShape(target)) return (index) => index;
  const missing = target.length - source.length;
  const strides = util.computeStrides([...source, 1]);
  return (index) => {
    let position = 0;
    for (let axis = target.length - 1; axis >= 0; axis--) {
      const coordinate = index % target[axis]!;
      index = (index - coordinate) / target[axis]!;
      if (axis >= missing && source[axis - missing] !== 1) position += coordinate * strides[axis - missing]!;
    }
    return position;
  };
}
