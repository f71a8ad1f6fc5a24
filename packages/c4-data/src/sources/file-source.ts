import { listSourceFiles, readDocuments, type SourceFile } from '../c4-files.ts';
import type { DocumentShard, DocumentSource } from './document-source.ts';

/** Files and folders in C4's format. */
export interface FileSourceOptions {
  readonly train: readonly string[];
  /** Without them, part of the training documents is to serve for validation. */
  readonly validation?: readonly string[];
}

function shardOf({ path, bytes }: SourceFile): DocumentShard {
  return { name: path, bytes, open: (options) => readDocuments([{ path }], options) };
}

/**
 * Local files as a source, each file a shard.
 *
 * @throws if a path does not exist, a folder has no such file, or a file is on both sides
 */
export async function openFileSource({ train, validation }: FileSourceOptions): Promise<DocumentSource> {
  const files = {
    train: await listSourceFiles(train, 'train'),
    validation: validation === undefined ? [] : await listSourceFiles(validation, 'validation'),
  };
  const shared = files.validation.find(({ path }) => files.train.some((file) => file.path === path));
  if (shared !== undefined) throw new Error(`${shared.path} is both a training and a validation file`);
  return {
    describe: async () => ({ type: 'files', ...files }),
    shards: async (split) => files[split].map(shardOf),
  };
}
