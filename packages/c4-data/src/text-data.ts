import { createHasher } from '#platform';
import type { Batch, BatchShape } from './batches/batch.ts';
import { type BatchStream, createBatchStream, type DataWorker } from './batches/batch-stream.ts';
import { inStoredOrder, JoinedDocuments, sequenceCount } from './batches/joined-documents.ts';
import { validationBatches } from './batches/validation.ts';
import { checkInteger, checkKeys, describe } from './option-checks.ts';
import type { DocumentSource, MalformedLine, SplitName } from './sources/document-source.ts';
import { malformedLineError } from './sources/malformed.ts';
import { isDocumentSource } from './sources/source-definition.ts';
import { warnOfPoorFit } from './tokenizers/fit.ts';
import type { Tokenizer } from './tokenizers/tokenizer.ts';
import {
  memoryStore,
  nameOf,
  type ReadTokens,
  type TokenizingProgress,
  type TokenReader,
  tokenizeShards,
} from './tokens/memory-store.ts';
import { defaultValidationFraction, isValidationDocument, type TokenStore } from './tokens/token-store.ts';

const alone: DataWorker = { index: 0, count: 1 };

/** The shape and the order of batches. */
export interface BatchOptions extends BatchShape {
  /** Decides the order of the training documents: an integer of 0 or more. */
  readonly seed: number;
  /** Whether the training documents have a new order in each epoch, or that of the source. Default true. */
  readonly shuffle?: boolean | undefined;
  /** This process among those that train side by side on the same data; alone by default. `batchSize` is that of this one. */
  readonly worker?: DataWorker | undefined;
}

/** How a source becomes tokens in memory. */
export interface TokenizingOptions {
  /** Share of the documents kept for validation, from 0 to below 1. Default 0.05. */
  readonly validationFraction?: number | undefined;
  readonly onProgress?: ((progress: TokenizingProgress) => void) | undefined;
  /**
   * Called for every line that holds no document, at every opening, also where the tokens come from a cache. Without it such a
   * line is an error.
   */
  readonly onMalformed?: ((problem: MalformedLine) => void) | undefined;
}

/** Text as batches of tokens. */
export interface TextData {
  readonly vocabularySize: number;
  readonly tokenizer: Tokenizer;
  /** SHA-256 in hex of the tokens of both sides and the documents that they form: another text, tokenizer or split has another. */
  readonly identity: string;
  /** Tokens of either side of the split, the `</s>` of each document included. */
  readonly tokenCounts: { readonly train: number; readonly validation: number };
  /** Training sequences of an epoch. */
  readonly sequenceCount: number;
  readonly train: BatchStream;
  /**
   * A training sequence of contextLength + 1 tokens, by its place in the documents as they are stored.
   *
   * @throws RangeError if there is no such sequence
   */
  sequence(index: number): Int32Array;
  /**
   * The same sequences of the validation documents at every call, for every seed and every worker.
   *
   * @throws RangeError if there are fewer sequences than asked for
   */
  validation(options: { readonly sequences: number; readonly batchSize?: number }): Batch[];
  /** Closes the files of a prepared source; others have none open. Nothing can be read afterwards. */
  close(): void;
}

/** The two sides of a split. */
export type SplitStores = Readonly<Record<SplitName, TokenStore>>;

const batchKeys = ['contextLength', 'batchSize', 'seed', 'shuffle', 'worker'];
const tokenizingKeys = ['validationFraction', 'onProgress', 'onMalformed'];

/**
 * @param more further keys that the caller knows
 * @throws TypeError or RangeError if an option is unknown, missing or out of its range
 */
export function checkTextDataOptions(
  options: unknown,
  more: readonly string[],
): asserts options is Record<string, unknown> & { readonly source: object } {
  checkKeys(options, [...more, ...batchKeys, ...tokenizingKeys], 'openTextData');
  checkInteger(options.contextLength, 'contextLength', 1);
  checkInteger(options.batchSize, 'batchSize', 1);
  checkInteger(options.seed, 'seed', 0);
  const { shuffle, worker, validationFraction: fraction, onProgress, onMalformed } = options;
  if (shuffle !== undefined && typeof shuffle !== 'boolean') {
    throw new TypeError(`shuffle must be true or false, got ${describe(shuffle)}`);
  }
  if (worker !== undefined) checkWorker(worker);
  if (fraction !== undefined && !(typeof fraction === 'number' && fraction >= 0 && fraction < 1)) {
    throw new TypeError(
      `validationFraction must be a number of at least 0 and below 1, got ${describe(fraction)}`,
    );
  }
  if (
    fraction !== undefined &&
    (options.source as { validation?: unknown } | undefined)?.validation !== undefined
  ) {
    throw new TypeError('give either source.validation or validationFraction, not both');
  }
  for (const [name, callback] of Object.entries({ onProgress, onMalformed })) {
    if (callback !== undefined && typeof callback !== 'function') {
      throw new TypeError(`${name} must be a function, got ${describe(callback)}`);
    }
  }
}

function checkWorker(worker: unknown): void {
  checkKeys(worker, ['index', 'count'], 'worker');
  checkInteger(worker.count, 'worker.count', 1);
  checkInteger(worker.index, 'worker.index', 0);
  const { index, count } = worker as unknown as DataWorker;
  if (index < count) return;
  throw new RangeError(`worker.index must be below worker.count, got index ${index} of ${count}`);
}

/**
 * The documents of a source in memory, by side of the split.
 *
 * @param read what reads the tokens of a side; by default they are made
 * @throws if the source cannot be read or has no text
 */
export async function tokenizeSource(
  given: object,
  source: DocumentSource,
  tokenizer: Tokenizer,
  options: TokenizingOptions,
  read: TokenReader = (_identity, _name, tokenize) => tokenize(),
): Promise<SplitStores> {
  const { onProgress, onMalformed, validationFraction } = options;
  const open = async (split: SplitName): Promise<ReadTokens | undefined> => {
    const shards = await source.shards(split);
    if (split === 'validation' && shards.length === 0) return undefined;
    const { [split === 'train' ? 'validation' : 'train']: _, ...description } = await source.describe();
    const identity = JSON.stringify([description, split]);
    const gatherMalformed = onMalformed !== undefined;
    const name = nameOf(shards);
    const tokens = await read(identity, name, () =>
      tokenizeShards(shards, split, tokenizer, { onProgress, gatherMalformed }),
    );
    if (split === 'train') {
      const bytes = tokens.documentBytes.reduce((sum, count) => sum + count, 0);
      warnOfPoorFit(tokenizer, name, bytes, tokens.tokens.length);
    }
    for (const problem of tokens.malformed) {
      if (onMalformed === undefined) throw malformedLineError(problem);
      onMalformed(problem);
    }
    return tokens;
  };
  const train = (await open('train'))!;
  const mayHaveValidation =
    isDocumentSource(given) || (given as { validation?: unknown }).validation !== undefined;
  const validation = mayHaveValidation ? await open('validation') : undefined;
  if (validation === undefined) {
    const fraction = validationFraction ?? defaultValidationFraction;
    return {
      train: memoryStore(train, (index) => !isValidationDocument(index, fraction)),
      validation: memoryStore(train, (index) => isValidationDocument(index, fraction)),
    };
  }
  if (validationFraction !== undefined) {
    throw new TypeError('the source has validation documents of its own: leave validationFraction out');
  }
  return { train: memoryStore(train, () => true), validation: memoryStore(validation, () => true) };
}

function identityOf({ train, validation }: SplitStores): string {
  const sides = [train, validation].map((side) => [side.identity, side.documentCount, side.tokenCount]);
  return createHasher('sha256').update(JSON.stringify(sides)).hex();
}

function checkLength(store: TokenStore, split: string, contextLength: number, remedy: string): void {
  if (sequenceCount(store.tokenCount, contextLength) > 0) return;
  throw new RangeError(
    `contextLength ${contextLength} needs ${contextLength + 1} tokens for one sequence, but the ${split} documents ` +
      `have ${store.tokenCount}: ${remedy}`,
  );
}

/**
 * Batches of documents: those of an epoch shuffled from the seed and the epoch, joined, and cut into windows of contextLength + 1
 * tokens, contextLength apart, so that every token but the first and the last few of an epoch is predicted once.
 *
 * @param needsValidation whether validation documents are wanted
 * @throws RangeError if there are too few tokens for one sequence
 */
export function createTextData(
  { train, validation }: SplitStores,
  tokenizer: Tokenizer,
  options: BatchOptions,
  needsValidation: boolean,
): TextData {
  const { contextLength, batchSize, seed, shuffle = true, worker = alone } = options;
  checkLength(train, 'training', contextLength, 'use a smaller contextLength or more text');
  if (needsValidation) {
    checkLength(
      validation,
      'validation',
      contextLength,
      'use a smaller contextLength, more text, or another validationFraction (0 for no validation)',
    );
  }
  const available = sequenceCount(train.tokenCount, contextLength);
  return {
    vocabularySize: tokenizer.vocabularySize,
    tokenizer,
    identity: identityOf({ train, validation }),
    tokenCounts: { train: train.tokenCount, validation: validation.tokenCount },
    sequenceCount: available,
    train: createBatchStream(train, { contextLength, batchSize, seed, shuffle, worker }),
    sequence(index) {
      if (!Number.isInteger(index) || index < 0 || index >= available) {
        throw new RangeError(`sequence must be an integer from 0 to ${available - 1}, got ${index}`);
      }
      const tokens = new Int32Array(contextLength + 1);
      const place = { ...train.locate(index * contextLength) };
      new JoinedDocuments(train, inStoredOrder).readSequence(place, contextLength, tokens, 0);
      return tokens;
    },
    validation({ sequences, batchSize: rows = batchSize }) {
      checkInteger(rows, 'batchSize', 1);
      return validationBatches(validation, sequences, { contextLength, batchSize: rows });
    },
    close() {
      train.close();
      validation.close();
    },
  };
}
