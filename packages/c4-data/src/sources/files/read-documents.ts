import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { printable, printableStart } from '@steepest/run-files';
import { parseDocumentLine, splitLines } from '../document-lines.ts';
import type { OpenShardOptions, SourceDocument } from '../document-source.ts';
import { orMalformed } from '../malformed.ts';
import { checkStoredBytes, checkText, type FileFormat, formatOf, WrongFormat } from './file-format.ts';
import type { SourceFile } from './list-files.ts';
import { parseText, readParquet } from './parquet.ts';
import { joinParagraphs } from './plain-text.ts';
import { unzstd, ZstdError } from './zstd.ts';

/** How documents are read from files. */
export interface ReadDocumentsOptions extends OpenShardOptions {
  /** The field of a line, or the column, that holds the text. */
  readonly textField: string;
}

function readFailure(path: string, cause: unknown): Error {
  if (cause instanceof WrongFormat) return cause;
  const { code = '', message } = cause as NodeJS.ErrnoException;
  const where = printable(path);
  if (code === 'ENOENT') return new Error(`source file not found: ${where}`, { cause });
  const compression = code.startsWith('Z_') ? 'gzip' : cause instanceof ZstdError ? 'zstd' : undefined;
  if (compression !== undefined) {
    return new Error(
      `${where} is not readable ${compression} (${message}): the file is damaged, cut short or not compressed`,
      { cause },
    );
  }
  return new Error(`cannot read ${where}: ${printableStart(message, 200)}`, { cause });
}

/** The same items; what ends them names the file. */
async function* explained<T>(
  items: AsyncIterable<T>,
  path: string,
  { signal }: OpenShardOptions,
): AsyncGenerator<T, void> {
  try {
    yield* items;
  } catch (cause) {
    signal?.throwIfAborted();
    throw readFailure(path, cause);
  }
}

/** The stored bytes of a file. */
async function* readStored(
  path: string,
  format: FileFormat,
  { signal, onBytes }: OpenShardOptions,
): AsyncGenerator<Uint8Array, void> {
  const file = createReadStream(path, signal === undefined ? {} : { signal });
  let first = true;
  for await (const chunk of file as AsyncIterable<Buffer>) {
    if (first) checkStoredBytes(chunk, path, format);
    first = false;
    onBytes?.(file.bytesRead);
    yield chunk;
  }
}

/** Decompresses the gzip members of a whole file. Node silently ignores what follows them, and an empty file. */
async function* gunzip(stored: AsyncGenerator<Uint8Array, void>): AsyncGenerator<Uint8Array, void> {
  let storedBytes = 0;
  /** End of the last byte that is not zero. */
  let contentEnd = 0;
  // No loop over `stored`, which would close it: the decompressor leaves off at the end of a member, and the rest is read below.
  async function* counted() {
    for (let next = await stored.next(); !next.done; next = await stored.next()) {
      const last = next.value.findLastIndex((byte) => byte !== 0);
      if (last !== -1) contentEnd = storedBytes + last + 1;
      storedBytes += next.value.length;
      yield next.value;
    }
  }
  const decompressor = createGunzip();
  try {
    yield* pipeline(counted, decompressor, () => {}) as AsyncIterable<Uint8Array>;
    for await (const _ of counted());
  } finally {
    await stored.return();
  }
  // Tapes and disks pad with zeros, which gzip itself ignores.
  if (storedBytes > 0 && contentEnd <= decompressor.bytesWritten) return;
  const rest = storedBytes - decompressor.bytesWritten;
  const message = storedBytes === 0 ? 'unexpected end of file' : `${rest} bytes follow that are not gzip`;
  throw Object.assign(new Error(message), { code: 'Z_DATA_ERROR' });
}

/** The bytes of JSON lines or plain text, decompressed. */
async function* readText(
  path: string,
  format: FileFormat,
  options: OpenShardOptions,
): AsyncGenerator<Uint8Array, void> {
  const stored = readStored(path, format, options);
  const { compression } = format;
  let first = true;
  for await (const chunk of compression === 'gzip'
    ? gunzip(stored)
    : compression === 'zstd'
      ? unzstd(stored)
      : stored) {
    if (first) checkText(chunk, path, format);
    first = false;
    yield chunk;
  }
}

/** @throws if a file is no longer the one that was listed, so that what was read may be of both */
async function checkUnchanged({ path, bytes, modified }: SourceFile): Promise<void> {
  const { size, mtimeMs } = await stat(path);
  if (size === bytes && mtimeMs === modified) return;
  throw new Error(`${printable(path)} was changed while it was read: read it again`);
}

async function* readLines(path: string, format: FileFormat, options: ReadDocumentsOptions) {
  const lines = splitLines(explained(readText(path, format, options), path, options));
  if (format.documents === 'text') {
    yield* joinParagraphs(lines, path, options.onMalformed);
    return;
  }
  for await (const line of lines) {
    const document = parseDocumentLine(line, path, options.textField, options.onMalformed);
    if (document !== undefined) yield document;
  }
}

async function* readRows(path: string, options: ReadDocumentsOptions) {
  const { textField, onMalformed } = options;
  let row = 0;
  for await (const texts of explained(readParquet(path, textField, options), path, options)) {
    for (const value of texts) {
      row += 1;
      const text = orMalformed(path, row, onMalformed, () => parseText(value, textField));
      if (text === undefined) continue;
      yield { text, timestamp: null, url: null, location: `${path} row ${row}` } satisfies SourceDocument;
    }
  }
}

/**
 * Streams the documents of files: one JSON object per line with `text`, `timestamp` and `url`, plain text in which blank lines divide
 * documents, or rows of Parquet.
 *
 * Other fields of JSON lines are ignored, and the last line may lack its line feed.
 *
 * @param options `onBytes` counts from the start of each file
 * @throws if a file cannot be read or was changed since it was listed, or if a line or row has no text and `onMalformed` does
 *   not take it: the message names the file and the line
 */
export async function* readDocuments(
  files: readonly SourceFile[],
  options: ReadDocumentsOptions,
): AsyncGenerator<SourceDocument> {
  for (const file of files) {
    const format = formatOf(file.path)!;
    yield* format.documents === 'parquet'
      ? readRows(file.path, options)
      : readLines(file.path, format, options);
    await checkUnchanged(file);
  }
}
