import { checkInteger, checkKeys, checkPaths, describe } from './option-checks.ts';
import type { SkippedFile } from './sources/files/list-files.ts';
import { type C4HubOptions, checkC4Options } from './sources/hub/c4-hub.ts';
import { checkTokenizer } from './tokenizers/open-tokenizer.ts';

/** The text to read: the embedded corpus, files and folders in C4's format, C4 itself, or what `c4-data prepare` made of text. */
export type TextSource =
  | { readonly type: 'embedded' }
  | {
      readonly type: 'files';
      /** Files of JSON lines (`.jsonl`, `.json`, `.ndjson`), plain text (`.txt`), both also with `.gz` or `.zst`, or Parquet; or folders of them. */
      readonly train: string | readonly string[];
      /** Without it, part of the training documents is kept for validation: `validationFraction`. */
      readonly validation?: string | readonly string[] | undefined;
      /** The field of a line, or the column, that holds the text. Default `text`. */
      readonly textField?: string | undefined;
      /** Called for every file or folder in a folder that is passed over. */
      readonly onSkipped?: ((skipped: SkippedFile) => void) | undefined;
    }
  /**
   * C4 on the Hugging Face hub. `openTextData` holds all tokens in memory: it wants to be told `train`, and without `validation`
   * it keeps part of the training documents, as with files. `prepareTokenShards` takes all shards by default.
   */
  | (C4HubOptions & { readonly type: 'c4' })
  | {
      readonly type: 'prepared';
      /** Folder of token shards. */
      readonly directory: string;
    };

/** Keys of each kind of source. */
const SOURCE_KEYS = {
  embedded: ['type'],
  files: ['type', 'train', 'validation', 'textField', 'onSkipped'],
  c4: undefined,
  prepared: ['type', 'directory'],
} as const;

function checkSource(source: unknown): void {
  const type = (source as { type?: unknown } | null | undefined)?.type as TextSource['type'];
  if (!Object.hasOwn(SOURCE_KEYS, type)) {
    throw new TypeError(
      "source must be { type: 'embedded' }, { type: 'files', train: [...] }, { type: 'c4', train: { shards: 1 } } or " +
        `{ type: 'prepared', directory }, got ${describe(source)}`,
    );
  }
  if (type === 'c4') {
    checkC4Source(source);
    return;
  }
  checkKeys(source, SOURCE_KEYS[type], 'source');
  if (type === 'prepared' && (typeof source.directory !== 'string' || source.directory === '')) {
    throw new TypeError(`source.directory must be the path of a folder, got ${describe(source.directory)}`);
  }
  if (type !== 'files') return;
  checkPaths(source.train, 'source.train');
  if (source.validation !== undefined) checkPaths(source.validation, 'source.validation');
  const { textField, onSkipped } = source;
  if (textField !== undefined && (typeof textField !== 'string' || textField === '')) {
    throw new TypeError(`source.textField must be the name of a field, got ${describe(textField)}`);
  }
  if (onSkipped !== undefined && typeof onSkipped !== 'function') {
    throw new TypeError(`source.onSkipped must be a function, got ${describe(onSkipped)}`);
  }
}

/** All of C4 is too much to hold: which shards are wanted has to be said. */
function checkC4Source(source: unknown): void {
  checkC4Options(source, 'source', 'source.', ['type']);
  if ((source as { train?: unknown }).train !== undefined) return;
  throw new TypeError(
    "source.train must say which shards of C4 to read, as in { type: 'c4', train: { shards: 1 } }",
  );
}

/** Prepared shards were tokenised and split when they were made. */
function checkPrepared(options: Record<string, unknown>): void {
  for (const name of ['tokenizer', 'validationFraction']) {
    if (options[name] !== undefined) {
      throw new TypeError(
        `a prepared source brings its own tokenizer and validation documents: leave ${name} out`,
      );
    }
  }
}

const KNOWN = [
  'source',
  'tokenizer',
  'contextLength',
  'batchSize',
  'seed',
  'validationFraction',
  'cacheDirectory',
  'onProgress',
  'onMalformed',
];

/** @throws TypeError if an option is unknown, missing or out of its range */
export function checkOptions(options: unknown): void {
  checkKeys(options, KNOWN, 'openTextData');
  checkSource(options.source);
  if ((options.source as TextSource).type === 'prepared') checkPrepared(options);
  else checkTokenizer(options.tokenizer);
  checkInteger(options.contextLength, 'contextLength', 1);
  checkInteger(options.batchSize, 'batchSize', 1);
  checkInteger(options.seed, 'seed', 0);
  const { validationFraction: fraction, cacheDirectory, onProgress, onMalformed } = options;
  if (fraction !== undefined && !(typeof fraction === 'number' && fraction >= 0 && fraction < 1)) {
    throw new TypeError(
      `validationFraction must be a number of at least 0 and below 1, got ${describe(fraction)}`,
    );
  }
  if (fraction !== undefined && (options.source as { validation?: unknown }).validation !== undefined) {
    throw new TypeError('give either source.validation or validationFraction, not both');
  }
  if (cacheDirectory !== undefined && (typeof cacheDirectory !== 'string' || cacheDirectory === '')) {
    throw new TypeError(`cacheDirectory must be the path of a folder, got ${describe(cacheDirectory)}`);
  }
  for (const [name, callback] of Object.entries({ onProgress, onMalformed })) {
    if (callback !== undefined && typeof callback !== 'function') {
      throw new TypeError(`${name} must be a function, got ${describe(callback)}`);
    }
  }
}
