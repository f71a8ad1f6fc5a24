import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { exists, printable, RunError } from '@steepest/run-files';
import { makeFolder, writeAtomically } from '../../atomic-file.ts';
import { checkInteger, checkKeys, describe } from '../../option-checks.ts';
import type { DocumentSource, MalformedLine } from '../../sources/document-source.ts';
import { type NamedSource, nodeSources } from '../../sources/open-source.ts';
import { bytesPerToken } from '../../tokenizers/encoded-documents.ts';
import { warnOfPoorFit } from '../../tokenizers/fit.ts';
import type { TokenizerChoice } from '../../tokenizers/load-tokenizer.ts';
import { checkTokenizer, openTokenizer } from '../../tokenizers/open-tokenizer.ts';
import { checkWorkers, createTokenizerPool } from '../../tokenizers/pool.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { defaultValidationFraction } from '../token-store.ts';
import { lockFolder } from './folder-lock.ts';
import {
  createManifest,
  formatManifest,
  manifestPath,
  readManifest,
  type ShardManifest,
  shardFile,
} from './manifest.ts';
import { initialState, Preparation } from './preparation.ts';
import {
  hasBegun,
  type PreparationSettings,
  readState,
  requireSameSettings,
  statePath,
  writeState,
} from './preparation-state.ts';

/** How far a preparation is. */
export interface PreparationProgress {
  /** Documents and tokens in the shards, those of earlier processes included. */
  readonly documents: number;
  readonly tokens: number;
  /** Over this process. */
  readonly tokensPerSecond: number;
  readonly seconds: number;
  /** Part of the source that is read, from 0 to 1; undefined where its size is not known. */
  readonly fraction: number | undefined;
  readonly secondsLeft: number | undefined;
}

/** What `prepareTokenShards` takes. */
export interface PrepareOptions {
  /** A source as `openTextData` takes it, or one of your own. */
  readonly source: NamedSource | DocumentSource;
  /** Folder of the shards; created if absent. An interrupted preparation in it is resumed. */
  readonly directory: string;
  readonly tokenizer: TokenizerChoice | Tokenizer;
  /** Threads that tokenize; 0 does it on the calling thread. Default: one for each core. */
  readonly workers?: number | undefined;
  /** Tokens of a shard at most, if it has more than one document. Default 2^28. */
  readonly shardTokens?: number | undefined;
  /** Training documents to read at most; all by default. */
  readonly documents?: number | undefined;
  /** Validation documents to read at most, where they have their own source; all by default. */
  readonly validationDocuments?: number | undefined;
  /** Share of the training documents to keep for validation where the source has no validation documents. Default 0.05. */
  readonly validationFraction?: number | undefined;
  /** Shuffles the files and, within blocks of 16,384, the documents; without it they keep their order. */
  readonly seed?: number | undefined;
  /** Seconds between checkpoints, from which a killed process is resumed. Default 10. */
  readonly checkpointSeconds?: number | undefined;
  /** Ends the preparation with a checkpoint. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: PreparationProgress) => void) | undefined;
  /** Called for every line that holds no document. Such lines are counted in the manifest. */
  readonly onMalformed?: ((problem: MalformedLine) => void) | undefined;
}

/** How a preparation ended: `present` where the shards had been completed before. */
export type PreparationResult =
  | { readonly status: 'complete' | 'present'; readonly manifest: ShardManifest }
  | { readonly status: 'interrupted' };

const known = [
  ...['source', 'directory', 'tokenizer', 'workers', 'shardTokens', 'documents', 'validationDocuments'],
  ...['validationFraction', 'seed', 'checkpointSeconds', 'signal', 'onProgress', 'onMalformed'],
];
const defaultShardTokens = 2 ** 28;
const defaultCheckpointSeconds = 10;
const tokenizerFile = 'tokenizer.json';

function checkPrepareOptions(options: PrepareOptions): void {
  checkKeys(options, known, 'prepareTokenShards');
  if (typeof options.directory !== 'string' || options.directory === '') {
    throw new TypeError(`directory must be the path of a folder, got ${describe(options.directory)}`);
  }
  nodeSources.check(options.source);
  checkTokenizer(options.tokenizer);
  if (options.workers !== undefined) checkWorkers(options.workers);
  const counts = { shardTokens: 1, documents: 1, validationDocuments: 1, seed: 0 };
  for (const [name, least] of Object.entries(counts)) {
    const value = options[name as keyof typeof counts];
    if (value !== undefined) checkInteger(value, name, least);
  }
  const { validationFraction: fraction, checkpointSeconds: seconds } = options;
  if (fraction !== undefined && !(typeof fraction === 'number' && fraction >= 0 && fraction < 1)) {
    throw new TypeError(
      `validationFraction must be a number of at least 0 and below 1, got ${describe(fraction)}`,
    );
  }
  if (seconds !== undefined && !(typeof seconds === 'number' && seconds >= 0)) {
    throw new TypeError(`checkpointSeconds must be a number of at least 0, got ${describe(seconds)}`);
  }
}

/**
 * Turns documents into token shards: files of token ids with an index of their documents and a manifest, from which
 * `openTextData` reads.
 *
 * The shards depend on the source, the tokenizer and the options but `workers`, `checkpointSeconds` and the callbacks. A
 * process that was killed at any moment is resumed by the next call with the same options, and the files come out byte for
 * byte the same.
 *
 * @throws if an option is wrong, the source cannot be read or has no text, the folder cannot be written, holds shards of
 *   other settings or files of these names that are not of a preparation, or another process is preparing shards there
 */
export async function prepareTokenShards(options: PrepareOptions): Promise<PreparationResult> {
  checkPrepareOptions(options);
  const { directory, signal } = options;
  let release: (() => Promise<void>) | undefined;
  try {
    const source = await nodeSources.open(options.source);
    await makeFolder(resolve(directory));
    release = await lockFolder(directory);
    await removeLeftovers(directory);
    return await prepareInLockedFolder({ ...options, source });
  } catch (error) {
    if (signal?.aborted) return { status: 'interrupted' };
    throw explainFolder(error, directory);
  } finally {
    await release?.();
  }
}

/** Says of the folder what the system says of a file in it. */
function explainFolder(error: unknown, directory: string): unknown {
  const problem = error instanceof RunError ? (error.cause ?? error) : error;
  const { code, message, path } = problem as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new Error(
      `the disk with ${directory} is full (${message}): free some space, and the same command continues where it ended`,
      { cause: error },
    );
  }
  if (path === undefined || !resolve(path).startsWith(resolve(directory))) return error;
  return new Error(`the folder ${directory} cannot be written (${message})`, { cause: error });
}

type OpenedOptions = PrepareOptions & { readonly source: DocumentSource };

async function prepareInLockedFolder(options: OpenedOptions): Promise<PreparationResult> {
  const { directory, source } = options;
  const { signal, onMalformed, checkpointSeconds = defaultCheckpointSeconds } = options;
  const shards = { train: await source.shards('train'), validation: await source.shards('validation') };
  const tokenizer = await openTokenizer(options.tokenizer);
  signal?.throwIfAborted();
  const settings = settingsOf(
    { ...options, source: await source.describe() },
    shards.validation.length > 0,
    tokenizer,
  );
  if (await exists(manifestPath(directory))) {
    const manifest = await readManifest(directory);
    requireSameSettings(directory, manifest, settings);
    await rm(statePath(directory), { force: true });
    return { status: 'present', manifest };
  }
  const earlier = await readState(directory);
  if (earlier === undefined) await refuseOthersFiles(directory);
  // One that has read nothing yet, as of a source that could not be read, binds the folder to no settings.
  const state = earlier !== undefined && hasBegun(earlier) ? earlier : initialState(settings);
  requireSameSettings(directory, state.settings, settings);
  // Before any other file, so that a folder of files without it is somebody else's.
  if (state !== earlier) await writeState(directory, state);
  await writeAtomically(join(directory, tokenizerFile), tokenizer.definition);
  const workers = options.workers ?? availableParallelism();
  const pool = createTokenizerPool(tokenizer, { workers });
  try {
    const preparation: Preparation = await Preparation.open(
      {
        directory,
        settings,
        pool,
        ahead: 2 * workers + 1,
        checkpointSeconds,
        signal,
        onMalformed,
        onWritten: () => report(),
      },
      shards,
      state,
    );
    const report = reporter(preparation, options.onProgress);
    const content = await preparation.run();
    if (content === undefined) return { status: 'interrupted' };
    if (content.splits.train.tokens === 0) {
      // Nothing is kept of it, so that the same folder can be given again with another source, or this one mended.
      await writeState(directory, initialState(settings));
      throw noText(content.malformedLines);
    }
    const { bytes, tokens } = content.splits.train;
    warnOfPoorFit(tokenizer, 'the text', bytes, tokens);
    const manifest = createManifest({ ...settings, ...content });
    await writeAtomically(manifestPath(directory), formatManifest(manifest));
    await rm(statePath(directory), { force: true });
    return { status: 'complete', manifest };
  } finally {
    await pool.close();
  }
}

/** @throws if a file of the folder would be written over that no preparation here has made */
async function refuseOthersFiles(directory: string): Promise<void> {
  const other = (await readdir(directory)).find((name) => name === tokenizerFile || shardFile.test(name));
  if (other === undefined) return;
  throw new Error(
    `${directory} has a ${printable(other)} that is not of an unfinished preparation, and that shards here would replace: ` +
      'give another folder, or remove the file',
  );
}

function noText({ count, examples: [first] }: ShardManifest['malformedLines']): Error {
  return new Error(
    'the source has no text: no training document gives a token' +
      (first === undefined
        ? ''
        : `; ${count} lines are malformed, the first ${printable(first.file)} line ${first.line}: ${first.reason}`),
  );
}

function settingsOf(
  { source, ...options }: Omit<PrepareOptions, 'source'> & { readonly source: object },
  ownValidation: boolean,
  { hash, vocabularySize, endOfSequence, definition }: Tokenizer,
): PreparationSettings {
  if (ownValidation && options.validationFraction !== undefined) {
    throw new TypeError('the source has validation documents of its own: leave validationFraction out');
  }
  if (!ownValidation && options.validationDocuments !== undefined) {
    throw new TypeError(
      'validationDocuments needs a source with validation documents: use validationFraction',
    );
  }
  const sha256 = createHash('sha256').update(definition).digest('hex');
  return {
    tokenType: bytesPerToken(vocabularySize) === 2 ? 'uint16' : 'uint32',
    tokenizer: { hash, vocabularySize, endOfSequence, file: tokenizerFile, sha256 },
    seed: options.seed ?? null,
    validationFraction: ownValidation ? null : (options.validationFraction ?? defaultValidationFraction),
    limits: {
      shardTokens: options.shardTokens ?? defaultShardTokens,
      documents: options.documents ?? null,
      validationDocuments: options.validationDocuments ?? null,
    },
    source: source as ShardManifest['source'],
  };
}

/** Tells how far a preparation is, with speed and time left by the work of this process. */
function reporter(preparation: Preparation, onProgress: PrepareOptions['onProgress']): () => void {
  const started = performance.now();
  const { tokens: tokensBefore } = preparation.written();
  const fractionBefore = preparation.fraction() ?? 0;
  return () => {
    const { documents, tokens } = preparation.written();
    const fraction = preparation.fraction();
    const seconds = (performance.now() - started) / 1000;
    const done = (fraction ?? 0) - fractionBefore;
    onProgress?.({
      documents,
      tokens,
      seconds,
      tokensPerSecond: (tokens - tokensBefore) / seconds,
      fraction,
      secondsLeft: fraction === undefined || done <= 0 ? undefined : (seconds * (1 - fraction)) / done,
    });
  };
}

/** Names of what a killed process was about to write or to rename, and of no other file. */
const leftover =
  /^(prepare\.lock\.[\w.-]+|(manifest\.json|tokenizer\.json|prepare\.state\.json|(train|validation)-\d+\.checksums)\.\d+-\w*\.partial)$/;

async function removeLeftovers(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (leftover.test(name)) await rm(join(directory, name), { force: true });
  }
}
