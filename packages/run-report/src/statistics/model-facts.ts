import { countParameters, flopsPerToken, type ModelConfig, modelConfig } from '@steepest/lm-models';
import { isObject, type Json } from '@steepest/run-files';

const mostLayers = 10_000;

/** What follows from a trial's model; `null` where the model is not one of this repository's. */
export interface ModelFacts {
  /** Of training on one token, forward and backward with attention; the optimizer's own arithmetic is not in it. */
  readonly flopsPerToken: number | null;
  readonly vocabularySize: number | null;
  /** Parameters of the blocks: embedding, head, norms and biases left out. */
  readonly blockParameters: number | null;
}

/**
 * FLOPs and vocabulary of a trial's model, as `@steepest/lm-models` counts them.
 * @param config A trial's config.json
 * @param parameters Of the trial's model, from which its vocabulary follows where the config does not state it
 */
export function modelFacts(config: Json, parameters: number | null): ModelFacts {
  const unknown = { flopsPerToken: null, vocabularySize: null, blockParameters: null };
  const { model, budget } = config;
  // A number of layers beyond any model's would be counted one by one.
  if (!isObject(model) || Number(model.layers ?? 0) > mostLayers) return unknown;
  const contextLength = isObject(budget) ? budget.contextLength : undefined;
  try {
    const shape = modelConfig({
      ...model,
      seed: 0,
      ...(typeof contextLength === 'number' ? { contextLength } : {}),
    });
    const vocabularySize =
      typeof model.vocabularySize === 'number' ? model.vocabularySize : vocabularyOf(shape, parameters);
    if (vocabularySize === null) return unknown;
    const known = { ...shape, vocabularySize };
    return {
      flopsPerToken: flopsPerToken(known, 'withAttention'),
      vocabularySize,
      blockParameters: countParameters(known).nonEmbedding,
    };
  } catch {
    // A model of another program: its losses still compare over steps, tokens and seconds.
    return unknown;
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
