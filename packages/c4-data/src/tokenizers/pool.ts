import { checkInteger, checkKeys, describe } from '../option-checks.ts';
import { bytesPerToken, checkTexts, type EncodedDocuments, type TokenizerPool } from './encoded-documents.ts';
import { createInlinePool } from './inline-pool.ts';
import { cutIntoChunks } from './text-chunks.ts';
import type { Tokenizer } from './tokenizer.ts';
import type { WorkerSetup } from './worker-messages.ts';
import { type EncodedChunk, WorkerQueue } from './worker-queue.ts';

/** What `createTokenizerPool` takes. */
export interface TokenizerPoolOptions {
  /** Threads that encode; 0 encodes on the calling thread. */
  readonly workers: number;
}

/** Each thread has a tokenizer of its own in memory; no machine has more cores. */
const mostWorkers = 1024;

/** @throws TypeError if it is no number of threads that could run */
export function checkWorkers(workers: unknown): void {
  checkInteger(workers, 'workers', 0);
  if ((workers as number) <= mostWorkers) return;
  throw new TypeError(`workers must be at most ${mostWorkers} threads, got ${describe(workers)}`);
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
  if (workers === 0) return createInlinePool(tokenizer);
  const setup: WorkerSetup = {
    definition: tokenizer.definition,
    name: 'the tokenizer of the pool',
    endOfSequence: tokenizer.endOfSequence,
    bytesPerToken: bytesPerToken(tokenizer.vocabularySize),
  };
  const queue = new WorkerQueue(setup, workers);
  let closed = false;

  return {
    async encodeDocuments(texts, { signal } = {}) {
      if (closed) throw new Error('the tokenizer pool is closed');
      signal?.throwIfAborted();
      checkTexts(texts);
      if (texts.length === 0) return join([], setup.bytesPerToken, 0);
      const encoded = await queue.encode(texts, cutIntoChunks(texts, workers), signal);
      return join(encoded, setup.bytesPerToken, texts.length);
    },
    async close() {
      closed = true;
      await queue.close();
    },
  };
}
