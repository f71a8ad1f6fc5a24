import { createHash } from 'node:crypto';
import type { SourceDocument } from './c4-files.ts';
import type { MalformedLine } from './sources/document-source.ts';
import type { Tokenizer } from './tokenizers/tokenizer.ts';

/** Tokenised documents in their source's order, each ended by `</s>`. */
export interface TokenStore {
  readonly tokens: Uint16Array | Uint32Array;
  /** Tokens of each document, its `</s>` included. */
  readonly documentLengths: readonly number[];
  /** UTF-8 bytes of the text of each document. */
  readonly documentBytes: readonly number[];
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

/** SHA-256 over the bytes of the tokens and the lengths of the documents. */
export function hashTokens(tokens: Uint16Array | Uint32Array, documentLengths: readonly number[]): string {
  return createHash('sha256')
    .update(new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength))
    .update(documentLengths.join())
    .digest('hex');
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
  const TokenArray = tokenizer.vocabularySize <= 0x10000 ? Uint16Array : Uint32Array;
  let tokens = new TokenArray(1 << 16);
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
      const larger = new TokenArray(Math.max(2 * tokens.length, used + ids.length));
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
  const exact = tokens.slice(0, used);
  return { tokens: exact, documentLengths, documentBytes, hash: hashTokens(exact, documentLengths) };
}
