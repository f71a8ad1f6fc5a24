import type * as tf from '@tensorflow/tfjs-core';

/** What is known about a parameter when its group and its update rule are chosen. */
export interface ParameterInfo {
  /** The name of the `tf.Variable`, for instance `blocks/3/attention/qkv/weight`. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Number of elements. */
  readonly size: number;
  /** The variable's `role` property where it has one, for instance `embedding`, `lastLayer` or `norm`. */
  readonly role?: string;
}

/** Reads a variable's description; a model may label a variable by setting a `role` property on it. */
export function describeParameter(variable: tf.Variable): ParameterInfo {
  const role = (variable as { role?: unknown }).role;
  return {
    name: variable.name,
    shape: variable.shape,
    size: variable.size,
    ...(typeof role === 'string' ? { role } : {}),
  };
}
