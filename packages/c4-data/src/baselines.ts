import type { Batch } from './batches/batch.ts';
import type { TextData } from './text-data.ts';
import { firstWhere } from './tokens/token-store.ts';

/**
 * What tables of counts predict of the validation text: the losses that a language model has to beat to have learned more than
 * which tokens are frequent and which follow one or two others.
 */
export interface NgramBaselines {
  /** Mean cross-entropy in nats per token of the validation targets under counts of single tokens. */
  readonly unigram: number;
  /** The same given one token before, interpolated with the unigram. */
  readonly bigram: number;
  /** The same given two tokens before, interpolated with the bigram. */
  readonly trigram: number;
  /** Training tokens that were counted. */
  readonly trainTokens: number;
  /** Validation targets that were scored. */
  readonly validationTokens: number;
}

/** What to count and what to score. */
export interface NgramOptions {
  /** Validation sequences to score, as for `TextData.validation`. */
  readonly sequences: number;
  /** Training tokens to count: those of the first steps of the data's own order, each once, however many epochs a run has. Default all;
   * at most 16 million, as `trainTokens` then says. */
  readonly tokens?: number;
}

/** Counted in some fifteen seconds and half a gigabyte. */
const mostTokens = 16_000_000;

/**
 * Losses of Witten-Bell n-gram models that are counted on the training text that a run reads and scored on its validation sequences.
 * An n-gram model of order n gives token w after context c the probability
 * (count(c w) + types(c) * lower(w)) / (count(c) + types(c)), where types(c) is the number of distinct tokens seen after c and
 * `lower` the model of order n - 1; below the unigram every token of the vocabulary is as likely as another
 * (Witten and Bell 1991; Chen and Goodman 1998, equation 14). Counts never cross from one sequence into the next, and a target
 * is given no token before its sequence: a model of language has none either.
 *
 * @throws RangeError if there are fewer sequences than asked for
 */
export function ngramBaselines(
  data: TextData,
  { sequences, tokens = Number.POSITIVE_INFINITY }: NgramOptions,
): NgramBaselines {
  const validation = rowsOf(data.validation({ sequences }));
  const train = countedSequences(data, Math.min(tokens, mostTokens));
  const size = data.vocabularySize;
  const unigrams = countAfter(train, 1, size, () => 0);
  const bigrams = countAfter(train, 1, size, (row, target) => row[target - 1]!);
  const pairBefore = (row: Int32Array, target: number) => bigrams.find(row[target - 2]!, row[target - 1]!);
  const trigrams = countAfter(train, 2, size, pairBefore);
  const sums = { unigram: 0, bigram: 0, trigram: 0 };
  for (const row of validation) {
    for (let target = 1; target < row.length; target++) {
      const token = row[target]!;
      const unigram = unigrams.interpolate(0, token, 1 / size);
      const bigram = bigrams.interpolate(row[target - 1]!, token, unigram);
      const trigram = target < 2 ? bigram : trigrams.interpolate(pairBefore(row, target), token, bigram);
      sums.unigram -= Math.log(unigram);
      sums.bigram -= Math.log(bigram);
      sums.trigram -= Math.log(trigram);
    }
  }
  const validationTokens = targetsOf(validation);
  return {
    unigram: sums.unigram / validationTokens,
    bigram: sums.bigram / validationTokens,
    trigram: sums.trigram / validationTokens,
    trainTokens: targetsOf(train),
    validationTokens,
  };
}

/** The sequences of the first steps that predict `tokens` tokens, of one epoch at most; the stream is left where it was, also by an error. */
function countedSequences({ train, sequenceCount }: TextData, tokens: number): Int32Array[] {
  const place = train.position();
  const rows: Int32Array[] = [];
  let left = tokens;
  try {
    train.seek({ ...place, epoch: 0, token: 0, document: 0, offset: 0 });
    while (rows.length < sequenceCount && left > 0) {
      for (const row of rowsOf([train.next()])) {
        if (rows.length === sequenceCount || left <= 0) break;
        rows.push(row);
        left -= row.length - 1;
      }
    }
    return rows;
  } finally {
    train.seek(place);
  }
}

function rowsOf(batches: readonly Batch[]): Int32Array[] {
  return batches.flatMap(({ tokens, batchSize, sequenceLength }) =>
    Array.from({ length: batchSize }, (_, row) =>
      tokens.subarray(row * sequenceLength, (row + 1) * sequenceLength),
    ),
  );
}

function targetsOf(rows: readonly Int32Array[]): number {
  return rows.reduce((sum, row) => sum + row.length - 1, 0);
}

/** How often each token followed each context. */
interface Counts {
  /** Number of a context and token among those that occurred, or -1. */
  find(context: number, token: number): number;
  /** The token's probability after the context, given the one it has under the next shorter context. */
  interpolate(context: number, token: number, lower: number): number;
}

/**
 * @param first the first target of a row that has the context
 * @param contextOf the number of the context of a target
 */
function countAfter(
  rows: readonly Int32Array[],
  first: number,
  size: number,
  contextOf: (row: Int32Array, target: number) => number,
): Counts {
  const keys = new Float64Array(rows.reduce((sum, row) => sum + Math.max(0, row.length - first), 0));
  let next = 0;
  for (const row of rows) {
    for (let target = first; target < row.length; target++) {
      keys[next++] = contextOf(row, target) * size + row[target]!;
    }
  }
  keys.sort();
  const counts: number[] = [];
  const contexts = new Map<number, { total: number; types: number }>();
  let distinct = 0;
  for (const key of keys) {
    const context = Math.floor(key / size);
    const seen = contexts.get(context) ?? { total: 0, types: 0 };
    contexts.set(context, seen);
    seen.total++;
    if (distinct > 0 && keys[distinct - 1] === key) {
      counts[distinct - 1]!++;
      continue;
    }
    keys[distinct++] = key;
    counts.push(1);
    seen.types++;
  }
  const find = (context: number, token: number) => {
    const key = context * size + token;
    const index = firstWhere(distinct, (place) => keys[place]! >= key);
    return index < distinct && keys[index] === key ? index : -1;
  };
  return {
    find,
    interpolate(context, token, lower) {
      const seen = contexts.get(context);
      if (seen === undefined) return lower;
      const index = find(context, token);
      const count = index < 0 ? 0 : counts[index]!;
      return (count + seen.types * lower) / (seen.total + seen.types);
    },
  };
}
