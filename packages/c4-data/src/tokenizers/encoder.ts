import { Tokenizer as TokenizerEngine } from '@huggingface/tokenizers';
import type { TokenizerDefinition } from './definition.ts';
import { readTextRules } from './text-rules.ts';
import type { TokenSink } from './token-sink.ts';
import { addedTokensArePlain, UnigramEncoder } from './unigram-encoder.ts';

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

/** The encoder of a definition: our own for T5's kind, else that of `@huggingface/tokenizers`. */
export function createEncoder(definition: TokenizerDefinition, name: string): Encoder {
  const { added_tokens: added, model } = definition;
  const independent = wordsAreIndependent(
    model.vocab.map(([piece]) => piece),
    new Set(added.map(({ content }) => content)),
  );
  const known = independent && model.byte_fallback !== true && addedTokensArePlain(added);
  const rules = known ? readTextRules(definition, name) : undefined;
  if (rules !== undefined) return new UnigramEncoder(definition, rules);
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
