import { Tokenizer as TokenizerEngine } from '@huggingface/tokenizers';
import { addedTokensArePlain } from './added-tokens.ts';
import { BpeEncoder, isByteLevelBpe } from './bpe-encoder.ts';
import { isUnigram, piecesOf, type TokenizerDefinition } from './definition.ts';
import { readTextRules } from './text-rules.ts';
import type { TokenSink } from './token-sink.ts';
import { UnigramEncoder } from './unigram-encoder.ts';

/** Turns text into the ids of one definition. */
export interface Encoder {
  /** Appends the ids of a text to the sink. */
  encode(text: string, sink: TokenSink): void;
  /** Appends the ids of the UTF-8 text bytes[start, end) to the sink. The byte at `end` may be overwritten. */
  encodeBytes(bytes: Uint8Array, start: number, end: number, sink: TokenSink): void;
}

/** Whether pieces hold "▁" only at their start, and "▁" itself is a piece: then each word is encoded alone. */
function wordsAreIndependent(pieces: readonly string[], added: ReadonlySet<string>): boolean {
  return pieces.includes('▁') && pieces.every((piece) => piece.lastIndexOf('▁') <= 0 || added.has(piece));
}

function ownEncoder(definition: TokenizerDefinition, name: string): Encoder | undefined {
  if (!addedTokensArePlain(definition.added_tokens)) return undefined;
  if (!isUnigram(definition)) return isByteLevelBpe(definition) ? new BpeEncoder(definition) : undefined;
  const added = new Set(definition.added_tokens.map(({ content }) => content));
  const known = definition.model.byte_fallback !== true && wordsAreIndependent(piecesOf(definition), added);
  const rules = known ? readTextRules(definition, name) : undefined;
  return rules === undefined ? undefined : new UnigramEncoder(definition, rules);
}

/** The encoder of a definition: our own for those of T5's and of GPT-2's kind, else that of `@huggingface/tokenizers`. */
export function createEncoder(definition: TokenizerDefinition, name: string): Encoder {
  const own = ownEncoder(definition, name);
  if (own !== undefined) return own;
  const engine = new TokenizerEngine(definition, {});
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const encode = (text: string, sink: TokenSink): void => {
    for (const id of engine.encode(text, { add_special_tokens: false }).ids) sink.push(id);
  };
  return {
    encode,
    encodeBytes: (bytes, start, end, sink) => encode(decoder.decode(bytes.subarray(start, end)), sink),
  };
}
