import { createHasher } from '#platform';
import type { DocumentShard, MalformedLine } from '../sources/document-source.ts';
import { malformedLineError } from '../sources/malformed.ts';
import { bytesPerToken } from '../tokenizers/encoded-documents.ts';
import { createInlinePool } from '../tokenizers/inline-pool.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { DocumentReader, divide, encodeBatches } from './encoded-batches.ts';
import { firstWhere, type SplitName, type TokenStore } from './token-store.ts';

/** Tokenized documents in their source's order, each ended by `</s>`. */
export interface TokenizedDocuments {
  readonly tokens: Uint16Array | Uint32Array;
  /** Tokens of each document, its `</s>` included. */
  readonly documentLengths: Uint32Array;
  /** UTF-8 bytes of the text of each document. */
  readonly documentBytes: Uint32Array;
  /** SHA-256 of the tokens and the lengths, in hex. */
  readonly hash: string;
}

/** Hashed at a time: what a hash takes in one call ends at 2 GiB, and a text at 512 MB. */
const hashedBytes = 64 * 1024 * 1024;
const hashedLengths = 4096;

/** SHA-256 over the bytes of the tokens and the lengths of the documents, in hex. */
export function hashTokens(tokens: Uint16Array | Uint32Array, documentLengths: Uint32Array): string {
  const hash = createHasher('sha256');
  for (let from = 0; from < tokens.byteLength; from += hashedBytes) {
    const length = Math.min(hashedBytes, tokens.byteLength - from);
    hash.update(new Uint8Array(tokens.buffer, tokens.byteOffset + from, length));
  }
  for (let from = 0; from < documentLengths.length; from += hashedLengths) {
    const lengths = documentLengths.subarray(from, from + hashedLengths).join();
    hash.update(from === 0 ? lengths : `,${lengths}`);
  }
  return hash.hex();
}

/** @throws if there is not enough memory for the tokens: the message says what needs less */
export function allocateTokens(bytesPerToken: 2 | 4, count: number): Uint16Array | Uint32Array {
  try {
    return bytesPerToken === 2 ? new Uint16Array(count) : new Uint32Array(count);
  } catch (cause) {
    throw new Error(
      `${count} tokens of ${bytesPerToken} bytes do not fit in memory (${(cause as Error).message}): ` +
        'prepare them as shards (prepareTokenShards, or steepest data prepare), which are read from the disk',
      { cause },
    );
  }
}

/** Documents that grow as they are tokenized. */
export class TokenBuffer {
  private tokens: Uint16Array | Uint32Array;
  private used = 0;
  private readonly lengths: number[] = [];
  private readonly bytes: number[] = [];

  constructor(private readonly bytesPerToken: 2 | 4) {
    this.tokens = allocateTokens(bytesPerToken, 1 << 16);
  }

  get documentCount(): number {
    return this.lengths.length;
  }

  get tokenCount(): number {
    return this.used;
  }

  /** Appends documents one after another. */
  append(tokens: Uint16Array | Uint32Array, lengths: readonly number[], bytes: readonly number[]): void {
    const end = this.used + tokens.length;
    if (end > this.tokens.length) {
      const larger = allocateTokens(this.bytesPerToken, Math.max(2 * this.tokens.length, end));
      larger.set(this.tokens.subarray(0, this.used));
      this.tokens = larger;
    }
    this.tokens.set(tokens, this.used);
    this.used = end;
    for (const length of lengths) this.lengths.push(length);
    for (const count of bytes) this.bytes.push(count);
  }

  finish(): TokenizedDocuments {
    const tokens = this.tokens.subarray(0, this.used);
    const documentLengths = Uint32Array.from(this.lengths);
    return {
      tokens,
      documentLengths,
      documentBytes: Uint32Array.from(this.bytes),
      hash: hashTokens(tokens, documentLengths),
    };
  }
}

/** Tokenized documents, and the lines of their source that held none. */
export interface ReadTokens extends TokenizedDocuments {
  readonly malformed: readonly MalformedLine[];
}

/** How far the tokenizing of a source is. */
export interface TokenizingProgress {
  readonly phase: 'tokenizing';
  readonly documents: number;
  readonly tokens: number;
  readonly seconds: number;
}

/** Tokenizes some shards, or takes their tokens from elsewhere. `identity` changes when the text does. */
export type TokenReader = (
  identity: string,
  name: string,
  tokenize: () => Promise<ReadTokens>,
) => Promise<ReadTokens>;

/** What watches the tokenizing of a source. */
export interface TokenizingObserver {
  readonly onProgress?: ((progress: TokenizingProgress) => void) | undefined;
  /** Whether lines that hold no document are gathered, or are errors. */
  readonly gatherMalformed: boolean;
}

/**
 * Tokenizes shards into memory. Documents without a token are left out.
 *
 * @throws if the shards have no document with a token, or on a malformed line that is not gathered
 */
export async function tokenizeShards(
  shards: readonly DocumentShard[],
  split: SplitName,
  tokenizer: Tokenizer,
  { onProgress, gatherMalformed }: TokenizingObserver,
): Promise<ReadTokens> {
  const started = performance.now();
  const malformed: MalformedLine[] = [];
  const all = Number.POSITIVE_INFINITY;
  const reader = new DocumentReader(
    shards.map((shard) => ({ split, shard })),
    { inputs: 0, documents: 0, earlier: { train: 0, validation: 0 } },
    {
      seed: null,
      most: { train: all, validation: all },
      onMalformed: gatherMalformed ? (problem) => malformed.push(problem) : null,
    },
  );
  const written = new TokenBuffer(bytesPerToken(tokenizer.vocabularySize));
  for await (const { batch, encoded } of encodeBatches(reader.batches(), createInlinePool(tokenizer), {
    ahead: 0,
  })) {
    for (const { run } of divide(batch.texts, encoded, () => split).runs) {
      written.append(run.tokens, run.lengths, run.bytes);
    }
    onProgress?.({
      phase: 'tokenizing',
      documents: written.documentCount,
      tokens: written.tokenCount,
      seconds: (performance.now() - started) / 1000,
    });
  }
  const [first] = malformed;
  if (written.documentCount === 0) {
    const reason =
      first === undefined ? '' : `; the first malformed line is ${malformedLineError(first).message}`;
    throw new Error(`${nameOf(shards)} has no text: not one document gives a token${reason}`);
  }
  return { ...written.finish(), malformed };
}

const namesInMessage = 3;

/** What messages call some shards. */
export function nameOf(shards: readonly DocumentShard[]): string {
  const names = shards.slice(0, namesInMessage).map(({ name }) => name);
  const more = shards.length - names.length;
  return names.length === 0 ? 'the source' : names.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/**
 * The documents whose index a predicate accepts, in their order, as a store in memory.
 *
 * Its identity is that of all the documents: which of them it has, the counts of documents and tokens tell well enough.
 */
export function memoryStore(
  { tokens, documentLengths, documentBytes, hash }: TokenizedDocuments,
  accept: (index: number) => boolean,
): TokenStore {
  const documents: number[] = [];
  const starts: number[] = [];
  /** Where each accepted document ends among the accepted ones. */
  const ends: number[] = [];
  let position = 0;
  let tokenCount = 0;
  documentLengths.forEach((length, index) => {
    if (accept(index)) {
      documents.push(index);
      starts.push(position);
      tokenCount += length;
      ends.push(tokenCount);
    }
    position += length;
  });
  const chosen = Uint32Array.from(documents);
  const start = Float64Array.from(starts);
  const end = Float64Array.from(ends);
  return {
    identity: hash,
    documentCount: chosen.length,
    tokenCount,
    documentTokens: (document) => documentLengths[chosen[document]!]!,
    documentBytes: (document) => documentBytes[chosen[document]!]!,
    copy(document, from, count, target, offset) {
      const first = start[document]! + from;
      target.set(tokens.subarray(first, first + count), offset);
    },
    locate(token) {
      const document = firstWhere(end.length - 1, (index) => end[index]! > token);
      return { document, offset: token - (document === 0 ? 0 : end[document - 1]!) };
    },
    close() {},
  };
}
