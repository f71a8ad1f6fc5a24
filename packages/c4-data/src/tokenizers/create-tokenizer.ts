import { createHasher } from '#platform';
import { createDecoder } from './decoder.ts';
import { piecesOf, readDefinition } from './definition.ts';
import { createEncoder } from './encoder.ts';
import { TokenSink } from './token-sink.ts';
import type { Tokenizer } from './tokenizer.ts';

/** What ends a document: T5's kind and GPT-2's. */
const ENDS_OF_SEQUENCE = ['</s>', '<|endoftext|>'];

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
  const endOfSequence = ENDS_OF_SEQUENCE.map(idOf).find((id) => id !== -1);
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
    decode(ids) {
      const list = Array.from(ids);
      const wrong = list.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabularySize);
      if (wrong !== undefined) {
        throw new RangeError(`token ids must be integers from 0 to ${vocabularySize - 1}, got ${wrong}`);
      }
      return list.length === 0 ? '' : decode(list);
    },
  };
}
