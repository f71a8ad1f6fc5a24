import { createHash } from 'node:crypto';
import { firstWhere, type SplitName, type TokenStore } from '../token-store.ts';
import { CheckedShard } from './block-checksums.ts';
import { type ShardManifest, tokenBytes } from './manifest.ts';
import { PositionalFiles } from './positional-files.ts';

/** Tokens read at once: the rest of a document serves the sequences that follow. */
const windowTokens = 8192;

interface OpenShard {
  readonly documents: number;
  readonly files: CheckedShard;
  /** Documents and tokens of the shards before it. */
  readonly firstDocument: number;
  readonly firstToken: number;
}

/** The document that was asked for last, and some of its tokens. */
interface OpenDocument {
  readonly index: number;
  readonly shard: OpenShard;
  /** Its first token in the shard. */
  readonly start: number;
  readonly tokens: number;
  readonly bytes: number;
}

/**
 * The documents of all shards of a split, read from the files as they are asked for. Memory holds the list of shards, the checksums
 * of those that were read (256 KB for each GB) and a window on one document.
 */
export class ShardStore implements TokenStore {
  readonly identity: string;
  readonly documentCount: number;
  readonly tokenCount: number;
  private readonly shards: readonly OpenShard[];
  private readonly files = new PositionalFiles();
  private readonly row = new Uint32Array(4);
  private document: OpenDocument | undefined;
  private window: Uint16Array | Uint32Array;
  /** The tokens of the open document that the window holds. */
  private windowFrom = 0;
  private windowEnd = 0;

  constructor(directory: string, manifest: ShardManifest, splitName: SplitName) {
    const { documents, tokens, shards } = manifest.splits[splitName];
    this.documentCount = documents;
    this.tokenCount = tokens;
    this.window = tokenBytes(manifest) === 2 ? new Uint16Array(0) : new Uint32Array(0);
    const hash = createHash('sha256').update(manifest.tokenizer.hash);
    let firstDocument = 0;
    let firstToken = 0;
    this.shards = shards.map((record) => {
      hash.update(record.tokensSha256);
      const files = new CheckedShard(directory, record, manifest, this.files);
      const shard = { documents: record.documents, files, firstDocument, firstToken };
      firstDocument += record.documents;
      firstToken += record.tokens;
      return shard;
    });
    this.identity = hash.digest('hex');
  }

  documentTokens(document: number): number {
    return this.open(document).tokens;
  }

  documentBytes(document: number): number {
    return this.open(document).bytes;
  }

  copy(document: number, from: number, count: number, target: Int32Array, offset: number): void {
    const { shard, start, tokens } = this.open(document);
    if (from < this.windowFrom || from + count > this.windowEnd) {
      const length = Math.min(tokens - from, Math.max(count, windowTokens));
      this.windowEnd = 0;
      if (this.window.length < length) this.window = this.windowOf(length);
      shard.files.readTokens(start + from, this.window, 0, length);
      this.windowFrom = from;
      this.windowEnd = from + length;
    }
    const first = from - this.windowFrom;
    target.set(this.window.subarray(first, first + count), offset);
  }

  locate(token: number): { readonly document: number; readonly offset: number } {
    const shard = this.shardWith(({ firstToken }) => firstToken > token);
    const document = firstWhere(shard.documents - 1, (row) => {
      const { start, tokens } = this.read(shard, row);
      return shard.firstToken + start + tokens > token;
    });
    return {
      document: shard.firstDocument + document,
      offset: token - shard.firstToken - this.read(shard, document).start,
    };
  }

  close(): void {
    this.files.close();
    this.document = undefined;
  }

  private open(index: number): OpenDocument {
    if (this.document?.index === index) return this.document;
    const shard = this.shardWith(({ firstDocument }) => firstDocument > index);
    const document = { index, shard, ...this.read(shard, index - shard.firstDocument) };
    this.document = document;
    this.windowEnd = 0;
    return document;
  }

  /** The last shard before those that a condition holds for. */
  private shardWith(isBehind: (shard: OpenShard) => boolean): OpenShard {
    const { shards } = this;
    return shards[
      firstWhere(shards.length - 1, (shard) => shard + 1 === shards.length || isBehind(shards[shard + 1]!))
    ]!;
  }

  /** What the index of a shard says of one of its documents. */
  private read({ files }: OpenShard, row: number): { start: number; tokens: number; bytes: number } {
    const numbers = this.row;
    if (row === 0) {
      numbers[0] = 0;
      files.readIndex(0, numbers, 8, 1);
    } else files.readIndex(row - 1, numbers, 0, 2);
    const start = numbers[0]!;
    const tokens = numbers[2]! - start;
    // A document has a token and its </s> at least.
    if (tokens < 2) {
      throw new Error(
        `document ${row} of a token shard ends before it begins: run "steepest data verify" on its folder`,
      );
    }
    return { start, tokens, bytes: numbers[3]! };
  }

  private windowOf(tokens: number): Uint16Array | Uint32Array {
    const length = Math.max(tokens, windowTokens);
    return this.window instanceof Uint16Array ? new Uint16Array(length) : new Uint32Array(length);
  }
}
