import * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../model-options.ts';
import type { Module } from '../network.ts';
import { layerNorm } from '../operations/layer-norm.ts';
import { rmsNorm } from '../operations/rms-norm.ts';
import type { ParameterScope } from '../parameters.ts';

/** The norm of `config` over rows `width` wide; a layer norm has a bias where the model has biases. */
export function normalization(
  parameters: ParameterScope,
  { norm, biases }: Pick<ModelConfig, 'norm' | 'biases'>,
  width: number,
): Module {
  const weight = parameters.vector('weight', 'norm', width, 'ones');
  if (norm === 'rmsNorm') return (rows) => rmsNorm(rows, weight.value);
  if (!biases) return (rows) => layerNorm(rows, weight.value);
  const bias = parameters.vector('bias', 'norm', width, 'zeros');
  return (rows) => tf.add(layerNorm(rows, weight.value), bias.value);
}
