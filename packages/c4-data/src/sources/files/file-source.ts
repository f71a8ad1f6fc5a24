import { printable } from '../../printable.ts';
import type { DocumentShard, DocumentSource } from '../document-source.ts';
import { identityOf, listSourceFiles, type SkippedFile, type SourceFile } from './list-files.ts';
import { readDocuments } from './read-documents.ts';

/** The field of C4 that holds the text. */
export const TEXT_FIELD = 'text';

/** Files and folders in C4's format. */
export interface FileSourceOptions {
  readonly train: readonly string[];
  /** Without them, part of the training documents is to serve for validation. */
  readonly validation?: readonly string[] | undefined;
  /** The field, or column, that holds the text. Default `text`. */
  readonly textField?: string | undefined;
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
}: FileSourceOptions): Promise<SplitFiles> {
  const files = {
    train: await listSourceFiles(train, 'train', onSkipped),
    validation: validation === undefined ? [] : await listSourceFiles(validation, 'validation', onSkipped),
  };
  const trained = new Set(await Promise.all(files.train.map(({ path }) => identityOf(path))));
  for (const { path } of files.validation) {
    if (!trained.has(await identityOf(path))) continue;
    throw new Error(`${printable(path)} is both a training and a validation file`);
  }
  return files;
}

/**
 * Local files as a source, each file a shard.
 *
 * @throws if a path does not exist, a folder has no file of a known kind, or a file is on both sides
 */
export async function openFileSource(options: FileSourceOptions): Promise<DocumentSource> {
  const files = await listSplitFiles(options);
  const { textField = TEXT_FIELD } = options;
  const shardOf = (file: SourceFile): DocumentShard => ({
    name: file.path,
    bytes: file.bytes,
    open: (reading) => readDocuments([file], { ...reading, textField }),
  });
  return {
    describe: async () => ({
      type: 'files',
      ...files,
      ...(textField === TEXT_FIELD ? {} : { textField }),
    }),
    shards: async (split) => files[split].map(shardOf),
  };
}
