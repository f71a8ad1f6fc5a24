import { backend_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { type KernelModule, kernelModule } from './kernel-module.ts';
import { addressOf, allocateOutput, type WasmBackend } from './wasm-backend.ts';

/**
 * x's slices along an axis at the positions that `indices` lists.
 *
 * @throws If an index lies outside the axis, naming it and the axis's length.
 */
export function gather(backend: WasmBackend, x: TensorInfo, indices: TensorInfo, axis: number): TensorInfo {
  const [parsedAxis] = util.parseAxisParam(axis, x.shape) as [number];
  const length = x.shape[parsedAxis]!;
  const before = x.shape.slice(0, parsedAxis);
  const after = x.shape.slice(parsedAxis + 1);
  const output = allocateOutput(backend, 'GatherV2', [...before, ...indices.shape, ...after], x.dtype);
  const kernels = kernelModule(backend);
  const [from, ids, to] = [x, indices, output].map((tensor) => addressOf(backend, tensor)) as [
    number,
    number,
    number,
  ];
  const [outer, count, words] = [before, indices.shape, after].map(util.sizeFromShape) as [
    number,
    number,
    number,
  ];
  const wrong = kernels.firstOutside(ids, count, length);
  if (wrong >= 0) {
    backend.disposeData(output.dataId);
    const index = backend.readSync(indices.dataId)[wrong];
    throw new Error(`GatherV2: the index value ${index} is not in [0, ${length - 1}]`);
  }
  const work = { items: count, unit: 1, nanoseconds: (outer * count * words) / 4 };
  kernels.divide('gather', work, (first, part) => [
    from,
    ids + first * 4,
    to + first * words * 4,
    count * words * 4,
    outer,
    length,
    part,
    words,
  ]);
  return output;
}

/**
 * Tensors of four-byte elements joined along an axis; undefined for one alone, and where any is empty.
 *
 * @throws If the shapes differ in another axis
 */
export function concat(backend: WasmBackend, inputs: TensorInfo[], axis: number): TensorInfo | undefined {
  const [first] = inputs as [TensorInfo];
  const shapes = inputs.map(({ shape }) => shape);
  const [parsedAxis] = util.parseAxisParam(axis, first.shape) as [number];
  if (inputs.length === 1 || shapes.some((shape) => util.sizeFromShape(shape) === 0)) return undefined;
  backend_util.assertParamsConsistent(shapes, parsedAxis);
  const shape = backend_util.computeOutShape(shapes, parsedAxis);
  const output = allocateOutput(backend, 'Concat', shape, first.dtype);
  const kernels = kernelModule(backend);
  const rows = util.sizeFromShape(shape.slice(0, parsedAxis));
  const step = util.sizeFromShape(shape.slice(parsedAxis)) * 4;
  let target = addressOf(backend, output);
  for (const input of inputs) {
    const words = util.sizeFromShape(input.shape.slice(parsedAxis));
    copy(kernels, addressOf(backend, input), words * 4, target, step, rows, words);
    target += words * 4;
  }
  return output;
}

/** The parts of x along an axis, as many or as long as `tf.split` was asked for. */
export function split(
  backend: WasmBackend,
  x: TensorInfo,
  numOrSizeSplits: number | number[],
  axis: number,
): TensorInfo[] {
  const [parsedAxis] = util.parseAxisParam(axis, x.shape) as [number];
  const sizes = backend_util.prepareSplitSize(x as never, numOrSizeSplits, parsedAxis);
  const outputs = sizes.map((length) => {
    const shape = x.shape.map((whole, i) => (i === parsedAxis ? length : whole));
    return allocateOutput(backend, 'SplitV', shape, x.dtype);
  });
  const kernels = kernelModule(backend);
  const rows = util.sizeFromShape(x.shape.slice(0, parsedAxis));
  const slice = util.sizeFromShape(x.shape.slice(parsedAxis + 1));
  const step = x.shape[parsedAxis]! * slice * 4;
  let source = addressOf(backend, x);
  for (const [i, output] of outputs.entries()) {
    const words = sizes[i]! * slice;
    copy(kernels, source, step, addressOf(backend, output), words * 4, rows, words);
    source += words * 4;
  }
  return outputs;
}

/** Copies rows of words between places whose rows lie so many bytes apart. */
function copy(
  kernels: KernelModule,
  source: number,
  sourceStep: number,
  target: number,
  targetStep: number,
  rows: number,
  words: number,
): void {
  const nanoseconds = (rows * words) / 4;
  if (rows === 1) {
    kernels.divide('copyRows', { items: words, unit: 16, nanoseconds }, (first, count) => [
      source + first * 4,
      sourceStep,
      target + first * 4,
      targetStep,
      1,
      count,
    ]);
    return;
  }
  kernels.divide('copyRows', { items: rows, unit: 1, nanoseconds }, (first, count) => [
    source + first * sourceStep,
    sourceStep,
    target + first * targetStep,
    targetStep,
    count,
    words,
  ]);
}
