import type { ModelConfig } from './config.ts';

/** What a variable does in the model; parameter groups are written by role. */
export type ParameterRole = 'embedding' | 'lastLayer' | 'norm' | 'attention' | 'mlp';

/** One trainable tensor of a model. */
export interface ParameterDescription {
  /** For instance `blocks/3/attention/qkv/weight`; blocks count from 0. */
  readonly path: string;
  readonly role: ParameterRole;
  /** Matrices are [outputs, inputs]; the embedding is [vocabularySize, modelWidth]. */
  readonly shape: readonly number[];
  /** Standard deviation of the first weights before truncation at 3; `undefined` means ones. */
  readonly standardDeviation: number | undefined;
}

/**
 * Every trainable tensor of a model, in the order of the computation.
 *
 * First weights: normal with standard deviation 1/sqrt(fan-in), in the projections back into the residual
 * stream divided by sqrt(2 (block + 1)), blocks counting from 0. Norms start at one.
 */
export function parameterDescriptions(config: ModelConfig): ParameterDescription[] {
  const { modelWidth: width, mlpWidth, vocabularySize, layers, qkNorm, tieEmbeddings } = config;
  const norm = (path: string): ParameterDescription => ({
    path,
    role: 'norm',
    shape: [width],
    standardDeviation: undefined,
  });
  const matrix = (
    path: string,
    role: ParameterRole,
    outputs: number,
    inputs: number,
    shrink = 1,
  ): ParameterDescription => ({
    path,
    role,
    shape: [outputs, inputs],
    standardDeviation: 1 / Math.sqrt(inputs) / shrink,
  });

  const descriptions = [matrix('embedding/weight', 'embedding', vocabularySize, width)];
  for (let block = 0; block < layers; block++) {
    const path = `blocks/${block}`;
    const shrink = Math.sqrt(2 * (block + 1));
    descriptions.push(
      norm(`${path}/attention/norm/weight`),
      matrix(`${path}/attention/qkv/weight`, 'attention', 3 * width, width),
    );
    if (qkNorm) {
      descriptions.push(norm(`${path}/attention/qNorm/weight`), norm(`${path}/attention/kNorm/weight`));
    }
    descriptions.push(
      matrix(`${path}/attention/out/weight`, 'attention', width, width, shrink),
      norm(`${path}/mlp/norm/weight`),
      matrix(`${path}/mlp/up/weight`, 'mlp', mlpWidth, width),
      matrix(`${path}/mlp/down/weight`, 'mlp', width, mlpWidth, shrink),
    );
  }
  descriptions.push(norm('norm/weight'));
  if (!tieEmbeddings) descriptions.push(matrix('head/weight', 'lastLayer', vocabularySize, width));
  return descriptions;
}
