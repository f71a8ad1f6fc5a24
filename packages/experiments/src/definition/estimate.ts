import { flopsPerToken, modelSizes } from '@steepest/lm-models';
import { configOf } from './model-of-trial.ts';
import { stretchesOf, tokensRead } from './phases.ts';
import type { TrialConfig } from './trials.ts';

/** Of the tokenizers that the sizes of models are made for. */
const embeddedVocabulary = modelSizes.nano.vocabularySize;
const t5Vocabulary = modelSizes['150m'].vocabularySize;

/**
 * Floating-point operations per second that one trial reaches on tfjs-backend-wasm with the benchmark's kernels, one of two
 * trials side by side on two AVX2 cores, start and evaluation included: measured with the quick experiment's 18 trials of
 * `nano`, 360 steps of 512 tokens each, in 216 seconds.
 */
const operationsPerSecond = 1.7e10;

/**
 * The same on TensorFlow's library, for each of the two AVX-512 cores that a trial works on: training-throughput reaches 93 GFLOP/s at
 * width 256, and 130 at the study's 150m.
 */
const nodeOperationsPerSecond = 1e11;

/** Floating-point operations of a trial's training steps, those of attention included. */
function operationsOf({ model, data, budget }: TrialConfig): number {
  return stretchesOf(budget).reduce((operations, { steps, batchSize, contextLength }) => {
    const config = configOf(model, contextLength, vocabularyOf(data));
    return operations + steps * batchSize * contextLength * flopsPerToken(config, 'withAttention');
  }, 0);
}

function vocabularyOf(data: TrialConfig['data']): number {
  if (!('tokenizer' in data)) return t5Vocabulary;
  return data.prune ?? (data.tokenizer === 'embedded' ? embeddedVocabulary : t5Vocabulary);
}

/** Seconds that trials take together on a machine like the one this was measured on, `parallel` of them side by side. */
export function estimatedSeconds(trials: readonly TrialConfig[], parallel: number): number {
  const operations = trials.reduce((sum, trial) => sum + operationsOf(trial), 0);
  return operations / operationsPerSecond / Math.min(parallel, Math.max(1, trials.length));
}

/** Training tokens, and seconds for them, of one trial that has so many cores of this machine for itself. */
export function estimatedTraining(
  trial: TrialConfig,
  cores: number,
): { readonly tokens: number; readonly seconds: number } {
  const tokens = tokensRead(trial.budget);
  const perCore = trial.backend === 'node' ? nodeOperationsPerSecond : operationsPerSecond;
  return { tokens, seconds: operationsOf(trial) / perCore / cores };
}
