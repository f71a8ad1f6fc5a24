import { checkInteger, checkKeys, describe } from '../option-checks.ts';
import { DocumentEncoder } from './document-encoder.ts';
import { type Chunk, cutIntoChunks, writeChunk } from './text-chunks.ts';
import type { Tokenizer } from './tokenizer.ts';
import type { WorkerSetup } from './worker-messages.ts';
import { type EncodedChunk, WorkerQueue } from './worker-queue.ts';

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

/** What `createTokenizerPool` takes. */
export interface TokenizerPoolOptions {
  /** Threads that encode; 0 encodes on the calling thread. */
  readonly workers: number;
}

/** Each thread has a tokenizer of its own in memory; no machine has more cores. */
const MOST_WORKERS = 1024;

/** @throws TypeError if it is no number of threads that could run */
export function checkWorkers(workers: unknown): void {
  checkInteger(workers, 'workers', 0);
  if ((workers as number) <= MOST_WORKERS) return;
  throw new TypeError(`workers must be at most ${MOST_WORKERS} threads, got ${describe(workers)}`);
}

function checkTexts(texts: readonly unknown[]): void {
  const wrong = texts.findIndex((text) => typeof text !== 'string');
  if (wrong !== -1) throw new TypeError(`texts[${wrong}] must be a string, got ${describe(texts[wrong])}`);
}

function join(chunks: readonly EncodedChunk[], bytesPerToken: 2 | 4, documents: number): EncodedDocuments {
  if (chunks.length === 1) return chunks[0]!;
  const count = chunks.reduce((sum, { tokens }) => sum + tokens.length, 0);
  const tokens = bytesPerToken === 2 ? new Uint16Array(count) : new Uint32Array(count);
  const lengths = new Uint32Array(documents);
  let token = 0;
  let document = 0;
  for (const chunk of chunks) {
    tokens.set(chunk.tokens, token);
    lengths.set(chunk.lengths, document);
    token += chunk.tokens.length;
    document += chunk.lengths.length;
  }
  return { tokens, lengths };
}

/** Gives the chunks of a call in turn; the rest is dropped when the signal is aborted. */
async function encodeHere(
  encoder: DocumentEncoder,
  texts: readonly string[],
  chunks: readonly Chunk[],
  signal: AbortSignal | undefined,
): Promise<EncodedChunk[]> {
  const encoded: EncodedChunk[] = [];
  for (const chunk of chunks) {
    signal?.throwIfAborted();
    const text = new Uint8Array(3 * chunk.characters + chunk.to - chunk.from);
    const lengths = writeChunk(texts, chunk, text);
    encoded.push({ tokens: encoder.encode(text, lengths), lengths });
    // Other work of this thread may go on between chunks.
    if (chunks.length > 1) await new Promise((resolve) => setImmediate(resolve));
  }
  return encoded;
}

/**
 * Encodes documents with a tokenizer in worker threads.
 *
 * Text goes to the workers as UTF-8 and ids come back in buffers that are transferred, not copied. Workers that have
 * nothing to do do not keep the process alive.
 *
 * @throws TypeError if `workers` is not an integer from 0 to 1,024
 */
export function createTokenizerPool(tokenizer: Tokenizer, options: TokenizerPoolOptions): TokenizerPool {
  checkKeys(options, ['workers'], 'createTokenizerPool');
  checkWorkers(options.workers);
  const { workers } = options;
  const setup: WorkerSetup = {
    definition: tokenizer.definition,
    name: 'the tokenizer of the pool',
    endOfSequence: tokenizer.endOfSequence,
    bytesPerToken: tokenizer.vocabularySize <= 0x10000 ? 2 : 4,
  };
  const queue = workers > 0 ? new WorkerQueue(setup, workers) : undefined;
  const encoder = workers > 0 ? undefined : new DocumentEncoder(setup);
  let closed = false;

  return {
    async encodeDocuments(texts, { signal } = {}) {
      if (closed) throw new Error('the tokenizer pool is closed');
      signal?.throwIfAborted();
      checkTexts(texts);
      if (texts.length === 0) return join([], setup.bytesPerToken, 0);
      const chunks = cutIntoChunks(texts, Math.max(workers, 1));
      const encoded =
        queue === undefined
          ? await encodeHere(encoder!, texts, chunks, signal)
          : await queue.encode(texts, chunks, signal);
      return join(encoded, setup.bytesPerToken, texts.length);
    },
    async close() {
      closed = true;
      await queue?.close();
    },
  };
}
