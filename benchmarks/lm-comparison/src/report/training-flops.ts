import { countParameters, flopsPerToken, type ModelConfig, modelConfig } from '@steepest/lm-models';
import { isObject, type Json } from './json-files.ts';

/**
 * Model FLOPs of training on one token, forward and backward with attention, as `@steepest/lm-models` counts them; the
 * optimizer's own arithmetic is not in it.
 * @param config A trial's config.json
 * @param parameters Of the trial's model, from which its vocabulary follows where the config does not state it
 * @returns `null` where the model cannot be told from the two
 */
export function trainingFlopsPerToken(config: Json, parameters: number | null): number | null {
  const { model, budget } = config;
  if (!isObject(model)) return null;
  const contextLength = isObject(budget) ? budget.contextLength : undefined;
  try {
    const shape = modelConfig({
      ...model,
      seed: 0,
      ...(typeof contextLength === 'number' ? { contextLength } : {}),
    });
    const vocabularySize =
      typeof model.vocabularySize === 'number' ? model.vocabularySize : vocabularyOf(shape, parameters);
    return vocabularySize === null ? null : flopsPerToken({ ...shape, vocabularySize }, 'withAttention');
  } catch {
    // A model of another program: its losses still compare over steps, tokens and seconds.
    return null;
  }
}

/** The vocabulary that makes a model of this shape have so many parameters: they grow linearly with it. */
function vocabularyOf(shape: ModelConfig, parameters: number | null): number | null {
  if (parameters === null) return null;
  const withVocabulary = (vocabularySize: number) => countParameters({ ...shape, vocabularySize }).total;
  const perPiece = withVocabulary(2) - withVocabulary(1);
  const vocabulary = 1 + (parameters - withVocabulary(1)) / perPiece;
  return Number.isInteger(vocabulary) && vocabulary > 0 ? vocabulary : null;
}
