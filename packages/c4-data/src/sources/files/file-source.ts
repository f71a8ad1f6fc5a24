import { printable } from '@steepest/run-files';
import { checkKeys, checkPaths, describe } from '../../option-checks.ts';
import type { DocumentShard, DocumentSource, SplitName } from '../document-source.ts';
import type { SourceDefinition } from '../source-definition.ts';
import { identityOf, listSourceFiles, type SkippedFile, type SourceFile } from './list-files.ts';
import { readDocuments } from './read-documents.ts';

/** The field of C4 that holds the text. */
export const defaultTextField = 'text';

/** Files and folders of JSON lines, plain text or Parquet. */
export interface FileSourceOptions {
  readonly type: 'files';
  /** Files of JSON lines (`.jsonl`, `.json`, `.ndjson`), plain text (`.txt`), both also with `.gz` or `.zst`, or Parquet; or folders of them. */
  readonly train: string | readonly string[];
  /** Without it, part of the training documents is kept for validation: `validationFraction`. */
  readonly validation?: string | readonly string[] | undefined;
  /** The field of a line, or the column, that holds the text. Default `text`. */
  readonly textField?: string | undefined;
  /** Called for every file or folder in a folder that is skipped. */
  readonly onSkipped?: ((skipped: SkippedFile) => void) | undefined;
}

/** The files of both sides of a split. */
export interface SplitFiles {
  readonly train: readonly SourceFile[];
  readonly validation: readonly SourceFile[];
}

/** @throws if a path does not exist, a folder has no file of a known kind, or a file is on both sides */
export async function listSplitFiles({
  train,
  validation,
  onSkipped,
}: Omit<FileSourceOptions, 'type'>): Promise<SplitFiles> {
  const list = async (paths: string | readonly string[], split: SplitName) =>
    listSourceFiles([paths].flat(), split, onSkipped);
  const files = {
    train: await list(train, 'train'),
    validation: validation === undefined ? [] : await list(validation, 'validation'),
  };
  const trained = new Set(await Promise.all(files.train.map(({ path }) => identityOf(path))));
  for (const { path } of files.validation) {
    if (!trained.has(await identityOf(path))) continue;
    throw new Error(`${printable(path)} is both a training and a validation file`);
  }
  return files;
}

async function openFiles(options: FileSourceOptions): Promise<DocumentSource> {
  const files = await listSplitFiles(options);
  const { textField = defaultTextField } = options;
  const shardOf = (file: SourceFile): DocumentShard => ({
    name: file.path,
    bytes: file.bytes,
    open: (reading) => readDocuments([file], { ...reading, textField }),
  });
  return {
    describe: async () => ({
      type: 'files',
      ...files,
      ...(textField === defaultTextField ? {} : { textField }),
    }),
    shards: async (split) => files[split].map(shardOf),
  };
}

/** Local files as a source, each file a shard. */
export const fileSource: SourceDefinition<FileSourceOptions> = {
  type: 'files',
  example: "{ type: 'files', train: [...] }",
  check(options) {
    checkKeys(options, ['type', 'train', 'validation', 'textField', 'onSkipped'], 'source');
    const { train, validation, textField, onSkipped } = options;
    checkPaths(train, 'source.train');
    if (validation !== undefined) checkPaths(validation, 'source.validation');
    if (textField !== undefined && (typeof textField !== 'string' || textField === '')) {
      throw new TypeError(`source.textField must be the name of a field, got ${describe(textField)}`);
    }
    if (onSkipped !== undefined && typeof onSkipped !== 'function') {
      throw new TypeError(`source.onSkipped must be a function, got ${describe(onSkipped)}`);
    }
  },
  open: openFiles,
};
