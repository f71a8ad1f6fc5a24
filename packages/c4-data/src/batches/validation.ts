import type { TokenStore } from '../tokens/token-store.ts';
import { allocateBatch, type Batch, type BatchShape } from './batch.ts';
import { JoinedDocuments, sequenceCount, shuffledOrder } from './joined-documents.ts';

/**
 * The first validation sequences in batches, of documents in an order that no option changes: a sample of all of them however few
 * are read. A larger number of sequences begins with a smaller one's.
 *
 * @throws RangeError if there are fewer sequences than asked for
 */
export function validationBatches(
  store: TokenStore,
  sequences: number,
  { contextLength, batchSize }: BatchShape,
): Batch[] {
  const count = sequenceCount(store.tokenCount, contextLength);
  if (!Number.isInteger(sequences) || sequences < 1 || sequences > count) {
    throw new RangeError(
      `validation has ${count} sequences of contextLength ${contextLength}: ` +
        `sequences must be an integer from 1 to that, got ${sequences}`,
    );
  }
  const joined = new JoinedDocuments(store, shuffledOrder(store.documentCount, 'validation'));
  const place = { document: 0, offset: 0 };
  const sequenceLength = contextLength + 1;
  const batches: Batch[] = [];
  for (let first = 0; first < sequences; first += batchSize) {
    const rows = Math.min(batchSize, sequences - first);
    const tokens = allocateBatch(rows, sequenceLength);
    const textBytes = new Float64Array(rows);
    for (let row = 0; row < rows; row += 1) {
      textBytes[row] = joined.targetBytes(place, contextLength);
      joined.readSequence(place, contextLength, tokens, row * sequenceLength);
    }
    batches.push({ tokens, batchSize: rows, sequenceLength, textBytes });
  }
  return batches;
}
