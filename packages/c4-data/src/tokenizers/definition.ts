import { describe } from '../option-checks.ts';
import { printable } from '../printable.ts';

/** Above every vocabulary there is; what a file states decides how much memory is taken. */
const MOST_IDS = 2 ** 24;

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
 * @throws if it is not JSON or not a unigram tokenizer, or a piece or an id is none: the message names it
 */
export function readDefinition(json: string, name: string): TokenizerDefinition {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (cause) {
    throw new Error(`${name} is not JSON (${printable((cause as Error).message)})`, { cause });
  }
  const definition = parsed as Partial<TokenizerDefinition> | null;
  if (definition?.model?.type !== 'Unigram' || !Array.isArray(definition.model.vocab)) {
    const got = (definition?.model as { type?: string } | undefined)?.type;
    throw new Error(
      `${name} is not a tokenizer.json of T5's kind: expected "model": {"type": "Unigram", "vocab": [...]}` +
        `, got ${got === undefined ? 'no model type' : `the type ${describe(got)}`}`,
    );
  }
  const read = { ...definition, added_tokens: definition.added_tokens ?? [] } as TokenizerDefinition;
  checkVocabulary(read, name);
  return read;
}

function isId(value: unknown, count: number): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < count;
}

function checkVocabulary({ model, added_tokens: added }: TokenizerDefinition, name: string): void {
  const wrong = (what: string, got: unknown, right: string) =>
    new Error(`${name} has ${what} ${describe(got)}: expected ${right}`);
  const { vocab, unk_id: unknown } = model;
  if (vocab.length === 0 || vocab.length > MOST_IDS) {
    throw new Error(`${name} has ${vocab.length} pieces: expected 1 to ${MOST_IDS}`);
  }
  for (const [id, entry] of vocab.entries()) {
    const [piece, score] = Array.isArray(entry) ? entry : [];
    if (typeof piece !== 'string' || !Number.isFinite(score)) {
      throw wrong(`as piece ${id}`, entry, 'a text and its log probability');
    }
  }
  if (unknown != null && !isId(unknown, vocab.length)) {
    throw wrong('the unk_id', unknown, `the number of a piece, from 0 to ${vocab.length - 1}`);
  }
  if (!Array.isArray(added)) throw wrong('the added_tokens', added, 'a list');
  for (const token of added) {
    if (typeof token?.content === 'string' && isId(token.id, MOST_IDS)) continue;
    throw wrong('the added token', token, `content and an id from 0 to ${MOST_IDS - 1}`);
  }
}
