import { createHash } from 'node:crypto';
import type { MalformedLine, SourceDocument } from './sources/document-source.ts';
import type { Tokenizer } from './tokenizers/tokenizer.ts';

/** Tokenised documents in their source's order, each ended by `</s>`. */
export interface TokenStore {
  readonly tokens: Uint16Array | Uint32Array;
  /** Tokens of each document, its `</s>` included. */
  readonly documentLengths: Uint32Array;
  /** UTF-8 bytes of the text of each document. */
  readonly documentBytes: Uint32Array;
  /** SHA-256 of the tokens and the lengths, in hex. */
  readonly hash: string;
}

/** A token store, and the lines of its source that held no document. */
export interface ReadTokens extends TokenStore {
  readonly malformed: readonly MalformedLine[];
}

/** How far the tokenising of a source is. */
export interface TokenizingProgress {
  readonly phase: 'tokenizing';
  readonly documents: number;
  readonly tokens: number;
  readonly seconds: number;
}

const PROGRESS_EVERY_DOCUMENTS = 500;

/** Hashed at a time: what a hash takes in one call ends at 2 GiB, and a text at 512 MB. */
const HASHED_BYTES = 64 * 1024 * 1024;
const HASHED_LENGTHS = 4096;

/** SHA-256 over the bytes of the tokens and the lengths of the documents. */
export function hashTokens(tokens: Uint16Array | Uint32Array, documentLengths: Uint32Array): string {
  const hash = createHash('sha256');
  for (let from = 0; from < tokens.byteLength; from += HASHED_BYTES) {
    const length = Math.min(HASHED_BYTES, tokens.byteLength - from);
    hash.update(new Uint8Array(tokens.buffer, tokens.byteOffset + from, length));
  }
  for (let from = 0; from < documentLengths.length; from += HASHED_LENGTHS) {
    const lengths = documentLengths.subarray(from, from + HASHED_LENGTHS).join();
    hash.update(from === 0 ? lengths : `,${lengths}`);
  }
  return hash.digest('hex');
}

/** @throws if there is no memory for so many tokens: the message says what needs less */
export function allocateTokens(bytesPerToken: 2 | 4, count: number): Uint16Array | Uint32Array {
  try {
    return bytesPerToken === 2 ? new Uint16Array(count) : new Uint32Array(count);
  } catch (cause) {
    throw new Error(
      `${count} tokens of ${bytesPerToken} bytes do not fit in memory (${(cause as Error).message}): ` +
        'prepare them as shards (prepareTokenShards, or c4-data prepare), which are read from the disk',
      { cause },
    );
  }
}

/**
 * Tokenises a source. Documents without a token are left out.
 *
 * @throws if the source has no document with a token
 */
export async function tokenizeDocuments(
  documents: Iterable<SourceDocument> | AsyncIterable<SourceDocument>,
  tokenizer: Tokenizer,
  sourceName: string,
  onProgress?: (progress: TokenizingProgress) => void,
): Promise<TokenStore> {
  const started = performance.now();
  const bytesPerToken = tokenizer.vocabularySize <= 0x10000 ? 2 : 4;
  let tokens = allocateTokens(bytesPerToken, 1 << 16);
  let used = 0;
  const documentLengths: number[] = [];
  const documentBytes: number[] = [];
  const report = () =>
    onProgress?.({
      phase: 'tokenizing',
      documents: documentLengths.length,
      tokens: used,
      seconds: (performance.now() - started) / 1000,
    });
  for await (const document of documents) {
    const ids = tokenizer.encode(document.text);
    if (ids.length === 0) continue;
    ids.push(tokenizer.endOfSequence);
    if (used + ids.length > tokens.length) {
      const larger = allocateTokens(bytesPerToken, Math.max(2 * tokens.length, used + ids.length));
      larger.set(tokens.subarray(0, used));
      tokens = larger;
    }
    tokens.set(ids, used);
    used += ids.length;
    documentLengths.push(ids.length);
    documentBytes.push(Buffer.byteLength(document.text));
    if (documentLengths.length % PROGRESS_EVERY_DOCUMENTS === 0) report();
  }
  if (documentLengths.length === 0) {
    throw new Error(`${sourceName} has no text: not one document gives a token`);
  }
  report();
  const exact = tokens.subarray(0, used);
  const lengths = Uint32Array.from(documentLengths);
  return {
    tokens: exact,
    documentLengths: lengths,
    documentBytes: Uint32Array.from(documentBytes),
    hash: hashTokens(exact, lengths),
  };
}
