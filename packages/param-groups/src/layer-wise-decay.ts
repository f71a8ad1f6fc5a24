import type { HyperparameterValue, ParameterInfo, ParameterSelector } from '@steepest/optimizer';
import { scaled } from './scaled-schedule.ts';

/** Options of {@link layerWiseDecay}. */
export interface LayerWiseDecayOptions {
  /** Learning rate of the head and the final norm: a number or a schedule. Give the optimizer the same. */
  readonly learningRate: HyperparameterValue;
  /** Factor from one layer to the layer below it, above 0 and at most 1. */
  readonly decay: number;
  /** Number of blocks. */
  readonly numberOfLayers: number;
  /**
   * Depth of a parameter: 0 for the embedding, i + 1 for block i, `numberOfLayers + 1` or `undefined` for what takes
   * the full learning rate. By default read from the role `embedding` and the path `blocks/<i>/`. Groups made with it
   * hold functions, so an optimizer with them cannot be written to a file.
   */
  readonly depthOf?: ((parameter: ParameterInfo) => number | undefined) | undefined;
}

/** A parameter group that overrides the learning rate. */
export interface LearningRateGroup {
  readonly match: ParameterSelector;
  readonly learningRate: HyperparameterValue;
}

const known = ['learningRate', 'decay', 'numberOfLayers', 'depthOf'];

/** Selects the parameters of one depth by what their names and roles say. */
function atDepth(depth: number): ParameterSelector {
  if (depth > 0) return { name: [`blocks/${depth - 1}/**`, `**/blocks/${depth - 1}/**`] };
  return { anyOf: [{ role: 'embedding' }, { name: ['embedding/**', '**/embedding/**'] }] };
}

/**
 * Parameter groups in which a lower layer learns more slowly: `learningRate * decay^(numberOfLayers + 1 - depth)`, where
 * the embedding has depth 0 and block i has depth i + 1. Everything else, such as the head and the final norm, matches
 * no group and takes the optimizer's own learning rate.
 *
 * Howard and Ruder 2018, arXiv 1801.06146, section 3.2 (discriminative fine-tuning); the exponents are those of Clark
 * et al. 2020, arXiv 2003.10555.
 *
 * @returns One group a depth, from the embedding up, for the option `groups` of an optimizer.
 * @throws Error on an unknown option or a value out of range.
 */
export function layerWiseDecay(options: LayerWiseDecayOptions): LearningRateGroup[] {
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new Error(`layerWiseDecay has no option "${unknown}"; known options: ${known.join(', ')}`);
  }
  const { learningRate, decay, numberOfLayers, depthOf } = options;
  if (typeof learningRate !== 'function' && !(learningRate >= 0 && learningRate < Number.POSITIVE_INFINITY)) {
    throw new Error(
      `layerWiseDecay: learningRate must be a number of at least 0 or a schedule, got ${learningRate}`,
    );
  }
  if (!(decay > 0 && decay <= 1)) {
    throw new Error(`layerWiseDecay: decay must be above 0 and at most 1, got ${decay}`);
  }
  if (!Number.isInteger(numberOfLayers) || numberOfLayers < 1) {
    throw new Error(
      `layerWiseDecay: numberOfLayers must be a whole number of at least 1, got ${numberOfLayers}`,
    );
  }
  return Array.from({ length: numberOfLayers + 1 }, (_, depth) => ({
    match:
      depthOf === undefined ? atDepth(depth) : (parameter: ParameterInfo) => depthOf(parameter) === depth,
    learningRate: scaled(learningRate, decay ** (numberOfLayers + 1 - depth)),
  }));
}
