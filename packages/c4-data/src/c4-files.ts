import { createReadStream } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { parseDocumentLine, splitLines } from './sources/document-lines.ts';
import type { OpenShardOptions } from './sources/document-source.ts';

/** One document of a source, with the fields of C4. */
export interface SourceDocument {
  readonly text: string;
  /** Time of the crawl as the source writes it; null where unknown. */
  readonly timestamp: string | null;
  /** Address of the page; null where unknown. */
  readonly url: string | null;
  /** Where the document stands, for messages: `"<file> line <n>"`. */
  readonly location: string;
}

/** A file that a source reads, with what tells one version of it from another. */
export interface SourceFile {
  readonly path: string;
  readonly bytes: number;
  readonly modified: number;
}

export type SplitName = 'train' | 'validation';

const ENDINGS = ['.json.gz', '.jsonl.gz', '.jsonl', '.json'];
const SPLIT_MARK = {
  train: /(^|[._-])train(ing)?([._-]|$)/i,
  validation: /(^|[._-])valid(ation)?([._-]|$)/i,
} as const;

function readFailure(path: string, cause: unknown): Error {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  const reason = (cause as Error).message;
  if (code === 'ENOENT') return new Error(`source file not found: ${path}`, { cause });
  if (code.startsWith('Z_')) {
    return new Error(
      `${path} is not readable gzip (${reason}): the file is damaged, cut short or not compressed`,
      { cause },
    );
  }
  return new Error(`cannot read ${path}: ${reason}`, { cause });
}

/**
 * Resolves files and folders to a list of files of C4's format.
 *
 * A folder gives its `.json.gz`, `.jsonl.gz`, `.jsonl` and `.json` files in the order of their names, without
 * those named after the other split (`c4-validation.00000-of-00008.json.gz` is no training file).
 *
 * @throws if a path does not exist, a folder has no such file, or a file is named twice
 */
export async function listSourceFiles(paths: readonly string[], split: SplitName): Promise<SourceFile[]> {
  const other = SPLIT_MARK[split === 'train' ? 'validation' : 'train'];
  const files: SourceFile[] = [];
  const seen = new Set<string>();
  for (const path of paths.map((given) => resolve(given))) {
    const info = await stat(path).catch((cause) => {
      throw readFailure(path, cause);
    });
    let names = [path];
    if (info.isDirectory()) {
      names = (await readdir(path))
        .filter((name) => ENDINGS.some((ending) => name.endsWith(ending)) && !other.test(name))
        .sort()
        .map((name) => join(path, name));
      if (names.length === 0) {
        throw new Error(
          `the folder ${path} has no ${split} files: expected names ending in ${ENDINGS.join(', ')}`,
        );
      }
    }
    for (const name of names) {
      const real = await realpath(name);
      if (seen.has(real)) throw new Error(`${name} is listed twice as a ${split} file`);
      seen.add(real);
      const { size, mtimeMs } = await stat(real);
      files.push({ path: real, bytes: size, modified: mtimeMs });
    }
  }
  return files;
}

/** The bytes of a text or gzip file, decompressed. */
async function* readBytes(path: string, { signal, onBytes }: OpenShardOptions): AsyncGenerator<Uint8Array> {
  const file = createReadStream(path, signal === undefined ? {} : { signal });
  // pipeline hands an error of either stream to the other, so that the loop below sees both kinds.
  const stream = path.endsWith('.gz') ? pipeline(file, createGunzip(), () => {}) : file;
  try {
    for await (const chunk of stream) {
      onBytes?.(file.bytesRead);
      yield chunk as Uint8Array;
    }
  } catch (cause) {
    signal?.throwIfAborted();
    throw readFailure(path, cause);
  }
}

/**
 * Streams the documents of files in C4's format: one JSON object a line with `text`, `timestamp` and `url`.
 *
 * Blank lines are passed over, unknown fields ignored, and the last line may lack its line feed.
 *
 * @param options `onBytes` counts from the start of each file
 * @throws if a file cannot be read, or a line is no such object and `onMalformed` does not take it: the message
 *   names the file and the line
 */
export async function* readDocuments(
  files: readonly Pick<SourceFile, 'path'>[],
  options: OpenShardOptions = {},
): AsyncGenerator<SourceDocument> {
  for (const { path } of files) {
    for await (const line of splitLines(readBytes(path, options))) {
      const document = parseDocumentLine(line, path, options.onMalformed);
      if (document !== undefined) yield document;
    }
  }
}
