import { stretchesOf, tokensRead } from './phases.ts';
import type { TrialConfig } from './trials.ts';

/** Width, layers and vocabulary of the named sizes, for the cost of a step; the vocabulary is the data's business. */
const shapes: Readonly<Record<TrialConfig['model']['size'], readonly [width: number, layers: number]>> = {
  nano: [64, 2],
  tiny: [96, 3],
  micro: [128, 4],
  mini: [256, 6],
  small: [512, 8],
  '150m': [1024, 12],
  '300m': [1024, 24],
  '600m': [1408, 24],
  '1.2b': [2048, 24],
};
const embeddedVocabulary = 4_096;
const t5Vocabulary = 32_128;

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

/** Floating-point operations of a trial's training steps: 6 a parameter and token (embedding left out), and attention's. */
export function operationsOf({
  model,
  data,
  budget,
}: Pick<TrialConfig, 'model' | 'data' | 'budget'>): number {
  const [namedWidth, namedLayers] = shapes[model.size];
  const { modelWidth: width = namedWidth, layers = namedLayers, mlpWidth = 4 * width } = model;
  const vocabulary = vocabularyOf(data);
  const parameters = layers * (4 * width ** 2 + 2 * width * mlpWidth) + vocabulary * width;
  return stretchesOf(budget).reduce((operations, { steps, batchSize, contextLength }) => {
    const aToken = 6 * parameters + 12 * layers * width * contextLength;
    return operations + steps * batchSize * contextLength * aToken;
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
