import { printableStart } from '@steepest/run-files';
import { describe } from '../option-checks.ts';

/** Above every vocabulary there is; what a file states decides how much memory is taken. */
const mostIds = 2 ** 24;

/** A token that text may spell out, in addition to the pieces of the model. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special?: boolean;
  readonly normalized?: boolean;
  readonly single_word?: boolean;
  readonly lstrip?: boolean;
  readonly rstrip?: boolean;
}

/** A step of a normalizer, a pre-tokenizer or a decoder, as `tokenizer.json` states it. */
export interface Step {
  readonly type: string;
  readonly [setting: string]: unknown;
}

interface CommonDefinition {
  readonly added_tokens: readonly AddedToken[];
  readonly normalizer: Step | null;
  readonly pre_tokenizer: Step | null;
  readonly decoder: Step | null;
  readonly post_processor?: Step | null;
}

/** What this package reads of a `tokenizer.json` with a unigram model. */
export interface UnigramDefinition extends CommonDefinition {
  readonly model: {
    readonly type: 'Unigram';
    readonly unk_id: number | null;
    readonly byte_fallback?: boolean;
    /** Pieces with their log probabilities, in order of their ids. */
    readonly vocab: readonly (readonly [string, number])[];
  };
}

/** What this package reads of a `tokenizer.json` with a BPE model. */
export interface BpeDefinition extends CommonDefinition {
  readonly model: {
    readonly type: 'BPE';
    /** Pieces with their ids. */
    readonly vocab: Readonly<Record<string, number>>;
    /** Two pieces each that become one, in the order they were learned. */
    readonly merges: readonly (readonly [string, string])[];
    readonly dropout?: number | null;
    readonly unk_token?: string | null;
    readonly continuing_subword_prefix?: string | null;
    readonly end_of_word_suffix?: string | null;
    readonly byte_fallback?: boolean;
    readonly ignore_merges?: boolean;
  };
}

export type TokenizerDefinition = UnigramDefinition | BpeDefinition;

/** Whether a definition has a unigram model. */
export function isUnigram(definition: TokenizerDefinition): definition is UnigramDefinition {
  return definition.model.type === 'Unigram';
}

/** The pieces of a model in order of their ids. */
export function piecesOf(definition: TokenizerDefinition): string[] {
  if (isUnigram(definition)) return definition.model.vocab.map(([piece]) => piece);
  const pieces: string[] = [];
  for (const [piece, id] of Object.entries(definition.model.vocab)) pieces[id] = piece;
  return pieces;
}

/**
 * Reads the text of a `tokenizer.json`.
 *
 * @throws if it is not JSON, neither a unigram nor a BPE tokenizer, or a piece or an id is invalid: the message names it
 */
export function readDefinition(json: string, name: string): TokenizerDefinition {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (cause) {
    throw new Error(`${name} is not JSON (${printableStart((cause as Error).message, 200)})`, { cause });
  }
  const given = parsed as { readonly model?: { readonly type?: unknown; readonly vocab?: unknown } } | null;
  const { type, vocab } = given?.model ?? {};
  const isKnown = (type === 'Unigram' && Array.isArray(vocab)) || (type === 'BPE' && isRecord(vocab));
  if (!isKnown) {
    throw new Error(
      `${name} is not a tokenizer.json that this package reads: expected "model": {"type": "Unigram", "vocab": [...]} or ` +
        `{"type": "BPE", "vocab": {...}, "merges": [...]}, got ${type === undefined ? 'no model type' : `the type ${describe(type)}`}`,
    );
  }
  const read = {
    normalizer: null,
    pre_tokenizer: null,
    decoder: null,
    post_processor: null,
    added_tokens: [],
    ...given,
  } as unknown as TokenizerDefinition;
  if (isUnigram(read)) checkPieces(read, name);
  else checkMerges(read, name);
  checkAddedTokens(read.added_tokens, name);
  // Merges were written as texts with a space before tokenizers 0.20.
  return isUnigram(read)
    ? read
    : { ...read, model: { ...read.model, merges: read.model.merges.map(mergePair) } };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function mergePair(merge: string | readonly [string, string]): readonly [string, string] {
  return typeof merge === 'string' ? (merge.split(' ') as [string, string]) : merge;
}

function isId(value: unknown, count: number): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < count;
}

function wrong(name: string, what: string, got: unknown, right: string): Error {
  return new Error(`${name} has ${what} ${describe(got)}: expected ${right}`);
}

function checkSize(count: number, name: string): void {
  if (count > 0 && count <= mostIds) return;
  throw new Error(`${name} has ${count} pieces: expected 1 to ${mostIds}`);
}

function checkPieces({ model: { vocab, unk_id: unknown } }: UnigramDefinition, name: string): void {
  checkSize(vocab.length, name);
  for (const [id, entry] of vocab.entries()) {
    const [piece, score] = Array.isArray(entry) ? entry : [];
    if (typeof piece !== 'string' || !Number.isFinite(score)) {
      throw wrong(name, `as piece ${id}`, entry, 'a text and its log probability');
    }
  }
  if (unknown != null && !isId(unknown, vocab.length)) {
    throw wrong(name, 'the unk_id', unknown, `the number of a piece, from 0 to ${vocab.length - 1}`);
  }
}

function checkMerges({ model: { vocab, merges } }: BpeDefinition, name: string): void {
  const pieces = Object.entries(vocab);
  checkSize(pieces.length, name);
  const seen = new Set<number>();
  for (const [piece, id] of pieces) {
    if (!isId(id, mostIds) || seen.has(id)) {
      throw wrong(
        name,
        `for the piece ${describe(piece)} the id`,
        id,
        'a whole number that no other piece has',
      );
    }
    seen.add(id);
  }
  if (!Array.isArray(merges)) throw wrong(name, 'the merges', merges, 'a list');
  for (const [rank, merge] of merges.entries()) {
    const pair = typeof merge === 'string' ? merge.split(' ') : merge;
    const isPair = Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'string');
    const [left, right] = isPair ? (pair as [string, string]) : ['', ''];
    if ([left, right, left + right].every((piece) => isPair && Object.hasOwn(vocab, piece))) continue;
    throw wrong(name, `as merge ${rank}`, merge, 'two pieces that together are a piece');
  }
}

function checkAddedTokens(added: unknown, name: string): void {
  if (!Array.isArray(added)) throw wrong(name, 'the added_tokens', added, 'a list');
  for (const token of added) {
    if (typeof token?.content === 'string' && isId(token.id, mostIds)) continue;
    throw wrong(name, 'the added token', token, `content and an id from 0 to ${mostIds - 1}`);
  }
}
