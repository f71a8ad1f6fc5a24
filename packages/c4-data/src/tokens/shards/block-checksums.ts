import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { indexRowBytes, type ShardManifest, type ShardRecord, tokenBytes } from './manifest.ts';
import type { PositionalFiles } from './positional-files.ts';

/** Bytes of a shard's file that share a checksum: little to read for one sequence, and few checksums. */
export const blockBytes = 16_384;

/** CRC-32 of each block of bytes that come one after another; the last block may be short. */
export class BlockChecksums {
  private readonly complete: number[] = [];
  private open = 0;
  private openBytes = 0;

  update(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length; ) {
      const part = bytes.subarray(from, from + blockBytes - this.openBytes);
      this.open = crc32(part, this.open);
      this.openBytes += part.length;
      from += part.length;
      if (this.openBytes < blockBytes) continue;
      this.complete.push(this.open);
      this.open = 0;
      this.openBytes = 0;
    }
  }

  values(): number[] {
    return this.openBytes === 0 ? [...this.complete] : [...this.complete, this.open];
  }
}

/** The file of checksums of a shard: those of its tokens, then those of its document index, 32-bit little-endian. */
export function encodeChecksums(tokens: BlockChecksums, documents: BlockChecksums): Uint8Array {
  return new Uint8Array(Uint32Array.from([...tokens.values(), ...documents.values()]).buffer);
}

/** A block while it is checked; that takes one call, so that one serves all. */
const scratch = new Uint8Array(blockBytes);

const blocksOf = (bytes: number) => Math.ceil(bytes / blockBytes);

/**
 * Compares the blocks of a shard's files with their checksums, each before its first use: no byte that has changed since it was
 * written is ever given, and a run that reads little checks little.
 */
export class CheckedShard {
  private readonly tokensPath: string;
  private readonly documentsPath: string;
  private checksums: Uint32Array | undefined;
  private readonly checkedTokens: Uint8Array;
  private readonly checkedDocuments: Uint8Array;
  private readonly bytesPerToken: 2 | 4;

  constructor(
    private readonly directory: string,
    private readonly record: ShardRecord,
    private readonly manifest: ShardManifest,
    private readonly files: PositionalFiles,
  ) {
    this.bytesPerToken = tokenBytes(manifest);
    this.tokensPath = join(directory, record.tokensFile);
    this.documentsPath = join(directory, record.documentsFile);
    this.checkedTokens = new Uint8Array(blocksOf(record.tokens * this.bytesPerToken));
    this.checkedDocuments = new Uint8Array(blocksOf(record.documents * indexRowBytes));
  }

  /**
   * Fills a view with the shard's tokens from one on.
   *
   * @throws if they are not as they were written
   */
  readTokens(
    first: number,
    target: Uint16Array | Uint32Array | Int32Array,
    offset: number,
    count: number,
  ): void {
    const size = this.bytesPerToken;
    const { checkedTokens: checked, tokensPath: path } = this;
    this.check(path, checked, 0, first * size, count * size, this.record.tokens * size, (block) =>
      this.checkIds(block),
    );
    this.files.read(path, first * size, target, offset * size, count * size);
  }

  /** @throws if the rows of the index are not as they were written */
  readIndex(row: number, target: Uint32Array, offset: number, rows: number): void {
    const [from, length] = [row * indexRowBytes, rows * indexRowBytes];
    const { checkedDocuments: checked, documentsPath: path, checkedTokens } = this;
    this.check(path, checked, checkedTokens.length, from, length, this.record.documents * indexRowBytes);
    this.files.read(path, from, target, offset, length);
  }

  private check(
    path: string,
    checked: Uint8Array,
    firstChecksum: number,
    from: number,
    length: number,
    size: number,
    alsoCheck?: (block: Uint8Array) => void,
  ): void {
    const last = Math.floor((from + length - 1) / blockBytes);
    for (let index = Math.floor(from / blockBytes); index <= last; index += 1) {
      if (checked[index] === 1) continue;
      const start = index * blockBytes;
      const block = scratch.subarray(0, Math.min(blockBytes, size - start));
      this.files.read(path, start, block, 0, block.length);
      this.checksums ??= this.readChecksums();
      if (crc32(block) !== this.checksums[firstChecksum + index]) {
        throw new Error(
          `${path} is damaged between byte ${start} and ${start + block.length}: run "steepest data verify" on its folder`,
        );
      }
      alsoCheck?.(block);
      checked[index] = 1;
    }
  }

  private checkIds(block: Uint8Array): void {
    const { vocabularySize } = this.manifest.tokenizer;
    const { buffer, length } = block;
    const ids =
      this.bytesPerToken === 2
        ? new Uint16Array(buffer, 0, length / 2)
        : new Uint32Array(buffer, 0, length / 4);
    for (let index = 0; index < ids.length; index += 1) {
      if (ids[index]! < vocabularySize) continue;
      throw new Error(
        `${this.tokensPath} has the token ${ids[index]}, outside the vocabulary of ${vocabularySize} that its manifest states`,
      );
    }
  }

  private readChecksums(): Uint32Array {
    const { checksumsFile, checksumsSha256 } = this.record;
    const path = join(this.directory, checksumsFile);
    const expected = 4 * (this.checkedTokens.length + this.checkedDocuments.length);
    if (statSync(path).size === expected) {
      const bytes = readFileSync(path);
      if (createHash('sha256').update(bytes).digest('hex') === checksumsSha256) {
        return new Uint32Array(Uint8Array.from(bytes).buffer);
      }
    }
    throw new Error(`${path} is damaged: run "steepest data verify" on its folder`);
  }
}
