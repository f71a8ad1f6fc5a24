import * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../model-options.ts';
import { attention } from '../modules/attention.ts';
import { embedding } from '../modules/embedding.ts';
import { mlp } from '../modules/mlp.ts';
import { normalization } from '../modules/normalization.ts';
import type { Network } from '../network.ts';
import type { ParameterScope } from '../parameters.ts';

/**
 * A decoder-only transformer with norms before attention and MLP: a block is `x += attention(norm(x))`,
 * `x += mlp(norm(x))`.
 *
 * Tokens stay rows of one matrix throughout, so every product with a weight is one large matrix product.
 */
export function buildDecoder(parameters: ParameterScope, config: ModelConfig): Network {
  const { modelWidth, layers } = config;
  const { embed, head } = embedding(parameters, config);
  const residuals = Array.from({ length: layers }, (_, index) => {
    const shrink = Math.sqrt(2 * (index + 1));
    const block = parameters.within('blocks').within(index);
    return (
      [
        ['attention', attention],
        ['mlp', mlp],
      ] as const
    ).map(([name, part]) => {
      const own = block.within(name);
      const norm = normalization(own.within('norm'), config, modelWidth);
      return { norm, part: part(own, config, shrink) };
    });
  }).flat();
  const lastNorm = normalization(parameters.within('norm'), config, modelWidth);
  return {
    decode(tokens, batch) {
      let rows = embed(tokens, batch);
      for (const { norm, part } of residuals) rows = tf.add(rows, part(norm(rows, batch), batch));
      return lastNorm(rows, batch);
    },
    project: head(),
  };
}
