import { createReadStream } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';

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

/** Lines of a text or gzip file, decoded as UTF-8, without their ends; never holds more than a chunk and a line. */
async function* readLines(path: string): AsyncGenerator<string> {
  const file = createReadStream(path);
  // pipeline hands an error of either stream to the other, so that the loop below sees both kinds.
  const stream = path.endsWith('.gz') ? pipeline(file, createGunzip(), () => {}) : file;
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of stream) {
      const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n');
      rest = lines.pop() as string;
      yield* lines;
    }
  } catch (cause) {
    throw readFailure(path, cause);
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}

function optionalText(record: Record<string, unknown>, field: string, location: string): string | null {
  const value = record[field] ?? null;
  if (value === null || typeof value === 'string') return value === '' ? null : value;
  throw new Error(`${location}: "${field}" must be a string or null, got ${typeof value}`);
}

function parseDocument(line: string, location: string): SourceDocument {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch (cause) {
    throw new Error(`${location}: not a JSON object (${(cause as Error).message})`, { cause });
  }
  if (record === null || typeof record !== 'object' || Array.isArray(record)) {
    throw new Error(`${location}: expected a JSON object with the field "text", got ${line.slice(0, 40)}`);
  }
  const fields = record as Record<string, unknown>;
  if (typeof fields.text !== 'string') {
    const got = fields.text === undefined ? 'none' : fields.text === null ? 'null' : typeof fields.text;
    throw new Error(`${location}: the field "text" must be a string, got ${got}`);
  }
  return {
    text: fields.text,
    timestamp: optionalText(fields, 'timestamp', location),
    url: optionalText(fields, 'url', location),
    location,
  };
}

/**
 * Streams the documents of files in C4's format: one JSON object a line with `text`, `timestamp` and `url`.
 *
 * Blank lines are passed over, unknown fields ignored, and the last line may lack its line feed.
 *
 * @throws if a file cannot be read or a line is no such object: the message names the file and the line
 */
export async function* readDocuments(files: readonly SourceFile[]): AsyncGenerator<SourceDocument> {
  for (const { path } of files) {
    let number = 0;
    for await (const line of readLines(path)) {
      number += 1;
      if (line.trim() !== '') yield parseDocument(line, `${path} line ${number}`);
    }
  }
}
