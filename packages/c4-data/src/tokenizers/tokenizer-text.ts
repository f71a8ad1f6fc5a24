import { createHasher } from '#platform';
import { createEncoder } from './create-encoder.ts';
import { createDecoder } from './decoder.ts';
import { piecesOf, readDefinition } from './definition.ts';
import { embeddedJson } from './embedded-tokenizer.ts';
import { pruneDefinition, pruningSize } from './pruning.ts';
import { TokenSink } from './token-sink.ts';
import type { Tokenizer } from './tokenizer.ts';

/** A tokenizer that needs neither disk nor network: the embedded one, or the text of a `tokenizer.json`. */
export type TokenizerText = 'embedded' | { readonly definition: string };

/** A definition with the name that messages give it. */
export interface NamedDefinition {
  readonly json: string;
  readonly name: string;
}

export function isTokenizerText(choice: unknown): choice is TokenizerText {
  return choice === 'embedded' || typeof (choice as { definition?: unknown } | null)?.definition === 'string';
}

export function definitionOf(choice: TokenizerText): NamedDefinition {
  return choice === 'embedded'
    ? { json: embeddedJson, name: 'the embedded tokenizer' }
    : { json: choice.definition, name: 'the given definition' };
}

/** What ends a document: T5's kind and GPT-2's. */
const endsOfSequence = ['</s>', '<|endoftext|>'];

/**
 * A tokenizer from the text of a `tokenizer.json` with a unigram or a BPE model.
 *
 * @throws if the text is not such a definition or has no piece `</s>` or `<|endoftext|>`
 */
export function createTokenizer(json: string, name: string): Tokenizer {
  const definition = readDefinition(json, name);
  const { added_tokens: added } = definition;
  const pieces = piecesOf(definition);
  const vocabularySize = added.reduce((most, { id }) => Math.max(most, id + 1), pieces.length);
  const idOf = (piece: string) => added.find(({ content }) => content === piece)?.id ?? pieces.indexOf(piece);
  const endOfSequence = endsOfSequence.map(idOf).find((id) => id !== -1);
  if (endOfSequence === undefined) {
    throw new Error(`${name} has no piece "</s>" or "<|endoftext|>", one of which must end every document`);
  }
  const encoder = createEncoder(definition, name);
  const decode = createDecoder(definition);
  const sink = new TokenSink();

  return {
    vocabularySize,
    endOfSequence,
    hash: createHasher('sha256').update(json).hex(),
    definition: json,
    encode(text) {
      sink.length = 0;
      encoder.encode(text, sink);
      return sink.toArray();
    },
    decode(ids, after = []) {
      const before = Array.from(after);
      const all = [...before, ...Array.from(ids)];
      const wrong = all.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabularySize);
      if (wrong !== undefined) {
        throw new RangeError(`token ids must be integers from 0 to ${vocabularySize - 1}, got ${wrong}`);
      }
      if (all.length === 0) return '';
      return before.length === 0 ? decode(all) : addition(decode(before), decode(all));
    },
  };
}

/** What a text has beyond another that it begins with; the end of that one may be half of a character, which the text completes. */
function addition(beginning: string, text: string): string {
  let same = 0;
  while (same < beginning.length && beginning[same] === text[same]) same += 1;
  return text.slice(same);
}

/**
 * The tokenizer of a definition, pruned where that is asked for.
 *
 * @param prune a `Pruning`, or undefined
 * @param read what gets the definition, after `prune` has been checked
 * @throws if the definition is invalid, or `prune` asks for more pieces than there are or fewer than must be kept
 */
export async function tokenizerFrom(
  read: () => NamedDefinition | Promise<NamedDefinition>,
  prune: unknown,
): Promise<Tokenizer> {
  const size = prune === undefined ? undefined : pruningSize(prune);
  const { json, name } = await read();
  if (size === undefined) return createTokenizer(json, name);
  return createTokenizer(JSON.stringify(pruneDefinition(readDefinition(json, name), size, name)), name);
}

/** Whether a tokenizer is loaded already. */
export function isTokenizer(given: unknown): given is Tokenizer {
  return typeof (given as Partial<Tokenizer> | null | undefined)?.encode === 'function';
}
