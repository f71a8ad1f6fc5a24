import type { Optimizer } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs-core';
import { assertBackend } from './backends.ts';

/**
 * Values of one weight after an optimizer has taken some steps, for tests of what a rule does in the limit. The optimizer is
 * disposed of.
 *
 * @param start values before the first step, a vector
 * @param gradients one a step, each as long as `start`, or `null` for a step without one
 */
export async function weightsAfter(
  optimizer: Optimizer,
  start: readonly number[],
  gradients: readonly (readonly number[] | null)[],
): Promise<number[]> {
  assertBackend();
  const weight = tf.variable(tf.tensor1d([...start]), true, 'weight');
  for (const gradient of gradients) {
    const tensor = gradient === null ? null : tf.tensor1d([...gradient]);
    optimizer.applyGradients([{ name: 'weight', tensor }]);
    tensor?.dispose();
  }
  const values = [...(await weight.data())];
  optimizer.dispose();
  weight.dispose();
  return values;
}
