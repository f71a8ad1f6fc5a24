import { describe } from '../option-checks.ts';

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
   * The ids of documents, equal to those of `tokenizer.encode` on each. Calls may overlap: each gives its own. An abort
   * rejects with the reason of the signal.
   *
   * @throws if a text is not a string, a worker fails, the call is aborted, or the pool is closed
   */
  encodeDocuments(
    texts: readonly string[],
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<EncodedDocuments>;
  /** Ends the workers; calls on their way are rejected. Closing again does nothing. */
  close(): Promise<void>;
}

/** Bytes of a token in arrays and files. */
export function bytesPerToken(vocabularySize: number): 2 | 4 {
  return vocabularySize <= 0x10000 ? 2 : 4;
}

/** @throws TypeError if a text is not a string */
export function checkTexts(texts: readonly unknown[]): void {
  const wrong = texts.findIndex((text) => typeof text !== 'string');
  if (wrong !== -1) throw new TypeError(`texts[${wrong}] must be a string, got ${describe(texts[wrong])}`);
}
