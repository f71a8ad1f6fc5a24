import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { SplitName } from '../c4-files.ts';
import { MOST_SHARD_TOKENS, type ShardRecord, type SplitRecord, shardFiles } from './manifest.ts';
import { INDEX_ROW_BYTES } from './token-windows.ts';

/** Some documents to write, one after another. */
export interface EncodedRun {
  readonly tokens: Uint16Array | Uint32Array;
  /** Tokens of each document, its `</s>` included. */
  readonly lengths: readonly number[];
  /** UTF-8 bytes of the text of each document. */
  readonly bytes: readonly number[];
}

/** How far the shards of a split are: JSON from which `SplitWriter` goes on. */
export interface SplitProgress {
  readonly complete: readonly ShardRecord[];
  /** What the last shard holds, which is not complete. */
  readonly open: { readonly documents: number; readonly tokens: number; readonly bytes: number } | null;
}

export const NOTHING_WRITTEN: SplitProgress = { complete: [], open: null };

/** A file that grows, with the hash of its bytes. */
class HashedFile {
  private constructor(
    private readonly file: FileHandle,
    private readonly hash: Hash,
    private position: number,
  ) {}

  /** Opens a file whose first bytes are to stay: the rest is cut off. */
  static async open(path: string, keep: number): Promise<HashedFile> {
    const file = await open(path, keep === 0 ? 'w' : 'r+');
    const hash = createHash('sha256');
    try {
      if (keep > 0) {
        const { size } = await file.stat();
        if (size < keep) {
          throw new Error(
            `${path} has ${size} bytes, but ${keep} were written: remove the folder and start over`,
          );
        }
        await file.truncate(keep);
        for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
      }
    } catch (error) {
      await file.close();
      throw error;
    }
    return new HashedFile(file, hash, keep);
  }

  async append(array: NodeJS.TypedArray): Promise<void> {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    this.hash.update(bytes);
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.file.write(bytes, done, bytes.length - done, this.position);
      done += bytesWritten;
      this.position += bytesWritten;
    }
  }

  sync(): Promise<void> {
    return this.file.datasync();
  }

  async close(): Promise<string> {
    await this.file.close();
    return this.hash.digest('hex');
  }
}

interface OpenShard {
  readonly tokensFile: HashedFile;
  readonly documentsFile: HashedFile;
  documents: number;
  tokens: number;
  bytes: number;
}

/**
 * Writes the shards of one side of the split. A shard is complete before the document that would take it over its limit,
 * so that shards depend on the documents alone and a document is never cut.
 */
export class SplitWriter {
  private readonly complete: ShardRecord[];
  private shard: OpenShard | undefined;

  private constructor(
    private readonly directory: string,
    private readonly split: SplitName,
    private readonly limit: number,
    progress: SplitProgress,
  ) {
    this.complete = [...progress.complete];
  }

  /** @param limit tokens of a shard that holds more than one document */
  static async open(
    directory: string,
    split: SplitName,
    { limit, bytesPerToken, progress }: { limit: number; bytesPerToken: number; progress: SplitProgress },
  ): Promise<SplitWriter> {
    const writer = new SplitWriter(directory, split, Math.min(limit, MOST_SHARD_TOKENS), progress);
    const { open: partial } = progress;
    if (partial !== null) {
      writer.shard = await writer.openShard(
        partial.tokens * bytesPerToken,
        partial.documents * INDEX_ROW_BYTES,
      );
      Object.assign(writer.shard, partial);
    }
    return writer;
  }

  /** Appends documents; answers whether a shard became complete. */
  async append({ tokens, lengths, bytes }: EncodedRun): Promise<boolean> {
    let rolled = false;
    let token = 0;
    for (let first = 0; first < lengths.length; ) {
      if (this.shard !== undefined && this.shard.tokens + lengths[first]! > this.limit) {
        await this.completeShard();
        rolled = true;
      }
      this.shard ??= await this.openShard(0, 0);
      let last = first;
      let end = token;
      do {
        end += lengths[last]!;
        last += 1;
      } while (last < lengths.length && this.shard.tokens + (end - token) + lengths[last]! <= this.limit);
      await this.appendToShard(this.shard, {
        tokens: tokens.subarray(token, end),
        lengths: lengths.slice(first, last),
        bytes: bytes.slice(first, last),
      });
      first = last;
      token = end;
    }
    return rolled;
  }

  /** Makes what was appended durable and says how far the shards are. */
  async progress(): Promise<SplitProgress> {
    const { complete, shard } = this;
    if (shard === undefined) return { complete, open: null };
    await shard.tokensFile.sync();
    await shard.documentsFile.sync();
    const { documents, tokens, bytes } = shard;
    return { complete, open: { documents, tokens, bytes } };
  }

  /** Documents, tokens and bytes of text that were appended. */
  totals(): Pick<SplitRecord, 'documents' | 'tokens' | 'bytes'> {
    const shards = this.shard === undefined ? this.complete : [...this.complete, this.shard];
    const sum = (of: 'documents' | 'tokens' | 'bytes') =>
      shards.reduce((total, shard) => total + shard[of], 0);
    return { documents: sum('documents'), tokens: sum('tokens'), bytes: sum('bytes') };
  }

  /** Completes the last shard and sums up. */
  async finish(): Promise<SplitRecord> {
    await this.completeShard();
    return { ...this.totals(), shards: this.complete };
  }

  /** Closes the files as they are. */
  async close(): Promise<void> {
    await this.shard?.tokensFile.close();
    await this.shard?.documentsFile.close();
    this.shard = undefined;
  }

  private async openShard(tokenBytes: number, indexBytes: number): Promise<OpenShard> {
    const { tokensFile, documentsFile } = shardFiles(this.split, this.complete.length);
    return {
      tokensFile: await HashedFile.open(join(this.directory, tokensFile), tokenBytes),
      documentsFile: await HashedFile.open(join(this.directory, documentsFile), indexBytes),
      documents: 0,
      tokens: 0,
      bytes: 0,
    };
  }

  private async appendToShard(shard: OpenShard, { tokens, lengths, bytes }: EncodedRun): Promise<void> {
    const index = new Uint32Array(2 * lengths.length);
    for (const [document, length] of lengths.entries()) {
      shard.tokens += length;
      shard.bytes += bytes[document]!;
      index.set([shard.tokens, bytes[document]!], 2 * document);
    }
    shard.documents += lengths.length;
    await shard.tokensFile.append(tokens);
    await shard.documentsFile.append(index);
  }

  private async completeShard(): Promise<void> {
    const { shard } = this;
    if (shard === undefined) return;
    const { documents, tokens, bytes } = shard;
    await shard.tokensFile.sync();
    await shard.documentsFile.sync();
    this.shard = undefined;
    const tokensSha256 = await shard.tokensFile.close();
    const documentsSha256 = await shard.documentsFile.close();
    const files = shardFiles(this.split, this.complete.length);
    this.complete.push({ ...files, documents, tokens, bytes, tokensSha256, documentsSha256 });
  }
}
