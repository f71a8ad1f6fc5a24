import { createHash } from 'node:crypto';
import { createDecoder } from './decoder.ts';
import { readDefinition } from './definition.ts';
import { createEncoder } from './encoder.ts';
import { TokenSink } from './token-sink.ts';
import type { Tokenizer } from './tokenizer.ts';

/**
 * A tokenizer from the text of a `tokenizer.json` with a unigram model.
 *
 * @throws if the text is not such a definition or has no piece `</s>`
 */
export function createTokenizer(json: string, name: string): Tokenizer {
  const definition = readDefinition(json, name);
  const { added_tokens: added, model } = definition;
  const vocabularySize = added.reduce((most, { id }) => Math.max(most, id + 1), model.vocab.length);
  const endOfSequence =
    added.find(({ content }) => content === '</s>')?.id ??
    model.vocab.findIndex(([piece]) => piece === '</s>');
  if (endOfSequence === -1) throw new Error(`${name} has no piece "</s>", which must end every document`);
  const encoder = createEncoder(definition, name);
  const decode = createDecoder(definition);
  const sink = new TokenSink();

  return {
    vocabularySize,
    endOfSequence,
    hash: createHash('sha256').update(json).digest('hex'),
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
