import * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../model-options.ts';
import type { Module } from '../network.ts';
import { activate, isGated } from '../operations/activation.ts';
import type { ParameterScope } from '../parameters.ts';
import { linearLayer } from './linear-layer.ts';

/**
 * The multilayer perceptron of a block: `down(activation(up(x)))`, or `down(activation(gate(x)) * up(x))` with a gated
 * activation (Shazeer 2020, arXiv 2002.05202).
 *
 * @param shrink divides the initial weights of the projection back into the residual stream
 */
export function mlp(parameters: ParameterScope, config: ModelConfig, shrink: number): Module {
  const { modelWidth: width, mlpWidth, activation } = config;
  const layer = (name: string) => linearLayer(parameters.within(name), config, 'mlp', mlpWidth, width);
  const gate = isGated(activation) ? layer('gate') : undefined;
  const up = layer('up');
  const down = linearLayer(parameters.within('down'), config, 'mlp', width, mlpWidth, { shrink });

  return (rows, batch) => {
    const hidden =
      gate === undefined
        ? activate(up(rows, batch), activation)
        : tf.mul(activate(gate(rows, batch), activation), up(rows, batch));
    return down(hidden as tf.Tensor2D, batch);
  };
}
