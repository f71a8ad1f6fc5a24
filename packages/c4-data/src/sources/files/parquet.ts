import { open } from 'node:fs/promises';
import type { AsyncBuffer, FileMetaData, RowGroup } from 'hyparquet';
import { checkWholeCharacters, missingText } from '../document-lines.ts';
import type { OpenShardOptions } from '../document-source.ts';
import { MalformedDocument } from '../malformed.ts';

/** The text of a row group is held at once; writers make groups of some 100 MB. */
const mostGroupBytes = 1024 ** 3;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes that are not UTF-8, in place of a string. */
class WrongBytes {}

/** A file as `hyparquet` reads it; the whole slice or an error. */
async function openFile(path: string): Promise<AsyncBuffer & { close(): Promise<void> }> {
  const handle = await open(path, 'r');
  const { size } = await handle.stat();
  return {
    byteLength: size,
    async slice(start, end = size) {
      const length = end - start;
      if (!(start >= 0 && length >= 0 && end <= size)) {
        throw new Error(`it points to the bytes from ${start} to ${end}, but has ${size}`);
      }
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const { bytesRead } = await handle.read(bytes, done, length - done, start + done);
        if (bytesRead === 0) throw new Error('unexpected end of file');
        done += bytesRead;
      }
      return bytes.buffer;
    },
    close: () => handle.close(),
  };
}

/** @throws if there is no column of strings with the name of the text */
function checkColumn({ row_groups: groups, schema }: FileMetaData, textField: string): void {
  const types = new Map<string, string>();
  for (const { meta_data: column } of groups[0]?.columns ?? []) {
    const name = column!.path_in_schema.join('.');
    const element = schema.find(({ name: leaf }) => leaf === column!.path_in_schema.at(-1));
    const isText = column!.type === 'BYTE_ARRAY' && element?.converted_type !== 'DECIMAL';
    types.set(name, isText ? 'string' : column!.type.toLowerCase());
  }
  const type = types.get(textField);
  if (groups.length === 0 || type === 'string') return;
  types.delete(textField);
  throw new Error(
    missingText(textField, type ?? 'none', Object.fromEntries(types)).replace('field', 'column'),
  );
}

/**
 * Streams the texts of a Parquet file, those of one row group at a time: strings, or what is in their place.
 *
 * @throws if the file is damaged or has no column of strings of that name
 */
export async function* readParquet(
  path: string,
  textField: string,
  { signal, onBytes }: OpenShardOptions,
): AsyncGenerator<unknown[], void> {
  const [{ parquetMetadataAsync, parquetRead }, { compressors }] = await Promise.all([
    import('hyparquet'),
    import('hyparquet-compressors'),
  ]);
  const file = await openFile(path);
  try {
    const metadata = await parquetMetadataAsync(file);
    checkColumn(metadata, textField);
    let row = 0;
    let storedBytes = 0;
    for (const group of metadata.row_groups) {
      signal?.throwIfAborted();
      const rows = Number(group.num_rows);
      checkSize(group, textField);
      let texts: unknown[] = [];
      await parquetRead({
        file,
        metadata,
        compressors,
        columns: [textField],
        rowStart: row,
        rowEnd: row + rows,
        parsers: { stringFromBytes: decodeText },
        onComplete: (found) => {
          texts = found.map(([text]) => text);
        },
      });
      if (texts.length !== rows)
        throw new Error(`a row group has ${texts.length} rows where it says ${rows}`);
      yield texts;
      row += rows;
      for (const { meta_data: column } of group.columns)
        storedBytes += Number(column?.total_compressed_size ?? 0);
      onBytes?.(Math.min(storedBytes, file.byteLength));
    }
    if (row !== Number(metadata.num_rows))
      throw new Error(`it has ${row} rows where it says ${metadata.num_rows}`);
  } finally {
    await file.close();
  }
}

/** @throws if the text of a row group would take too much memory */
function checkSize({ columns }: RowGroup, textField: string): void {
  const text = columns.find(({ meta_data: column }) => column?.path_in_schema.join('.') === textField);
  const bytes = Number(text?.meta_data?.total_uncompressed_size);
  if (bytes <= mostGroupBytes) return;
  throw new Error(
    `a row group has ${bytes} bytes of text, above ${mostGroupBytes}: write the file again with smaller row groups`,
  );
}

function decodeText(bytes: Uint8Array | undefined): unknown {
  if (bytes === undefined) return undefined;
  try {
    return utf8.decode(bytes);
  } catch {
    return new WrongBytes();
  }
}

/** @throws MalformedDocument if what is in the place of a text is not one */
export function parseText(value: unknown, textField: string): string {
  if (value instanceof WrongBytes) throw new MalformedDocument('the text is not UTF-8');
  if (typeof value !== 'string') {
    throw new MalformedDocument(missingText(textField, value == null ? 'null' : typeof value, {}));
  }
  checkWholeCharacters(value);
  return value;
}
