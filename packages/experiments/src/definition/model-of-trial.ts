import { type ModelConfig, modelConfig } from '@steepest/lm-models';
import type { TrialConfig } from './trials.ts';

/**
 * The model that a trial trains, for counts of its parameters and operations.
 * @param vocabularySize of the tokenizer; by default that of the model's size
 */
export function configOf(
  model: TrialConfig['model'],
  contextLength: number,
  vocabularySize: number | undefined,
): ModelConfig {
  const given = model as { [K in keyof typeof model]: Exclude<(typeof model)[K], undefined> };
  return modelConfig({
    ...given,
    contextLength,
    seed: 0,
    ...(vocabularySize === undefined ? {} : { vocabularySize }),
  });
}
