import * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../model-options.ts';
import type { Batch, Module } from '../network.ts';
import { causalAttention } from '../operations/causal-attention.ts';
import { repeatHeads } from '../operations/repeat-heads.ts';
import { rotaryEmbedding } from '../operations/rotary-embedding.ts';
import type { ParameterScope } from '../parameters.ts';
import { linearLayer } from './linear-layer.ts';
import { normalization } from './normalization.ts';

/**
 * Causal self-attention: `out(attention(queries, keys, values))`, the three being parts of one product.
 *
 * With fewer `keyValueHeads` than `heads`, consecutive heads share their keys and values (Ainslie et al. 2023, arXiv
 * 2305.13245). With `qkNorm`, queries and keys are normalized over their full width, before the split into heads.
 *
 * @param shrink divides the initial weights of the projection back into the residual stream
 */
export function attention(parameters: ParameterScope, config: ModelConfig, shrink: number): Module {
  const { modelWidth: width, heads, keyValueHeads } = config;
  const headWidth = width / heads;
  const keyWidth = keyValueHeads * headWidth;
  const joined = linearLayer(parameters.within('qkv'), config, 'attention', width + 2 * keyWidth, width);
  const queryNorm = config.qkNorm ? normalization(parameters.within('qNorm'), config, width) : undefined;
  const keyNorm = config.qkNorm ? normalization(parameters.within('kNorm'), config, keyWidth) : undefined;
  const out = linearLayer(parameters.within('out'), config, 'attention', width, width, { shrink });

  return (rows, batch) => {
    let [queries, keys, values] = tf.split(joined(rows, batch), [width, keyWidth, keyWidth], 1) as [
      tf.Tensor2D,
      tf.Tensor2D,
      tf.Tensor2D,
    ];
    queries = withPositions(queryNorm?.(queries, batch) ?? queries, batch);
    keys = withPositions(keyNorm?.(keys, batch) ?? keys, batch);
    const { sequences, positions, tables } = batch;
    const mixed = causalAttention(
      queries,
      repeatHeads(keys, keyValueHeads, heads),
      repeatHeads(values, keyValueHeads, heads),
      tables.mask,
      { sequences, positions, heads },
    );
    return out(mixed, batch);
  };
}

function withPositions(rows: tf.Tensor2D, { tables }: Batch): tf.Tensor2D {
  return tables.rotary === undefined ? rows : rotaryEmbedding(rows, tables.rotary);
}
