import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createDecoder } from './decoder.ts';
import { readDefinition } from './definition.ts';
import embeddedDefinition from './embedded.tokenizer.json';
import { createEncoder } from './encoder.ts';
import { TokenSink } from './token-sink.ts';

/** Turns text into token ids and back. */
export interface Tokenizer {
  /** Number of ids: every id lies in [0, vocabularySize). */
  readonly vocabularySize: number;
  /** The id of `</s>`, which ends every document. */
  readonly endOfSequence: number;
  /** SHA-256 of the definition, in hex: equal hashes give equal ids. */
  readonly hash: string;
  /** The definition, as the text of a `tokenizer.json`: written to a file it gives this tokenizer again. */
  readonly definition: string;
  /** The ids of a text, without a `</s>` at the end. */
  encode(text: string): number[];
  /**
   * The text of ids, without `<pad>`, `</s>` and `<unk>`.
   *
   * @throws if an id is not an integer in [0, vocabularySize)
   */
  decode(ids: ArrayLike<number>): string;
}

/**
 * A tokenizer from the text of a `tokenizer.json` with a unigram model.
 *
 * @throws if the text is not such a definition or has no piece `</s>`
 */
export function createTokenizer(json: string, name: string): Tokenizer {
  const definition = readDefinition(json, name);
  const { added_tokens: added, model } = definition;
  const vocabularySize = Math.max(model.vocab.length, ...added.map(({ id }) => id + 1));
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

/**
 * Opens a tokenizer: `'embedded'` (4,096 unigram pieces trained on the embedded corpus) or a `tokenizer.json`.
 *
 * The real T5 tokenizer's file gives 32,100 pieces; models usually pad its embedding to 32,128 rows.
 *
 * @throws if the file is missing, is not JSON, or is not a unigram tokenizer with a `</s>` piece
 */
export async function loadTokenizer(choice: 'embedded' | { readonly file: string }): Promise<Tokenizer> {
  if (choice === 'embedded')
    return createTokenizer(JSON.stringify(embeddedDefinition), 'the embedded tokenizer');
  const json = await readFile(choice.file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const reason = cause.code === 'ENOENT' ? 'no such file' : cause.message;
    throw new Error(`cannot read the tokenizer ${choice.file}: ${reason}`, { cause });
  });
  return createTokenizer(json, choice.file);
}
