import type { Float64Tensor, Shape, TensorTransform } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs-core';
import { gramMatrix } from './axis-matrices.ts';
import { batched, oneByOne } from './batched.ts';
import { eigenvectors } from './eigenvectors.ts';
import { transposed } from './float64-matrices.ts';
import { inJavaScript } from './in-javascript.ts';
import { eigenvectorsOnDevice, mustStayOnDevice } from './on-device.ts';

/**
 * The first singular vectors of a matrix as columns, [length of the axis, count], by falling singular value: the left ones for axis 0,
 * the right ones for axis 1. Each has its largest element positive. Beyond the rank that float32 can tell, they are unit vectors made
 * orthogonal to the others, the same on every backend that can be read in a step.
 */
export function singularVectors(shape: Shape, axis: 0 | 1, count: number): TensorTransform {
  const length = shape[axis]!;
  // Of rows, whose elements lie side by side: those of columns are many times slower to sum over.
  const gram = gramMatrix([length, shape[1 - axis]!], 0);
  // A product of two float32 numbers is exact in float64: squaring the singular values loses nothing that float32 held.
  const threshold = (length * 2 ** -23) ** 2;
  const inScript = inJavaScript('singularVectors', [length, count], ([x]) => {
    const { data } = unit(x!);
    const rows = axis === 0 ? data : transposed(data, shape[0]!, shape[1]!);
    const products = gram.inFloat64([{ shape: [length, shape[1 - axis]!], data: rows }], []);
    const vectors = eigenvectors(products, length, threshold);
    return Float64Array.from({ length: length * count }, (_, index) => {
      return vectors[Math.floor(index / count) * length + (index % count)]!;
    });
  });
  return batched({
    ...inScript,
    options: axis,
    onBatch([x], scalars) {
      if (!mustStayOnDevice()) return oneByOne(inScript, [x!], scalars);
      const scaled = tf.divNoNan(x!, tf.max(tf.abs(x!), [1, 2], true));
      const vectors = eigenvectorsOnDevice(tf.matMul(scaled, scaled, axis === 1, axis === 0));
      return tf.slice(vectors, [0, 0, 0], [x!.shape[0]!, length, count]);
    },
  });
}

/** A matrix divided by its largest element, so that no product of two overflows or vanishes; as it is where that is 0 or not finite. */
function unit({ shape, data }: Float64Tensor): Float64Tensor {
  const largest = data.reduce((most, element) => Math.max(most, Math.abs(element)), 0);
  return largest > 0 && Number.isFinite(largest)
    ? { shape, data: data.map((x) => x / largest) }
    : { shape, data };
}
