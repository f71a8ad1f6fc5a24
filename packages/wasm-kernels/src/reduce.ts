import { backend_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { kernelModule } from './kernel-module.ts';
import { addressOf, allocateOutput, type WasmBackend } from './wasm-backend.ts';

/** Maximum over the last axes of a float32 tensor; undefined for other axes and for empty tensors. */
export function maximum(
  backend: WasmBackend,
  x: TensorInfo,
  axis: number | number[],
  keepDims: boolean,
): TensorInfo | undefined {
  const axes = distinctAxes('max', axis, x.shape);
  const outer = x.shape.length - axes.length;
  if (!axes.every((value) => value >= outer)) return undefined;
  const rows = size(x.shape.slice(0, outer));
  const width = size(x.shape.slice(outer));
  return reduce(backend, 'Max', x, axes, keepDims, (kernels, from, to) =>
    kernels.divide('rowMaximum', { items: rows, unit: 1, nanoseconds: (rows * width) / 4 }, (first, part) => [
      from + first * width * 4,
      to + first * 4,
      part,
      width,
    ]),
  );
}

/**
 * Sum over the first axes of a float32 tensor; undefined if no axis or any other is summed. Over no elements it is 0, where
 * the kernel of tfjs gives what its memory held.
 */
export function columnSum(
  backend: WasmBackend,
  x: TensorInfo,
  axis: number | number[],
  keepDims: boolean,
): TensorInfo | undefined {
  const axes = distinctAxes('sum', axis, x.shape);
  const count = axes.length;
  if (count > 0 && size(x.shape) === 0) return zeros(backend, x, axes, keepDims);
  if (count === 0 || count === x.shape.length) return undefined;
  if (!axes.every((value) => value < count)) return undefined;
  const rows = size(x.shape.slice(0, count));
  const width = size(x.shape.slice(count));
  return reduce(backend, 'Sum', x, axes, keepDims, (kernels, from, to) =>
    kernels.divide('columnSum', { items: width, unit: 4, nanoseconds: (rows * width) / 4 }, (first, part) => [
      from + first * 4,
      width * 4,
      to + first * 4,
      rows,
      part,
    ]),
  );
}

function reduce(
  backend: WasmBackend,
  kernel: string,
  x: TensorInfo,
  axes: number[],
  keepDims: boolean,
  run: (kernels: ReturnType<typeof kernelModule>, from: number, to: number) => void,
): TensorInfo | undefined {
  if (size(x.shape) === 0) return undefined;
  const output = allocateOutput(backend, kernel, reducedShape(x, axes, keepDims), 'float32');
  const kernels = kernelModule(backend);
  run(kernels, addressOf(backend, x), addressOf(backend, output));
  return output;
}

function zeros(backend: WasmBackend, x: TensorInfo, axes: number[], keepDims: boolean): TensorInfo {
  const output = allocateOutput(backend, 'Sum', reducedShape(x, axes, keepDims), 'float32');
  const bytes = 4 * size(output.shape);
  if (bytes > 0) kernelModule(backend).fillZero(addressOf(backend, output), bytes);
  return output;
}

function reducedShape({ shape }: TensorInfo, axes: number[], keepDims: boolean): number[] {
  const [kept] = backend_util.computeOutAndReduceShapes(shape, axes);
  return keepDims ? backend_util.expandShapeToKeepDim(kept, axes) : kept;
}

/** @throws Error if an axis is given twice, as NumPy does: tfjs's kernel reads memory beyond the tensor then. */
function distinctAxes(operation: string, axis: number | number[], shape: number[]): number[] {
  const axes = util.parseAxisParam(axis, shape);
  const repeated = axes.find((value, index) => axes.indexOf(value) !== index);
  if (repeated === undefined) return axes;
  throw new Error(
    `${operation} over axes [${axis}] of a tensor of shape [${shape}] names axis ${repeated} twice; name each axis once`,
  );
}

function size(shape: number[]): number {
  return util.sizeFromShape(shape);
}
