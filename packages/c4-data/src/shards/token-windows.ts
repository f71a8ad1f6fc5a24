import type { SplitName } from '../sources/document-source.ts';
import { bytesOfTokens } from '../text-bytes.ts';
import { CheckedShard } from './block-checksums.ts';
import { type ShardManifest, tokenBytes } from './manifest.ts';
import { PositionalFiles } from './positional-files.ts';

interface OpenShard {
  readonly documents: number;
  readonly tokens: number;
  readonly files: CheckedShard;
}

/**
 * The tokens of all shards of a split as one stream, of which any window is read from the files on demand. Memory holds
 * the list of shards, the checksums of those that were read (256 KB for each GB) and one window.
 */
export class TokenWindows {
  readonly tokenCount: number;
  private readonly shards: readonly OpenShard[];
  /** The first token of each shard in the stream. */
  private readonly starts: readonly number[];
  private readonly bytesPerToken: 2 | 4;
  private readonly files = new PositionalFiles();
  private window = new Uint16Array(0);
  private readonly indexRow = new Uint32Array(2);

  constructor(directory: string, manifest: ShardManifest, splitName: SplitName) {
    const split = manifest.splits[splitName];
    this.tokenCount = split.tokens;
    this.bytesPerToken = tokenBytes(manifest);
    this.shards = split.shards.map((record) => ({
      documents: record.documents,
      tokens: record.tokens,
      files: new CheckedShard(directory, record, manifest, this.files),
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
      const { tokens, files } = this.shards[shard]!;
      const from = first - this.starts[shard]!;
      const length = Math.min(count, tokens - from);
      this.readTokens(files, from, length, target, offset);
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
        this.readTokens(shard.files, start, tokens.length, tokens, 0);
        return tokens;
      }
      index -= shard.documents;
    }
    throw new RangeError(`there is no document ${index} after the last one`);
  }

  close(): void {
    this.files.close();
  }

  private readTokens(
    files: CheckedShard,
    from: number,
    count: number,
    target: Int32Array,
    offset: number,
  ): void {
    if (this.bytesPerToken === 4) {
      files.readTokens(from, target, offset, count);
      return;
    }
    if (this.window.length < count) this.window = new Uint16Array(count);
    files.readTokens(from, this.window, 0, count);
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

  private endAndBytes({ files }: OpenShard, document: number): { end: number; bytes: number } {
    files.readIndex(document, this.indexRow, 0, 1);
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
