/** A token that text may spell out, beside the pieces of the model. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special?: boolean;
  readonly normalized?: boolean;
  readonly single_word?: boolean;
  readonly lstrip?: boolean;
  readonly rstrip?: boolean;
}

/** A step of a normaliser, a pre-tokenizer or a decoder, as `tokenizer.json` states it. */
export interface Step {
  readonly type: string;
  readonly [setting: string]: unknown;
}

/** What this package reads of a `tokenizer.json` with a unigram model. */
export interface TokenizerDefinition {
  readonly added_tokens: readonly AddedToken[];
  readonly normalizer: Step | null;
  readonly pre_tokenizer: Step | null;
  readonly decoder: Step | null;
  readonly post_processor?: Step | null;
  readonly model: {
    readonly type: 'Unigram';
    readonly unk_id: number | null;
    readonly byte_fallback?: boolean;
    /** Pieces with their log probabilities, in order of their ids. */
    readonly vocab: readonly (readonly [string, number])[];
  };
}

/**
 * Reads the text of a `tokenizer.json`.
 *
 * @throws if it is not JSON or not a unigram tokenizer
 */
export function readDefinition(json: string, name: string): TokenizerDefinition {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (cause) {
    throw new Error(`${name} is not JSON (${(cause as Error).message})`, { cause });
  }
  const definition = parsed as Partial<TokenizerDefinition> | null;
  if (definition?.model?.type !== 'Unigram' || !Array.isArray(definition.model.vocab)) {
    const got = (definition?.model as { type?: string } | undefined)?.type;
    throw new Error(
      `${name} is not a tokenizer.json of T5's kind: expected "model": {"type": "Unigram", "vocab": [...]}` +
        `, got ${got === undefined ? 'no model type' : `the type "${got}"`}`,
    );
  }
  return { ...definition, added_tokens: definition.added_tokens ?? [] } as TokenizerDefinition;
}
