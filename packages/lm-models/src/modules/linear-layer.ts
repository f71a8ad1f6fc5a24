import * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../model-options.ts';
import type { Module } from '../network.ts';
import { linear } from '../operations/linear.ts';
import type { MatrixOptions, ParameterRole, ParameterScope } from '../parameters.ts';

/** A product with a weight [outputs, inputs], and a bias where the model has biases. */
export function linearLayer(
  parameters: ParameterScope,
  { biases }: Pick<ModelConfig, 'biases'>,
  role: ParameterRole,
  outputs: number,
  inputs: number,
  options: MatrixOptions = {},
): Module {
  const weight = parameters.matrix('weight', role, outputs, inputs, options);
  if (!biases) return (rows) => linear(rows, weight.value);
  const bias = parameters.vector('bias', 'bias', outputs, 'zeros');
  return (rows) => tf.add(linear(rows, weight.value), bias.value);
}
