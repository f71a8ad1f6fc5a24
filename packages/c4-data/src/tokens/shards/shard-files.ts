import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { ShardManifest, ShardRecord } from './manifest.ts';

/** Read at a time; a multiple of every size of a token and of an index row. */
const chunkBytes = 1 << 20;

/** Reads a file of 16- or 32-bit little-endian integers from start to end, whole integers at a time. */
async function* readIntegers<T extends Uint16Array | Uint32Array>(
  path: string,
  IntegerArray: {
    new (buffer: ArrayBufferLike, offset: number, length: number): T;
    BYTES_PER_ELEMENT: number;
  },
  onBytes?: (bytes: Uint8Array) => void,
): AsyncGenerator<T> {
  const size = IntegerArray.BYTES_PER_ELEMENT;
  let rest: Uint8Array = new Uint8Array(0);
  for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes })) {
    onBytes?.(chunk as Uint8Array);
    // Joined and copied, since a chunk may begin at any byte of memory.
    const bytes = new Uint8Array(rest.length + (chunk as Uint8Array).length);
    bytes.set(rest);
    bytes.set(chunk as Uint8Array, rest.length);
    const whole = Math.floor(bytes.length / size);
    rest = bytes.subarray(whole * size);
    yield new IntegerArray(bytes.buffer, 0, whole);
  }
}

/** The token ids of a shard, some at a time. */
export function readShardTokens(
  directory: string,
  { tokensFile }: ShardRecord,
  tokenType: ShardManifest['tokenType'],
  onBytes?: (bytes: Uint8Array) => void,
): AsyncGenerator<Uint16Array | Uint32Array> {
  const path = join(directory, tokensFile);
  return tokenType === 'uint16'
    ? readIntegers(path, Uint16Array, onBytes)
    : readIntegers(path, Uint32Array, onBytes);
}

/** A document of a shard: where its tokens end, and the bytes of its text. */
export interface IndexRow {
  readonly end: number;
  readonly bytes: number;
}

/** The document index of a shard, some rows at a time. */
export async function* readShardDocuments(
  directory: string,
  { documentsFile }: ShardRecord,
  onBytes?: (bytes: Uint8Array) => void,
): AsyncGenerator<IndexRow[]> {
  for await (const numbers of readIntegers(join(directory, documentsFile), Uint32Array, onBytes)) {
    yield Array.from({ length: numbers.length / 2 }, (_, row) => ({
      end: numbers[2 * row]!,
      bytes: numbers[2 * row + 1]!,
    }));
  }
}
