import * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from './config.ts';
import { activate } from './operations/activation.ts';
import { causalAttention } from './operations/causal-attention.ts';
import { embeddingLookup } from './operations/embedding-lookup.ts';
import { layerNorm } from './operations/layer-norm.ts';
import { linear } from './operations/linear.ts';
import { rotaryEmbedding } from './operations/rotary-embedding.ts';
import type { Positions } from './position-tables.ts';

/** Weights of a model by path. */
export interface Weights {
  matrix(path: string): tf.Tensor2D;
  vector(path: string): tf.Tensor1D;
}

/**
 * The decoder up to its last norm. A block is `x += out(attention(qkv(LN(x))))`, `x += down(activation(up(LN(x))))`.
 *
 * Tokens stay rows of one matrix throughout, so every product with a weight is one large matrix product.
 *
 * @param tokens [sequences, positions] int32
 * @returns [sequences * positions, modelWidth]
 */
export function decode(
  tokens: tf.Tensor2D,
  weights: Weights,
  config: ModelConfig,
  tables: Positions,
): tf.Tensor2D {
  const [sequences, positions] = tokens.shape;
  const layout = { sequences, positions, heads: config.heads };
  let x = embeddingLookup(weights.matrix('embedding/weight'), tf.reshape(tokens, [-1]) as tf.Tensor1D);
  for (let block = 0; block < config.layers; block++) {
    const attention = `blocks/${block}/attention`;
    const normalized = layerNorm(x, weights.vector(`${attention}/norm/weight`));
    let [queries, keys, values] = tf.split(
      linear(normalized, weights.matrix(`${attention}/qkv/weight`)),
      3,
      1,
    ) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
    if (config.qkNorm) {
      queries = layerNorm(queries, weights.vector(`${attention}/qNorm/weight`));
      keys = layerNorm(keys, weights.vector(`${attention}/kNorm/weight`));
    }
    const mixed = causalAttention(
      rotaryEmbedding(queries, tables),
      rotaryEmbedding(keys, tables),
      values,
      tables.mask,
      layout,
    );
    x = tf.add(x, linear(mixed, weights.matrix(`${attention}/out/weight`)));

    const mlp = `blocks/${block}/mlp`;
    const hidden = linear(
      layerNorm(x, weights.vector(`${mlp}/norm/weight`)),
      weights.matrix(`${mlp}/up/weight`),
    );
    x = tf.add(x, linear(activate(hidden, config.activation), weights.matrix(`${mlp}/down/weight`)));
  }
  return layerNorm(x, weights.vector('norm/weight'));
}

/** Logits [rows, vocabularySize] of rows that {@link decode} returned. */
export function project(rows: tf.Tensor2D, weights: Weights, config: ModelConfig): tf.Tensor2D {
  return linear(rows, weights.matrix(config.tieEmbeddings ? 'embedding/weight' : 'head/weight'));
}
