import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, type FileHandle, open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { printableStart } from '@steepest/run-files';
import { makeFolder, writeAtomically } from '../../atomic-file.ts';
import { allocateTokens, hashTokens, type ReadTokens, type TokenReader } from '../memory-store.ts';
import { readCacheIndex, writeCacheIndex } from './token-cache-index.ts';

/** Written and read at a time: what the system takes in one call ends at 2 GiB. */
const pieceBytes = 64 * 1024 * 1024;

function paths(directory: string, key: string): { tokens: string; index: string } {
  return { tokens: join(directory, `${key}.tokens`), index: join(directory, `${key}.json`) };
}

/** A cache that is there and not as it was written. */
class DamagedCache extends Error {}

/**
 * Reads tokenized documents from `<key>.json` and `<key>.tokens` (raw little-endian integers of 2 or 4 bytes), and compares both
 * with their checksums.
 *
 * Gives undefined when they are absent, and with a warning of the process when they are damaged: the caller rebuilds them.
 *
 * @throws if the folder or a file exists but cannot be read, or the tokens do not fit in memory
 */
export async function readCachedTokens(directory: string, key: string): Promise<ReadTokens | undefined> {
  const { tokens: tokensPath, index: indexPath } = paths(directory, key);
  try {
    const [index, file] = await Promise.all([openIfPresent(indexPath), openIfPresent(tokensPath)]);
    try {
      if (index === undefined || file === undefined) return undefined;
      return await readStore(index, file);
    } finally {
      await index?.close();
      await file?.close();
    }
  } catch (cause) {
    if (cause instanceof DamagedCache) {
      process.emitWarning(`the token cache ${indexPath} is damaged (${cause.message}): it is rebuilt`);
      return undefined;
    }
    if ((cause as NodeJS.ErrnoException).code === undefined) throw cause;
    throw new Error(`cannot read the token cache in ${directory}: ${(cause as Error).message}`, { cause });
  }
}

async function openIfPresent(path: string): Promise<FileHandle | undefined> {
  return open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return undefined;
    throw cause;
  });
}

async function readStore(indexFile: FileHandle, tokensFile: FileHandle): Promise<ReadTokens> {
  const index = await readCacheIndex(indexFile);
  if (index === undefined) throw new DamagedCache('its index is not as it was written');
  const { bytesPerToken, tokenCount, documentLengths, documentBytes, hash, malformed } = index;
  const bytes = tokenCount * bytesPerToken;
  const { size } = await tokensFile.stat();
  if (size !== bytes) throw new DamagedCache(`its tokens have ${size} bytes instead of ${bytes}`);
  const tokens = allocateTokens(bytesPerToken, tokenCount);
  const target = new Uint8Array(tokens.buffer);
  for (let done = 0; done < bytes; ) {
    const { bytesRead } = await tokensFile.read(target, done, Math.min(pieceBytes, bytes - done), done);
    if (bytesRead === 0) throw new DamagedCache('its tokens end early');
    done += bytesRead;
  }
  if (hashTokens(tokens, documentLengths) !== hash) throw new DamagedCache('its tokens have changed');
  return { tokens, documentLengths, documentBytes, hash, malformed };
}

function unwritable(directory: string, cause: unknown): Error {
  const { code, message } = cause as NodeJS.ErrnoException;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return new Error(
    full
      ? `the disk with cacheDirectory ${directory} is full (${message}): free some space, or leave cacheDirectory out`
      : `cacheDirectory ${directory} is not writable (${message}): ` +
          'give a folder that can be written, or leave cacheDirectory out to tokenize each time',
    { cause },
  );
}

/**
 * Makes the cache folder, before the work whose result it is to hold.
 *
 * @throws if it cannot be made or written
 */
async function prepareCacheDirectory(directory: string): Promise<void> {
  try {
    await makeFolder(resolve(directory));
    await access(directory, constants.W_OK);
  } catch (cause) {
    throw unwritable(directory, cause);
  }
}

function* pieces(tokens: ReadTokens['tokens']): Generator<Uint8Array> {
  for (let from = 0; from < tokens.byteLength; from += pieceBytes) {
    const length = Math.min(pieceBytes, tokens.byteLength - from);
    yield new Uint8Array(tokens.buffer, tokens.byteOffset + from, length);
  }
}

/**
 * Keeps tokenized documents for later processes. Two processes may write the same key at once: both write the same bytes,
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
  const { tokens, index } = paths(directory, key);
  try {
    await writeAtomically(tokens, pieces(store.tokens));
    await writeAtomically(index, writeCacheIndex(printableStart(source, 1000), store));
  } catch (cause) {
    throw unwritable(directory, cause);
  }
}

/** Raised when the text of a source, or the way it is tokenized and cut, changes for the same input. */
const dataVersion = 3;

/** Reads the tokens of a source and a tokenizer from a cache, or makes them and keeps them there. */
export function readThroughCache(directory: string, tokenizerHash: string): TokenReader {
  return async (identity, name, tokenize) => {
    const key = createHash('sha256')
      .update(JSON.stringify([dataVersion, identity, tokenizerHash]))
      .digest('hex')
      .slice(0, 32);
    const cached = await readCachedTokens(directory, key);
    if (cached !== undefined) return cached;
    await prepareCacheDirectory(directory);
    const tokens = await tokenize();
    await writeCachedTokens(directory, key, name, tokens);
    return tokens;
  };
}
