import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { kernelModule } from './kernel-module.ts';
import { addressOf, allocateOutput, type WasmBackend } from './wasm-backend.ts';

/**
 * output[s] = sum of the slices x[i] with segmentIds[i] = s, added in the order of i; the gradient of `tf.gather`.
 * Ids outside [0, numSegments) are ignored. x has shape [...segmentIds.shape, ...rest], the output
 * [numSegments, ...rest].
 *
 * @throws If the shapes do not fit, or x is neither float32 nor int32.
 */
export function unsortedSegmentSum(
  backend: WasmBackend,
  x: TensorInfo,
  segmentIds: TensorInfo,
  numSegments: number,
): TensorInfo {
  const idRank = segmentIds.shape.length;
  util.assert(
    util.arraysEqual(x.shape.slice(0, idRank), segmentIds.shape),
    () =>
      `Error in unsortedSegmentSum: the shape of x [${x.shape}] must begin with the shape of segmentIds ` +
      `[${segmentIds.shape}].`,
  );
  util.assert(
    x.dtype === 'float32' || x.dtype === 'int32',
    () => `Error in unsortedSegmentSum: x must be float32 or int32, got ${x.dtype}.`,
  );
  const rest = x.shape.slice(idRank);
  const output = allocateOutput(backend, 'UnsortedSegmentSum', [numSegments, ...rest], x.dtype);
  const size = util.sizeFromShape(output.shape);
  if (size === 0) return output;
  const kernels = kernelModule(backend);
  const target = addressOf(backend, output);
  const sum = x.dtype === 'float32' ? 'segmentSumFloat' : 'segmentSumInteger';
  const rows = util.sizeFromShape(segmentIds.shape);
  const width = util.sizeFromShape(rest);
  const [from, ids] = [addressOf(backend, x), addressOf(backend, segmentIds)];
  // Each part is a range of segments, so that every sum is made by one thread in the order of the rows.
  const work = { items: numSegments, unit: 1, nanoseconds: (rows * width + size) / 4 };
  kernels.runParts(kernels.cut(work), (call, { first, count }) => {
    const part = target + first * width * 4;
    call('fillZero', part, count * width * 4);
    call(sum, from, ids, rows, width, count, part, first);
  });
  return output;
}
