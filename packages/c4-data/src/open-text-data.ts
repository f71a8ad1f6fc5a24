import { checkKeys, describe } from './option-checks.ts';
import type { DocumentSource } from './sources/document-source.ts';
import { type NamedSource, nodeSources } from './sources/open-source.ts';
import {
  type BatchOptions,
  checkTextDataOptions,
  createTextData,
  type TextData,
  type TokenizingOptions,
  tokenizeSource,
} from './text-data.ts';
import type { TokenizerChoice } from './tokenizers/load-tokenizer.ts';
import { checkTokenizer, openTokenizer } from './tokenizers/open-tokenizer.ts';
import type { Tokenizer } from './tokenizers/tokenizer.ts';
import { readThroughCache } from './tokens/cache/token-cache.ts';
import { openShards } from './tokens/shards/open-shards.ts';
import { loadPreparedTokenizer } from './tokens/shards/prepared-tokenizer.ts';

/** A folder of token shards, as `prepareTokenShards` writes it. */
export interface PreparedSource {
  readonly type: 'prepared';
  readonly directory: string;
}

/** The text to read: the embedded corpus, texts in memory, files and folders, C4 itself, or token shards that were made of text. */
export type TextSource = NamedSource | PreparedSource;

/** What `openTextData` takes. */
export interface TextDataOptions extends BatchOptions, TokenizingOptions {
  /** A source by its type, or one of your own. */
  readonly source: TextSource | DocumentSource;
  /** Required except for a prepared source, which brings its own. */
  readonly tokenizer?: TokenizerChoice | Tokenizer | undefined;
  /** Folder where tokenized documents are kept for the next process; made if absent. Not used by a prepared source. */
  readonly cacheDirectory?: string | undefined;
}

function isPrepared(source: unknown): source is PreparedSource {
  return (source as { type?: unknown } | null | undefined)?.type === 'prepared';
}

/** Prepared shards were tokenized and split when they were made. */
function checkPrepared(options: TextDataOptions): void {
  checkKeys(options.source, ['type', 'directory'], 'source');
  const { directory } = options.source as PreparedSource;
  if (typeof directory !== 'string' || directory === '') {
    throw new TypeError(`source.directory must be the path of a folder, got ${describe(directory)}`);
  }
  for (const name of ['tokenizer', 'validationFraction'] as const) {
    if (options[name] !== undefined) {
      throw new TypeError(
        `a prepared source brings its own tokenizer and validation documents: leave ${name} out`,
      );
    }
  }
}

function checkOptions(options: TextDataOptions): void {
  checkTextDataOptions(options, ['source', 'tokenizer', 'cacheDirectory']);
  const { source, cacheDirectory } = options as TextDataOptions;
  if (isPrepared(source)) checkPrepared(options);
  else {
    nodeSources.check(source, ["{ type: 'prepared', directory }"]);
    checkTokenizer(options.tokenizer);
  }
  if ('type' in source && source.type === 'c4' && source.train === undefined) {
    throw new TypeError(
      "source.train must say which shards of C4 to read, as in { type: 'c4', train: { shards: 1 } }",
    );
  }
  if (cacheDirectory !== undefined && (typeof cacheDirectory !== 'string' || cacheDirectory === '')) {
    throw new TypeError(`cacheDirectory must be the path of a folder, got ${describe(cacheDirectory)}`);
  }
}

/**
 * Opens text as batches of tokens for training and validation.
 *
 * Documents are tokenized, each ended by `</s>`; the training documents are shuffled from the seed and the epoch, joined, and cut
 * into windows of contextLength + 1 tokens, contextLength apart, so that every token but the first and the last few of an epoch is
 * predicted once. All tokens are held in memory, at 2 bytes each for vocabularies up to 65,536; with `cacheDirectory` the second
 * process to open a source reads them back. A prepared source gives the same batches from its files, in constant memory.
 *
 * @throws if an option is wrong, a file is missing or malformed, the source has no text or too little for one
 *   sequence, or the cache folder cannot be written
 */
export async function openTextData(options: TextDataOptions): Promise<TextData> {
  checkOptions(options);
  const { source, cacheDirectory } = options;
  if (isPrepared(source)) {
    const stores = await openShards(source.directory);
    return createTextData(stores, await loadPreparedTokenizer(source.directory), options, false);
  }
  const tokenizer = await openTokenizer(options.tokenizer!);
  const opened = await nodeSources.open(source);
  const read = cacheDirectory === undefined ? undefined : readThroughCache(cacheDirectory, tokenizer.hash);
  const stores = await tokenizeSource(source, opened, tokenizer, options, read);
  return createTextData(stores, tokenizer, options, options.validationFraction !== 0);
}
