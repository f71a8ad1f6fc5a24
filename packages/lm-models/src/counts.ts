import { parameterDescriptions } from './architectures.ts';
import type { ModelConfig } from './model-options.ts';
import type { ParameterRole } from './parameters.ts';

/** Numbers of parameters of a model. */
export interface ParameterCounts {
  readonly total: number;
  /** Weights of the blocks' matrices, 12 layers d^2 at an MLP ratio of 4: the N of the papers. */
  readonly nonEmbedding: number;
  readonly byRole: Readonly<Record<ParameterRole, number>>;
}

/** Counts a model's parameters from its configuration, without allocating them. */
export function countParameters(config: ModelConfig): ParameterCounts {
  const byRole: Record<ParameterRole, number> = {
    embedding: 0,
    lastLayer: 0,
    norm: 0,
    attention: 0,
    mlp: 0,
    bias: 0,
  };
  for (const { role, shape } of parameterDescriptions(config)) {
    byRole[role] += shape.reduce((product, length) => product * length, 1);
  }
  const total = Object.values(byRole).reduce((sum, count) => sum + count, 0);
  return { total, nonEmbedding: byRole.attention + byRole.mlp, byRole };
}

/** A way to count the floating-point operations of training. */
export type FlopCount = 'standard' | 'withAttention' | 'kaplan';

/**
 * Floating-point operations of training on one token, forward and backward, a multiply-add counting as two.
 *
 * - `standard`: 6 (N + V d), with N the non-embedding parameters and V d the head: every product with a weight.
 * - `withAttention`: `standard` + 12 layers contextLength d, the products of queries with keys and of
 *   probabilities with values over the full square, masked half included (Chowdhery et al. 2022,
 *   arXiv 2204.02311, appendix B).
 * - `kaplan`: 6 N, without the head (Kaplan et al. 2020, arXiv 2001.08361). Porian et al. 2024 (arXiv 2406.19146)
 *   show that leaving out the head bends the scaling laws of small models.
 *
 * @param contextLength tokens in a sequence, for `withAttention`; default the model's
 * @throws Error when `count` is none of these
 */
export function flopsPerToken(
  config: ModelConfig,
  count: FlopCount = 'standard',
  contextLength: number = config.contextLength,
): number {
  const { modelWidth, vocabularySize, layers } = config;
  const { nonEmbedding } = countParameters(config);
  const standard = 6 * (nonEmbedding + vocabularySize * modelWidth);
  switch (count) {
    case 'standard':
      return standard;
    case 'withAttention':
      return standard + 12 * layers * contextLength * modelWidth;
    case 'kaplan':
      return 6 * nonEmbedding;
    default:
      throw new Error(
        `the count of FLOPs must be standard, withAttention or kaplan, got ${JSON.stringify(count)}`,
      );
  }
}
