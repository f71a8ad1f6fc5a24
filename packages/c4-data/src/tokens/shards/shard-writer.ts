import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '@steepest/run-files';
import { writeAtomically } from '../../atomic-file.ts';
import type { SplitName } from '../../sources/document-source.ts';
import type { EncodedRun } from '../encoded-batches.ts';
import { BlockChecksums, encodeChecksums } from './block-checksums.ts';
import {
  indexRowBytes,
  mostShardTokens,
  type ShardRecord,
  type SplitRecord,
  shardFiles,
} from './manifest.ts';

/** How far the shards of a split are: JSON from which `SplitWriter` resumes. */
export interface SplitProgress {
  readonly complete: readonly ShardRecord[];
  /** What the last shard holds, which is not complete, with the SHA-256 of its files so far. */
  readonly open: {
    readonly documents: number;
    readonly tokens: number;
    readonly bytes: number;
    readonly tokensSha256: string;
    readonly documentsSha256: string;
  } | null;
}

export const nothingWritten: SplitProgress = { complete: [], open: null };

/** A file that grows, with the hash of its bytes and the checksums of their blocks. */
class HashedFile {
  readonly blocks = new BlockChecksums();
  private readonly hash: Hash = createHash('sha256');

  private constructor(
    private readonly file: FileHandle,
    private position: number,
  ) {}

  /**
   * Opens a file whose first bytes are to stay: the rest is cut off.
   *
   * @param sha256 of the bytes that stay
   * @throws if they are not those any more
   */
  static async open(path: string, keep: number, sha256?: string): Promise<HashedFile> {
    const file = await open(path, keep === 0 ? 'w' : 'r+');
    const hashed = new HashedFile(file, keep);
    try {
      if (keep > 0) {
        const { size } = await file.stat();
        if (size < keep) {
          throw new Error(
            `${path} has ${size} bytes, but ${keep} were written: remove the folder and start over`,
          );
        }
        await file.truncate(keep);
        for await (const chunk of createReadStream(path)) hashed.take(chunk as Uint8Array);
        if (hashed.digest() !== sha256) {
          throw new Error(`${path} was damaged since it was written: remove the folder and start over`);
        }
      }
    } catch (error) {
      await file.close();
      throw error;
    }
    return hashed;
  }

  async append(array: NodeJS.TypedArray): Promise<void> {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    this.take(bytes);
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.file.write(bytes, done, bytes.length - done, this.position);
      done += bytesWritten;
      this.position += bytesWritten;
    }
  }

  sync(): Promise<void> {
    return this.file.datasync();
  }

  /** SHA-256 of the bytes so far, in hex. */
  digest(): string {
    return this.hash.copy().digest('hex');
  }

  close(): Promise<void> {
    return this.file.close();
  }

  private take(bytes: Uint8Array): void {
    this.hash.update(bytes);
    this.blocks.update(bytes);
  }
}

/** The beginning of a file that stays. */
interface KeptBytes {
  readonly keep: number;
  readonly sha256?: string;
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
    const writer = new SplitWriter(directory, split, Math.min(limit, mostShardTokens), progress);
    const { open: partial } = progress;
    if (partial !== null) {
      writer.shard = await writer.openShard(
        { keep: partial.tokens * bytesPerToken, sha256: partial.tokensSha256 },
        { keep: partial.documents * indexRowBytes, sha256: partial.documentsSha256 },
      );
      const { documents, tokens, bytes } = partial;
      Object.assign(writer.shard, { documents, tokens, bytes });
    }
    return writer;
  }

  /** Appends documents; returns whether a shard became complete. */
  async append({ tokens, lengths, bytes }: EncodedRun): Promise<boolean> {
    let rolled = false;
    let token = 0;
    for (let first = 0; first < lengths.length; ) {
      if (this.shard !== undefined && this.shard.tokens + lengths[first]! > this.limit) {
        await this.completeShard();
        rolled = true;
      }
      this.shard ??= await this.openShard({ keep: 0 }, { keep: 0 });
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
    const { documents, tokens, bytes, tokensFile, documentsFile } = shard;
    const hashes = { tokensSha256: tokensFile.digest(), documentsSha256: documentsFile.digest() };
    return { complete, open: { documents, tokens, bytes, ...hashes } };
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

  private async openShard(tokens: KeptBytes, documents: KeptBytes): Promise<OpenShard> {
    const { tokensFile, documentsFile } = shardFiles(this.split, this.complete.length);
    const tokensPath = join(this.directory, tokensFile);
    const shard = {
      tokensFile: await HashedFile.open(tokensPath, tokens.keep, tokens.sha256),
      documents: 0,
      tokens: 0,
      bytes: 0,
    };
    try {
      const documentsPath = join(this.directory, documentsFile);
      const opened = await HashedFile.open(documentsPath, documents.keep, documents.sha256);
      await syncFolder(this.directory);
      return { ...shard, documentsFile: opened };
    } catch (error) {
      await shard.tokensFile.close();
      throw error;
    }
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
    await shard.tokensFile.close();
    await shard.documentsFile.close();
    const files = shardFiles(this.split, this.complete.length);
    const checksums = encodeChecksums(shard.tokensFile.blocks, shard.documentsFile.blocks);
    await writeAtomically(join(this.directory, files.checksumsFile), checksums);
    this.complete.push({
      ...files,
      documents,
      tokens,
      bytes,
      tokensSha256: shard.tokensFile.digest(),
      documentsSha256: shard.documentsFile.digest(),
      checksumsSha256: createHash('sha256').update(checksums).digest('hex'),
    });
  }
}
