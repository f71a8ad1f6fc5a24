import { join } from 'node:path';
import { bytesOfTokens } from '../text-bytes.ts';
import type { ShardManifest, ShardRecord, SplitRecord } from './manifest.ts';
import { PositionalFiles } from './positional-files.ts';

/** Bytes of a document in the index: two 32-bit integers. */
export const INDEX_ROW_BYTES = 8;

interface OpenShard extends ShardRecord {
  readonly tokensPath: string;
  readonly documentsPath: string;
}

/**
 * The tokens of all shards of a split as one stream, of which any window is read from the files on demand. Memory holds
 * the list of shards and one window, whatever the size of the data.
 */
export class TokenWindows {
  readonly tokenCount: number;
  private readonly shards: readonly OpenShard[];
  /** The first token of each shard in the stream. */
  private readonly starts: readonly number[];
  private readonly bytesPerToken: 2 | 4;
  private readonly files = new PositionalFiles();
  private window = new Uint16Array(0);
  private readonly indexRow = new Uint32Array(INDEX_ROW_BYTES / 4);

  constructor(directory: string, split: SplitRecord, tokenType: ShardManifest['tokenType']) {
    this.tokenCount = split.tokens;
    this.bytesPerToken = tokenType === 'uint16' ? 2 : 4;
    this.shards = split.shards.map((shard) => ({
      ...shard,
      tokensPath: join(directory, shard.tokensFile),
      documentsPath: join(directory, shard.documentsFile),
    }));
    const starts: number[] = [];
    let start = 0;
    for (const { tokens } of this.shards) {
      starts.push(start);
      start += tokens;
    }
    this.starts = starts;
  }

  /** Copies `count` tokens of the stream, from token `first` on, to `target` from `offset` on. */
  copy(first: number, count: number, target: Int32Array, offset: number): void {
    for (let shard = this.shardOf(first); count > 0; shard += 1) {
      const { tokens, tokensPath } = this.shards[shard]!;
      const from = first - this.starts[shard]!;
      const length = Math.min(count, tokens - from);
      this.readTokens(tokensPath, from, length, target, offset);
      first += length;
      offset += length;
      count -= length;
    }
  }

  /** Bytes of text that `count` tokens of the stream stand for, from token `first` on. */
  textBytes(first: number, count: number): number {
    let sum = 0;
    for (let shard = this.shardOf(first); count > 0; shard += 1) {
      const from = first - this.starts[shard]!;
      const length = Math.min(count, this.shards[shard]!.tokens - from);
      sum += this.textBytesIn(this.shards[shard]!, from, from + length);
      first += length;
      count -= length;
    }
    return sum;
  }

  /** The tokens of a document, by its place in the shards. */
  document(index: number): Int32Array {
    for (const shard of this.shards) {
      if (index < shard.documents) {
        const start = index === 0 ? 0 : this.endAndBytes(shard, index - 1).end;
        const tokens = new Int32Array(this.endAndBytes(shard, index).end - start);
        this.readTokens(shard.tokensPath, start, tokens.length, tokens, 0);
        return tokens;
      }
      index -= shard.documents;
    }
    throw new RangeError(`there is no document ${index} after the last one`);
  }

  close(): void {
    this.files.close();
  }

  private readTokens(path: string, from: number, count: number, target: Int32Array, offset: number): void {
    if (this.bytesPerToken === 4) {
      this.files.read(path, 4 * from, target, 4 * offset, 4 * count);
      return;
    }
    if (this.window.length < count) this.window = new Uint16Array(count);
    this.files.read(path, 2 * from, this.window, 0, 2 * count);
    target.set(this.window.length === count ? this.window : this.window.subarray(0, count), offset);
  }

  private textBytesIn(shard: OpenShard, from: number, to: number): number {
    let sum = 0;
    let document = this.documentOf(shard, from);
    let start = document === 0 ? 0 : this.endAndBytes(shard, document - 1).end;
    while (start < to) {
      const { end, bytes } = this.endAndBytes(shard, document);
      sum += bytesOfTokens(end - start, bytes, Math.max(0, from - start), Math.min(to, end) - start);
      start = end;
      document += 1;
    }
    return sum;
  }

  /** The shard that holds a token of the stream. */
  private shardOf(token: number): number {
    return firstWhere(
      this.shards.length - 1,
      (shard) => this.starts[shard]! + this.shards[shard]!.tokens > token,
    );
  }

  /** The document that holds a token of a shard. */
  private documentOf(shard: OpenShard, token: number): number {
    return firstWhere(shard.documents - 1, (document) => this.endAndBytes(shard, document).end > token);
  }

  private endAndBytes({ documentsPath }: OpenShard, document: number): { end: number; bytes: number } {
    this.files.read(documentsPath, document * INDEX_ROW_BYTES, this.indexRow, 0, INDEX_ROW_BYTES);
    return { end: this.indexRow[0]!, bytes: this.indexRow[1]! };
  }
}

/** The first number from 0 to `last` that a condition holds for, given that it holds for all after it, too. */
function firstWhere(last: number, holds: (index: number) => boolean): number {
  let low = 0;
  while (low < last) {
    const middle = Math.floor((low + last) / 2);
    if (holds(middle)) last = middle;
    else low = middle + 1;
  }
  return low;
}
