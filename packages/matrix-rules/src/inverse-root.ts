import type { TensorTransform } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs-core';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { batched, oneByOne } from './batched.ts';
import { inJavaScript } from './in-javascript.ts';
import { mustStayOnDevice, spectralPowerOnDevice } from './on-device.ts';

/** Largest power of an eigenvalue, relative to that of the largest: float32 rounding, times this, is less than 1e-4. */
const largestRatio = 2 ** 10;

/**
 * A negative power of a symmetric positive semi-definite matrix with a ridge: `(matrix / divisor + epsilon I)^-exponent`, by its
 * eigenvalues. Where rounding brings the smallest of them below epsilon, all are raised until it is epsilon. No eigenvalue's power counts
 * for more than 2^10 of that of the largest, since along its vector there would be nothing but rounding.
 *
 * Inputs `[matrix]`, scalars `divisor, epsilon, exponent`. The power of a matrix that is not finite is not a number.
 */
export function inverseRoot(length: number): TensorTransform {
  const inScript = inJavaScript('inverseRoot', [length, length], ([matrix], [divisor, epsilon, exponent]) =>
    ridgedPower(matrix!.data, length, divisor!, epsilon!, -exponent!),
  );
  return batched({
    ...inScript,
    onBatch([matrices], scalars) {
      if (!mustStayOnDevice()) return oneByOne(inScript, [matrices!], scalars);
      const [divisor, epsilon, exponent] = scalars as [number, number, number];
      return spectralPowerOnDevice(matrices!, (eigenvalues) =>
        powersOnDevice(tf.add(tf.div(eigenvalues, divisor), epsilon), epsilon, -exponent),
      );
    },
  });
}

/** The powers of `ridgedPower`, of eigenvalues with their ridge [matrices, length]. */
function powersOnDevice(ridged: tf.Tensor, epsilon: number, power: number): tf.Tensor {
  const lift = tf.maximum(0, tf.sub(epsilon, tf.min(ridged, 1, true)));
  const smallest = tf.mul(tf.max(ridged, 1, true), largestRatio ** (1 / power));
  const raised = tf.maximum(tf.add(ridged, lift), smallest);
  return tf.where(tf.greater(smallest, 0), tf.pow(raised, power), tf.zerosLike(raised));
}

function ridgedPower(
  matrix: Float64Array,
  length: number,
  divisor: number,
  epsilon: number,
  power: number,
): Float64Array {
  const result = new Float64Array(length * length);
  if (!matrix.every(Number.isFinite)) return result.fill(Number.NaN);
  const symmetric = Matrix.from1DArray(length, length, matrix);
  const { eigenvectorMatrix, realEigenvalues } = new EigenvalueDecomposition(symmetric, {
    assumeSymmetric: true,
  });
  const ridged = realEigenvalues.map((value) => value / divisor + epsilon);
  const lift = Math.max(0, epsilon - Math.min(...ridged));
  const smallest = Math.max(...ridged) * largestRatio ** (1 / power);
  // The inverse of nothing is nothing.
  const powers = ridged.map((value) => (smallest > 0 ? Math.max(value + lift, smallest) ** power : 0));
  const vectors = Float64Array.from(eigenvectorMatrix.to1DArray());
  for (let i = 0; i < length; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < length; k++)
        sum += vectors[i * length + k]! * powers[k]! * vectors[j * length + k]!;
      result[i * length + j] = sum;
      result[j * length + i] = sum;
    }
  }
  return result;
}
