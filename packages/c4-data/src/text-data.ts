import { createHash } from 'node:crypto';
import { type Batch, type BatchStream, createBatchStream } from './batches.ts';
import { checkInteger } from './option-checks.ts';
import { checkOptions, type TextSource } from './options.ts';
import {
  type DocumentSet,
  isValidationDocument,
  selectDocuments,
  sequenceCount,
  validationSequences,
} from './packing.ts';
import { printable } from './printable.ts';
import { openTokenShards, type TokenShardsOptions } from './shards/open-token-shards.ts';
import { loadPreparedTokenizer } from './shards/prepared-tokenizer.ts';
import { malformedLineError } from './sources/document-lines.ts';
import type { MalformedLine, SourceDocument, SplitName } from './sources/document-source.ts';
import { EDITION, readEmbeddedCorpus } from './sources/embedded-source.ts';
import { listSplitFiles, TEXT_FIELD } from './sources/files/file-source.ts';
import type { SourceFile } from './sources/files/list-files.ts';
import { readDocuments } from './sources/files/read-documents.ts';
import { identifyC4, openC4Hub } from './sources/hub/c4-hub.ts';
import { prepareCacheDirectory, readCachedTokens, writeCachedTokens } from './token-cache.ts';
import { type ReadTokens, type TokenizingProgress, tokenizeDocuments } from './token-store.ts';
import { openTokenizer } from './tokenizers/open-tokenizer.ts';
import type { Tokenizer, TokenizerChoice } from './tokenizers/tokenizer.ts';
import { validationBatches } from './validation-batches.ts';

/** Raised when the text of a source, or the way it is tokenised and cut, changes for the same input. */
const DATA_VERSION = 2;
const DEFAULT_VALIDATION_FRACTION = 0.05;
const FILES_IN_MESSAGE = 3;

/** What `openTextData` takes. */
export interface TextDataOptions {
  readonly source: TextSource;
  /** Required but for a prepared source, which brings its own. */
  readonly tokenizer?: TokenizerChoice | Tokenizer | undefined;
  /** Tokens a model reads at once; a sequence has one more. */
  readonly contextLength: number;
  /** Sequences in a training batch. */
  readonly batchSize: number;
  /** Decides the order of the training documents: an integer of 0 or more. */
  readonly seed: number;
  /** Share of the documents kept for validation, from 0 to below 1. Default 0.05. */
  readonly validationFraction?: number | undefined;
  /** Folder where tokenised documents are kept for the next process; made if absent. Not used by a prepared source. */
  readonly cacheDirectory?: string | undefined;
  readonly onProgress?: ((progress: TokenizingProgress) => void) | undefined;
  /**
   * Called for every line that holds no document, at every opening, also where the tokens come from the cache. Without it such a
   * line is an error.
   */
  readonly onMalformed?: ((problem: MalformedLine) => void) | undefined;
}

/** Text as batches of tokens. */
export interface TextData {
  readonly vocabularySize: number;
  readonly tokenizer: Tokenizer;
  /** Tokens of either side of the split, the `</s>` of each document included. */
  readonly tokenCounts: { readonly train: number; readonly validation: number };
  readonly train: BatchStream;
  /**
   * The same sequences of the validation documents at every call and for every seed.
   *
   * @throws RangeError if there are fewer sequences than asked for
   */
  validation(options: { readonly sequences: number; readonly batchSize?: number }): Batch[];
  /** Closes the files of a prepared source; others have none open. */
  close(): void;
}

type FilesSource = Extract<TextSource, { readonly type: 'files' }>;
type C4Source = Extract<TextSource, { readonly type: 'c4' }>;

interface NamedSource {
  readonly name: string;
  /** Changes when the text changes. */
  readonly identity: string;
  readonly documents: (
    onMalformed: TextDataOptions['onMalformed'],
  ) => Iterable<SourceDocument> | AsyncIterable<SourceDocument>;
}

async function embeddedSource(): Promise<NamedSource> {
  const documents = await readEmbeddedCorpus();
  return { name: 'the embedded corpus', identity: EDITION, documents: () => documents };
}

function fileSource(files: readonly SourceFile[], { textField = TEXT_FIELD }: FilesSource): NamedSource {
  const names = files.map(({ path }) => printable(path));
  const more = names.length > FILES_IN_MESSAGE ? ` and ${names.length - FILES_IN_MESSAGE} more` : '';
  return {
    name: names.slice(0, FILES_IN_MESSAGE).join(', ') + more,
    identity: JSON.stringify(textField === TEXT_FIELD ? files : { textField, files }),
    documents: (onMalformed) => readDocuments(files, { textField, ...(onMalformed && { onMalformed }) }),
  };
}

async function c4Source({ type, ...options }: C4Source, split: SplitName): Promise<NamedSource> {
  const hub = openC4Hub(options);
  return {
    name: `C4 (${split}) on the hub`,
    identity: await identifyC4(options, split),
    async *documents(onMalformed) {
      for (const shard of await hub.shards(split)) yield* shard.open(onMalformed && { onMalformed });
    },
  };
}

/** Reads and tokenises a source, or takes its tokens from the cache. */
async function readSource(
  source: NamedSource,
  tokenizer: Tokenizer,
  { cacheDirectory, onProgress, onMalformed }: TextDataOptions,
): Promise<ReadTokens> {
  const tokenize = async () => {
    const malformed: MalformedLine[] = [];
    const documents = source.documents(onMalformed && ((problem) => malformed.push(problem)));
    const store = await tokenizeDocuments(documents, tokenizer, source.name, onProgress);
    return { ...store, malformed };
  };
  if (cacheDirectory === undefined) return tokenize();
  const key = createHash('sha256')
    .update(JSON.stringify([DATA_VERSION, source.identity, tokenizer.hash]))
    .digest('hex')
    .slice(0, 32);
  const cached = await readCachedTokens(cacheDirectory, key);
  if (cached !== undefined) return cached;
  await prepareCacheDirectory(cacheDirectory);
  const store = await tokenize();
  await writeCachedTokens(cacheDirectory, key, source.name, store);
  return store;
}

async function openStore(
  source: NamedSource,
  tokenizer: Tokenizer,
  options: TextDataOptions,
): Promise<ReadTokens> {
  const store = await readSource(source, tokenizer, options);
  for (const problem of store.malformed) {
    if (options.onMalformed === undefined) throw malformedLineError(problem);
    options.onMalformed(problem);
  }
  return store;
}

/** The documents to read, by side; without validation documents of its own, part of the others is to serve. */
async function sourcesOf(
  source: Exclude<TextSource, { readonly type: 'prepared' }>,
): Promise<{ readonly train: NamedSource; readonly validation?: NamedSource }> {
  const ownValidation = 'validation' in source && source.validation !== undefined;
  if (source.type === 'embedded') return { train: await embeddedSource() };
  if (source.type === 'c4') {
    const train = await c4Source(source, 'train');
    return ownValidation ? { train, validation: await c4Source(source, 'validation') } : { train };
  }
  const { train, validation, onSkipped } = source;
  const files = await listSplitFiles({
    train: [train].flat(),
    validation: validation === undefined ? undefined : [validation].flat(),
    onSkipped,
  });
  const named = { train: fileSource(files.train, source) };
  return ownValidation ? { ...named, validation: fileSource(files.validation, source) } : named;
}

interface Split {
  readonly train: DocumentSet;
  readonly validation: DocumentSet;
}

async function openSplit(
  source: Exclude<TextSource, { readonly type: 'prepared' }>,
  options: TextDataOptions,
  tokenizer: Tokenizer,
): Promise<Split> {
  const sources = await sourcesOf(source);
  const store = await openStore(sources.train, tokenizer, options);
  const all = () => true;
  if (sources.validation !== undefined) {
    const validation = await openStore(sources.validation, tokenizer, options);
    return { train: selectDocuments(store, all), validation: selectDocuments(validation, all) };
  }
  const fraction = options.validationFraction ?? DEFAULT_VALIDATION_FRACTION;
  return {
    train: selectDocuments(store, (index) => !isValidationDocument(index, fraction)),
    validation: selectDocuments(store, (index) => isValidationDocument(index, fraction)),
  };
}

function checkLength(documents: DocumentSet, split: string, contextLength: number, remedy: string): void {
  if (sequenceCount(documents.tokenCount, contextLength) > 0) return;
  throw new RangeError(
    `contextLength ${contextLength} needs ${contextLength + 1} tokens for one sequence, but the ${split} documents ` +
      `have ${documents.tokenCount}: ${remedy}`,
  );
}

/**
 * Opens text as batches of tokens for training and validation.
 *
 * Documents are tokenised, each ended by `</s>`; the training documents are shuffled from the seed and the epoch,
 * joined, and cut into windows of contextLength + 1 tokens, contextLength apart, so that every token but the first
 * and the last few of an epoch is predicted once. With `cacheDirectory` the second process to open a source reads its tokens
 * back. All tokens are held in memory, at 2 bytes each for vocabularies up to 65,536.
 *
 * A prepared source is read as `openTokenShards` does: sequences are shuffled instead of documents, and read from the
 * files when they are asked for.
 *
 * @throws if an option is wrong, a file is missing or malformed, the source has no text or too little for one
 *   sequence, or the cache folder cannot be written
 */
export async function openTextData(options: TextDataOptions): Promise<TextData> {
  checkOptions(options);
  const { source, contextLength, batchSize, seed, validationFraction } = options;
  if (source.type === 'prepared') return openPrepared(source.directory, { contextLength, batchSize, seed });
  const tokenizer = await openTokenizer(options.tokenizer!);
  const { train, validation } = await openSplit(source, options, tokenizer);
  checkLength(train, 'training', contextLength, 'use a smaller contextLength or more text');
  if (validationFraction !== 0) {
    checkLength(
      validation,
      'validation',
      contextLength,
      'use a smaller contextLength, more text, or another validationFraction (0 for no validation)',
    );
  }
  return {
    vocabularySize: tokenizer.vocabularySize,
    tokenizer,
    tokenCounts: { train: train.tokenCount, validation: validation.tokenCount },
    train: createBatchStream(train, options),
    validation({ sequences, batchSize: rows = batchSize }) {
      checkInteger(rows, 'batchSize', 1);
      return validationBatches(validationSequences(validation, contextLength), sequences, rows);
    },
    close() {},
  };
}

async function openPrepared(directory: string, options: TokenShardsOptions): Promise<TextData> {
  const tokenizer = await loadPreparedTokenizer(directory);
  const { vocabularySize, tokenCounts, train, validation, close } = await openTokenShards(directory, options);
  return { vocabularySize, tokenizer, tokenCounts, train, validation, close };
}
