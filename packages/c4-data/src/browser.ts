// The entry for browsers: what of this package needs neither files nor worker threads, under the names of the entry for Node.
import { checkKeys, describe } from './option-checks.ts';
import type { DocumentSource } from './sources/document-source.ts';
import { type EmbeddedSourceOptions, embeddedSource } from './sources/embedded-source.ts';
import { SourceCatalog } from './sources/source-definition.ts';
import { type TextsSourceOptions, textsSource } from './sources/texts-source.ts';
import {
  type BatchOptions,
  checkTextDataOptions,
  createTextData,
  type TextData,
  type TokenizingOptions,
  tokenizeSource,
} from './text-data.ts';
import type { Pruning } from './tokenizers/pruning.ts';
import type { Tokenizer } from './tokenizers/tokenizer.ts';
import {
  definitionOf,
  isTokenizer,
  isTokenizerText,
  type TokenizerText,
  tokenizerFrom,
} from './tokenizers/tokenizer-text.ts';
import { type SourceTraining, trainOnSource } from './tokenizers/training/train-on-source.ts';

export { type NgramBaselines, type NgramOptions, ngramBaselines } from './baselines.ts';
export type { Batch, BatchShape } from './batches/batch.ts';
export type { BatchStream, DataWorker } from './batches/batch-stream.ts';
export type { DataPosition } from './batches/data-position.ts';
export type {
  DocumentShard,
  DocumentSource,
  MalformedLine,
  OpenShardOptions,
  SourceDocument,
  SplitName,
} from './sources/document-source.ts';
export type { TextData } from './text-data.ts';
export type { Pruning } from './tokenizers/pruning.ts';
export type { Tokenizer } from './tokenizers/tokenizer.ts';
export type { TokenizingProgress } from './tokens/memory-store.ts';

/** The text to read in a browser: the embedded corpus or texts in memory. */
export type TextSource = EmbeddedSourceOptions | TextsSourceOptions;

/** Which tokenizer in a browser: the embedded one, or the text of a `tokenizer.json`. */
export type TokenizerChoice = TokenizerText;

/** What `openTextData` takes in a browser. */
export interface TextDataOptions extends BatchOptions, TokenizingOptions {
  /** A source by its type, or one of your own. */
  readonly source: TextSource | DocumentSource;
  readonly tokenizer: TokenizerChoice | Tokenizer;
}

/** How `loadTokenizer` changes a tokenizer. */
export interface LoadTokenizerOptions {
  /** Leaves a smaller vocabulary, for small models. */
  readonly prune?: Pruning | undefined;
}

/** What `trainTokenizer` takes in a browser. */
export type TrainTokenizerOptions = SourceTraining<TextSource | DocumentSource>;

const browserSources = new SourceCatalog([embeddedSource, textsSource]);

/** @throws TypeError if the choice names no tokenizer */
function checkChoice(choice: unknown): asserts choice is TokenizerChoice {
  if (!isTokenizerText(choice)) {
    throw new TypeError(
      `tokenizer must be 'embedded' or { definition: '<text of a tokenizer.json>' } in a browser, got ${describe(choice)}`,
    );
  }
  if (choice !== 'embedded') checkKeys(choice, ['definition'], 'tokenizer');
}

/**
 * Opens a tokenizer: `'embedded'`, or the text of a `tokenizer.json`.
 *
 * @throws if the text is no unigram or BPE tokenizer, or `prune` asks for more pieces than there are or fewer than must be kept
 */
export async function loadTokenizer(
  choice: TokenizerChoice,
  options: LoadTokenizerOptions = {},
): Promise<Tokenizer> {
  checkChoice(choice);
  checkKeys(options, ['prune'], 'loadTokenizer');
  return tokenizerFrom(() => definitionOf(choice), options.prune);
}

/**
 * Opens text as batches of tokens for training and validation: those that the same text gives in Node, bit for bit. All tokens are
 * held in memory.
 *
 * @throws if an option is wrong, or the source cannot be read, has no text, or too little for one sequence
 */
export async function openTextData(options: TextDataOptions): Promise<TextData> {
  checkTextDataOptions(options, ['source', 'tokenizer']);
  const { source, tokenizer: given } = options as TextDataOptions;
  browserSources.check(source);
  if (!isTokenizer(given)) checkChoice(given);
  const tokenizer = isTokenizer(given) ? given : await loadTokenizer(given);
  const stores = await tokenizeSource(source, await browserSources.open(source), tokenizer, options);
  return createTextData(stores, tokenizer, options, options.validationFraction !== 0);
}

/**
 * Trains a tokenizer on the training documents of a source, as in Node.
 *
 * @throws if an option is wrong, the source has no text, or its different characters are more than the pieces asked for
 */
export async function trainTokenizer(options: TrainTokenizerOptions): Promise<Tokenizer> {
  return trainOnSource(options, browserSources);
}
