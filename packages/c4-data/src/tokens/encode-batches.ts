import { utf8Bytes } from '../text-bytes.ts';
import type { EncodedDocuments, TokenizerPool } from '../tokenizers/encoded-documents.ts';
import type { DocumentBatch } from './document-reader.ts';
import type { SplitName } from './token-store.ts';

/** Some documents with tokens, one after another. */
export interface EncodedRun {
  readonly tokens: Uint16Array | Uint32Array;
  /** Tokens of each document, its `</s>` included. */
  readonly lengths: readonly number[];
  /** UTF-8 bytes of the text of each document. */
  readonly bytes: readonly number[];
}

/** How many batches are encoded ahead of the one that is awaited, and what ends that. */
export interface EncodingOptions {
  readonly ahead: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Encodes batches of documents, and gives them in their order.
 *
 * @throws the reason of the signal once the batch that was given last has been dealt with
 */
export async function* encodeBatches(
  batches: AsyncIterable<DocumentBatch>,
  pool: Pick<TokenizerPool, 'encodeDocuments'>,
  { ahead, signal }: EncodingOptions,
): AsyncGenerator<{ readonly batch: DocumentBatch; readonly encoded: EncodedDocuments }, void> {
  const waiting: { batch: DocumentBatch; encoded: Promise<EncodedDocuments> }[] = [];
  const next = async () => {
    const { batch, encoded } = waiting.shift()!;
    return { batch, encoded: await encoded };
  };
  for await (const batch of batches) {
    const encoded = pool.encodeDocuments(batch.texts, { signal });
    // It is awaited later; until then its failure must not count as unhandled.
    encoded.catch(() => {});
    waiting.push({ batch, encoded });
    if (waiting.length <= ahead) continue;
    yield await next();
    signal?.throwIfAborted();
  }
  while (waiting.length > 0) {
    yield await next();
    signal?.throwIfAborted();
  }
}

/**
 * The documents of a batch that have tokens, in runs that go to the same side of the split; the others are counted.
 *
 * @param splitOf called for each document that has tokens, in order
 */
export function divide(
  texts: readonly string[],
  { tokens, lengths }: EncodedDocuments,
  splitOf: () => SplitName,
): { readonly runs: { split: SplitName; run: EncodedRun }[]; readonly emptyDocuments: number } {
  const runs: { split: SplitName; from: number; to: number; lengths: number[]; bytes: number[] }[] = [];
  let emptyDocuments = 0;
  let token = 0;
  for (const [document, length] of lengths.entries()) {
    if (length === 0) {
      emptyDocuments += 1;
      continue;
    }
    const split = splitOf();
    if (runs.at(-1)?.split !== split) runs.push({ split, from: token, to: token, lengths: [], bytes: [] });
    const run = runs.at(-1)!;
    token += length;
    run.to = token;
    run.lengths.push(length);
    run.bytes.push(utf8Bytes(texts[document]!));
  }
  return {
    runs: runs.map(({ split, from, to, ...run }) => ({
      split,
      run: { tokens: tokens.subarray(from, to), ...run },
    })),
    emptyDocuments,
  };
}
