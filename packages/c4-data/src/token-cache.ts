import { constants } from 'node:fs';
import { access, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from './atomic-file.ts';
import type { MalformedLine } from './sources/document-source.ts';
import type { ReadTokens } from './token-store.ts';

const SCHEMA_VERSION = 2;

interface CacheIndex {
  readonly schemaVersion: number;
  readonly source: string;
  readonly bytesPerToken: 2 | 4;
  readonly tokenCount: number;
  readonly hash: string;
  readonly documentLengths: readonly number[];
  readonly documentBytes: readonly number[];
  /** Absent where all lines held documents. */
  readonly malformed?: readonly MalformedLine[];
}

function paths(directory: string, key: string): { tokens: string; index: string } {
  return { tokens: join(directory, `${key}.tokens`), index: join(directory, `${key}.json`) };
}

/**
 * Reads tokenised documents from `<key>.json` and `<key>.tokens` (raw little-endian integers of 2 or 4 bytes).
 *
 * Gives undefined when they are absent or do not belong together, and the caller makes them anew.
 *
 * @throws if the folder or a file exists but cannot be read
 */
export async function readCachedTokens(directory: string, key: string): Promise<ReadTokens | undefined> {
  const { tokens: tokensPath, index: indexPath } = paths(directory, key);
  let text: string;
  let bytes: Buffer;
  try {
    [text, bytes] = await Promise.all([readFile(indexPath, 'utf8'), readFile(tokensPath)]);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new Error(`cannot read the token cache in ${directory}: ${message}`, { cause });
  }
  let index: CacheIndex;
  try {
    index = JSON.parse(text) as CacheIndex;
  } catch {
    return undefined;
  }
  const {
    schemaVersion,
    bytesPerToken,
    tokenCount,
    documentLengths,
    documentBytes,
    hash,
    malformed = [],
  } = index;
  if (schemaVersion !== SCHEMA_VERSION || bytes.byteLength !== tokenCount * bytesPerToken) return undefined;
  // Copied where needed: a small file's Buffer may start at any byte of a shared block.
  const data: Uint8Array = bytes.byteOffset % bytesPerToken === 0 ? bytes : new Uint8Array(bytes);
  const TokenArray = bytesPerToken === 2 ? Uint16Array : Uint32Array;
  const tokens = new TokenArray(data.buffer as ArrayBuffer, data.byteOffset, tokenCount);
  return { tokens, documentLengths, documentBytes, hash, malformed };
}

function unwritable(directory: string, cause: unknown): Error {
  return new Error(
    `cacheDirectory ${directory} is not writable (${(cause as Error).message}): ` +
      'give a folder that can be written, or leave cacheDirectory out to tokenise each time',
    { cause },
  );
}

/**
 * Makes the cache folder, before the work whose result it is to hold.
 *
 * @throws if it cannot be made or written
 */
export async function prepareCacheDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
    await access(directory, constants.W_OK);
  } catch (cause) {
    throw unwritable(directory, cause);
  }
}

/**
 * Keeps tokenised documents for later processes. Two processes may write the same key at once: both write the same bytes,
 * the index after the tokens it describes.
 *
 * @throws if the folder cannot be written
 */
export async function writeCachedTokens(
  directory: string,
  key: string,
  source: string,
  store: ReadTokens,
): Promise<void> {
  const { tokens: tokensPath, index: indexPath } = paths(directory, key);
  const { tokens, documentLengths, documentBytes, hash, malformed } = store;
  const index: CacheIndex = {
    schemaVersion: SCHEMA_VERSION,
    source,
    bytesPerToken: tokens.BYTES_PER_ELEMENT as 2 | 4,
    tokenCount: tokens.length,
    hash,
    documentLengths,
    documentBytes,
    ...(malformed.length === 0 ? {} : { malformed }),
  };
  try {
    await writeAtomically(tokensPath, new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength));
    await writeAtomically(indexPath, JSON.stringify(index));
  } catch (cause) {
    throw unwritable(directory, cause);
  }
}
