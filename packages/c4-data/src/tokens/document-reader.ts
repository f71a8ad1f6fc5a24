import type { DocumentShard, MalformedLine, SplitName } from '../sources/document-source.ts';
import { inOrder } from './written-order.ts';

const BATCH_DOCUMENTS = 128;
const BATCH_CHARACTERS = 1 << 18;
/** Malformed lines that are kept word for word; the others are counted. */
export const MOST_EXAMPLES = 20;

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
  /** Bytes of the inputs that have been read, and of the one that is being read. */
  private bytesBefore = 0;
  private bytesNow = 0;

  constructor(
    private readonly plan: readonly Input[],
    private readonly start: ReadingStart,
    private readonly options: ReadingOptions,
  ) {
    this.documents = { ...start.earlier };
    for (const { shard } of plan.slice(0, start.inputs)) this.bytesBefore += shard.bytes ?? 0;
  }

  async *batches(): AsyncGenerator<DocumentBatch> {
    for (let index = this.start.inputs; index < this.plan.length; index += 1) {
      const input = this.plan[index]!;
      const most = this.options.most[input.split] - this.documents[input.split];
      if (most > 0)
        yield* this.batchesOf(input, most, index === this.start.inputs ? this.start.documents : 0);
      this.bytesBefore += this.bytesNow;
      this.bytesNow = 0;
    }
  }

  /** Part of what is to be read that has been read; undefined where sizes are not known. */
  fraction(): number | undefined {
    const bytes = this.bytesBefore + this.bytesNow;
    const bytesPerDocument = bytes / (this.documents.train + this.documents.validation);
    const expected = { train: 0, validation: 0 };
    for (const { split, shard } of this.plan) expected[split] += shard.bytes ?? Number.POSITIVE_INFINITY;
    for (const split of ['train', 'validation'] as const) {
      const limited = this.options.most[split] * bytesPerDocument;
      if (limited < expected[split]) expected[split] = limited;
    }
    const fraction = bytes / (expected.train + expected.validation);
    return fraction > 0 ? Math.min(1, fraction) : undefined;
  }

  private async *batchesOf(input: Input, most: number, skip: number): AsyncGenerator<DocumentBatch> {
    const { split, shard } = input;
    const examples: MalformedLine[] = [];
    let malformedLines = 0;
    let documents = 0;
    const { signal, onMalformed } = this.options;
    const source = shard.open({
      signal,
      onMalformed:
        onMalformed === null
          ? undefined
          : (problem) => {
              malformedLines += 1;
              if (examples.length < MOST_EXAMPLES) examples.push(problem);
              onMalformed(problem);
            },
      onBytes: (read) => {
        this.bytesNow = read;
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
      if (texts.length < BATCH_DOCUMENTS && characters < BATCH_CHARACTERS) continue;
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
