import { readFile } from 'node:fs/promises';
import { isObject, printable, withoutSeal } from '@steepest/run-files';

/** First bytes of files that are not text, and what to do with each. */
const otherFormats: readonly (readonly [bytes: readonly number[], remedy: string])[] = [
  [[0x1f, 0x8b], 'is compressed with gzip: decompress it first (gunzip)'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'is compressed with Zstandard: decompress it first (unzstd)'],
  [[0x42, 0x5a, 0x68], 'is compressed with bzip2: decompress it first (bunzip2)'],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], 'is compressed with xz: decompress it first (unxz)'],
  [[0x50, 0x4b, 0x03, 0x04], 'is a zip archive, as Excel workbooks are: save the sheet as CSV'],
  [[0x50, 0x41, 0x52, 0x31], 'is a Parquet file: save it as CSV'],
  [[0xff, 0xfe], 'is UTF-16 text: save it as UTF-8'],
  [[0xfe, 0xff], 'is UTF-16 text: save it as UTF-8'],
];

/**
 * Content of a text file; `undefined` when there is none.
 *
 * @throws Error when it cannot be read, or is not UTF-8
 */
export async function readText(path: string): Promise<string | undefined> {
  const bytes = await readBytes(path);
  if (bytes === undefined) return undefined;
  const other = otherFormats.find(([start]) => start.every((byte, index) => bytes[index] === byte));
  if (other) throw new Error(`${path}: ${other[1]}`);
  if (bytes.includes(0)) throw new Error(`${path}: holds NUL bytes, so it is not UTF-8 text`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error(`${path}: is not UTF-8 text; save it as UTF-8`, { cause });
  }
}

async function readBytes(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new Error(`cannot read ${path}: ${message}`);
  }
}

/** The value in a JSON file; `undefined` when there is no such file. */
export async function readJson(path: string): Promise<unknown> {
  const text = await readText(path);
  return text === undefined ? undefined : parseJson(text, path);
}

/**
 * A value without its checksum; those of earlier versions and other programs have none.
 *
 * @throws RunError where the file was changed since it was written
 */
export function withoutChecksum(value: unknown, path: string): unknown {
  return isObject(value) ? withoutSeal(value, path) : value;
}

const bareNumbers = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g;

/**
 * A JSON value; bare `NaN` and `Infinity`, which Python writes, become the texts of that name.
 *
 * @throws Error beginning with `where` when the text is not JSON
 */
export function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const named = text.replace(bareNumbers, (found) => (found.startsWith('"') ? found : `"${found}"`));
    try {
      return JSON.parse(named);
    } catch {
      throw new Error(`${where}: not JSON (${printable((error as Error).message)})`);
    }
  }
}
