import type { DocumentShard, MalformedLine, SplitName } from '../sources/document-source.ts';
import { utf8Bytes } from '../text-bytes.ts';
import type { EncodedDocuments, TokenizerPool } from '../tokenizers/encoded-documents.ts';
import { inOrder } from './written-order.ts';

const batchDocuments = 128;
const batchCharacters = 1 << 18;
/** Malformed lines that are kept word for word; the others are counted. */
export const mostExamples = 20;

/** A part of the source, and the side of the split that it is read for. */
export interface Input {
  readonly split: SplitName;
  readonly shard: DocumentShard;
}

/** What one reading of an input to its end found. */
export interface InputReading {
  readonly documents: number;
  readonly malformedLines: number;
  readonly examples: readonly MalformedLine[];
}

/** Some documents of an input, one after another in the order of writing. */
export interface DocumentBatch {
  readonly input: Input;
  readonly texts: readonly string[];
  /** In the last batch of an input, which may be empty. */
  readonly end?: InputReading;
}

/** Where reading begins. */
export interface ReadingStart {
  /** Inputs of the plan that are done with. */
  readonly inputs: number;
  /** Documents of the next input that are done with, in the order of writing. */
  readonly documents: number;
  /** Documents of the inputs that are done with. */
  readonly earlier: Readonly<Record<SplitName, number>>;
}

/** How documents are read. */
export interface ReadingOptions {
  /** Shuffles the documents; null leaves them in their order. */
  readonly seed: number | null;
  /** Documents to read at most of each side. */
  readonly most: Readonly<Record<SplitName, number>>;
  readonly signal?: AbortSignal | undefined;
  /** Takes lines that hold no document, which are counted; null makes such a line an error. */
  readonly onMalformed: ((problem: MalformedLine) => void) | null;
}

/** Reads the inputs of a plan one after another, in batches. */
export class DocumentReader {
  private readonly documents: Record<SplitName, number>;
  /** Of the inputs that have been read, and of the one that is being read. */
  private readonly bytes: Record<SplitName, number> = { train: 0, validation: 0 };

  constructor(
    private readonly plan: readonly Input[],
    private readonly start: ReadingStart,
    private readonly options: ReadingOptions,
  ) {
    this.documents = { ...start.earlier };
    for (const { split, shard } of plan.slice(0, start.inputs)) this.bytes[split] += shard.bytes ?? 0;
  }

  async *batches(): AsyncGenerator<DocumentBatch> {
    for (let index = this.start.inputs; index < this.plan.length; index += 1) {
      const input = this.plan[index]!;
      const most = this.options.most[input.split] - this.documents[input.split];
      if (most > 0)
        yield* this.batchesOf(input, most, index === this.start.inputs ? this.start.documents : 0);
    }
  }

  /** Part of what is to be read that has been read; undefined where sizes are not known. */
  fraction(): number | undefined {
    const { bytes, documents } = this;
    const [allBytes, allDocuments] = [bytes.train + bytes.validation, documents.train + documents.validation];
    const stored = { train: 0, validation: 0 };
    for (const { split, shard } of this.plan) stored[split] += shard.bytes ?? Number.POSITIVE_INFINITY;
    let expected = 0;
    for (const split of ['train', 'validation'] as const) {
      const most = this.options.most[split];
      // Of a side that has not begun, documents are taken to be as long as those of the other.
      const limited =
        documents[split] > 0 ? (most * bytes[split]) / documents[split] : (most * allBytes) / allDocuments;
      expected += limited < stored[split] ? limited : stored[split];
    }
    const fraction = allBytes / expected;
    return fraction > 0 ? Math.min(1, fraction) : undefined;
  }

  private async *batchesOf(input: Input, most: number, skip: number): AsyncGenerator<DocumentBatch> {
    const { split, shard } = input;
    const examples: MalformedLine[] = [];
    let malformedLines = 0;
    let documents = 0;
    const before = this.bytes[split];
    const { signal, onMalformed } = this.options;
    const source = shard.open({
      signal,
      onMalformed:
        onMalformed === null
          ? undefined
          : (problem) => {
              malformedLines += 1;
              if (examples.length < mostExamples) examples.push(problem);
              onMalformed(problem);
            },
      onBytes: (read) => {
        this.bytes[split] = before + read;
      },
    });
    const { seed } = this.options;
    const label = seed === null ? undefined : `documents ${shard.name} ${seed}`;
    let texts: string[] = [];
    let characters = 0;
    for await (const { text } of inOrder(source, label, most)) {
      documents += 1;
      this.documents[split] += 1;
      if (documents <= skip) continue;
      texts.push(text);
      characters += text.length;
      if (texts.length < batchDocuments && characters < batchCharacters) continue;
      yield { input, texts };
      texts = [];
      characters = 0;
    }
    if (documents < skip) {
      throw new Error(
        `${shard.name} had at least ${skip} documents before and has ${documents} now: it was changed`,
      );
    }
    yield { input, texts, end: { documents, malformedLines, examples } };
  }
}

/** Some documents with tokens, one after another. */
export interface EncodedRun {
  readonly tokens: Uint16Array | Uint32Array;
  /** Tokens of each document, its `</s>` included. */
  readonly lengths: readonly number[];
  /** UTF-8 bytes of the text of each document. */
  readonly bytes: readonly number[];
}

/** How many batches are encoded ahead of the one that is awaited, and what ends that. */
export interface EncodingOptions {
  readonly ahead: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Encodes batches of documents, and gives them in their order.
 *
 * @throws the reason of the signal once the batch that was given last has been dealt with
 */
export async function* encodeBatches(
  batches: AsyncIterable<DocumentBatch>,
  pool: Pick<TokenizerPool, 'encodeDocuments'>,
  { ahead, signal }: EncodingOptions,
): AsyncGenerator<{ readonly batch: DocumentBatch; readonly encoded: EncodedDocuments }, void> {
  const waiting: { batch: DocumentBatch; encoded: Promise<EncodedDocuments> }[] = [];
  const next = async () => {
    const { batch, encoded } = waiting.shift()!;
    return { batch, encoded: await encoded };
  };
  for await (const batch of batches) {
    const encoded = pool.encodeDocuments(batch.texts, { signal });
    // It is awaited later; until then its failure must not count as unhandled.
    encoded.catch(() => {});
    waiting.push({ batch, encoded });
    if (waiting.length <= ahead) continue;
    yield await next();
    signal?.throwIfAborted();
  }
  while (waiting.length > 0) {
    yield await next();
    signal?.throwIfAborted();
  }
}

/**
 * The documents of a batch that have tokens, in runs that go to the same side of the split; the others are counted.
 *
 * @param splitOf called for each document that has tokens, in order
 */
export function divide(
  texts: readonly string[],
  { tokens, lengths }: EncodedDocuments,
  splitOf: () => SplitName,
): { readonly runs: { split: SplitName; run: EncodedRun }[]; readonly emptyDocuments: number } {
  const runs: { split: SplitName; from: number; to: number; lengths: number[]; bytes: number[] }[] = [];
  let emptyDocuments = 0;
  let token = 0;
  for (const [document, length] of lengths.entries()) {
    if (length === 0) {
      emptyDocuments += 1;
      continue;
    }
    const split = splitOf();
    if (runs.at(-1)?.split !== split) runs.push({ split, from: token, to: token, lengths: [], bytes: [] });
    const run = runs.at(-1)!;
    token += length;
    run.to = token;
    run.lengths.push(length);
    run.bytes.push(utf8Bytes(texts[document]!));
  }
  return {
    runs: runs.map(({ split, from, to, ...run }) => ({
      split,
      run: { tokens: tokens.subarray(from, to), ...run },
    })),
    emptyDocuments,
  };
}
