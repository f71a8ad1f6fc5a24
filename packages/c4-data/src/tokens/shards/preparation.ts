import type { DocumentShard, MalformedLine, SplitName } from '../../sources/document-source.ts';
import type { EncodedDocuments, TokenizerPool } from '../../tokenizers/encoded-documents.ts';
import {
  type DocumentBatch,
  DocumentReader,
  divide,
  encodeBatches,
  type Input,
  mostExamples,
} from '../encoded-batches.ts';
import { isValidationDocument } from '../token-store.ts';
import { ordered } from '../written-order.ts';
import type { ShardManifest } from './manifest.ts';
import { type PreparationSettings, type PreparationState, writeState } from './preparation-state.ts';
import { nothingWritten, SplitWriter } from './shard-writer.ts';

/** The parts of a source. */
export type SourceShards = Readonly<Record<SplitName, readonly DocumentShard[]>>;

/** What a preparation works with. */
export interface PreparationParts {
  readonly directory: string;
  readonly settings: PreparationSettings;
  readonly pool: TokenizerPool;
  /** Batches of documents that may be on their way through the pool. */
  readonly ahead: number;
  readonly checkpointSeconds: number;
  readonly signal: AbortSignal | undefined;
  readonly onMalformed: ((problem: MalformedLine) => void) | undefined;
  /** Called when documents have been written. */
  readonly onWritten: () => void;
}

/** The state of a preparation that has not begun. */
export function initialState(settings: PreparationSettings): PreparationState {
  return {
    settings,
    inputs: [],
    malformedExamples: [],
    current: { documents: 0, emptyDocuments: 0 },
    documentsToSplit: 0,
    splits: { train: nothingWritten, validation: nothingWritten },
  };
}

/**
 * One process's work on the shards of a folder: has batches of documents encoded and writes them in the order they were
 * read. From time to time it makes the files durable and notes how far they are; a process that resumes it cuts the files
 * back to there, and reads the input at hand again from its start.
 */
export class Preparation {
  private readonly inputs: ShardManifest['inputs'];
  private readonly malformedExamples: MalformedLine[];
  private current: { documents: number; emptyDocuments: number };
  private documentsToSplit: number;
  private lastCheckpoint = performance.now();

  private constructor(
    private readonly parts: PreparationParts,
    private readonly reader: DocumentReader,
    private readonly writers: Readonly<Record<SplitName, SplitWriter>>,
    state: PreparationState,
  ) {
    this.inputs = [...state.inputs];
    this.malformedExamples = [...state.malformedExamples];
    this.current = { ...state.current };
    this.documentsToSplit = state.documentsToSplit;
  }

  static async open(
    parts: PreparationParts,
    shards: SourceShards,
    state: PreparationState,
  ): Promise<Preparation> {
    const { directory, settings } = parts;
    const writer = (split: SplitName) =>
      SplitWriter.open(directory, split, {
        limit: settings.limits.shardTokens,
        bytesPerToken: settings.tokenType === 'uint16' ? 2 : 4,
        progress: state.splits[split],
      });
    const train = await writer('train');
    const validation = await writer('validation').catch(async (error) => {
      await train.close();
      throw error;
    });
    const writers = { train, validation };
    return new Preparation(parts, readerOf(parts, shards, state), writers, state);
  }

  /** Writes all shards. When the signal ends it, a checkpoint is written first, and undefined comes back. */
  async run(): Promise<Pick<ShardManifest, 'inputs' | 'malformedLines' | 'splits'> | undefined> {
    const { inputs, malformedExamples: examples, writers } = this;
    try {
      await this.writeAll();
      const splits = { train: await writers.train.finish(), validation: await writers.validation.finish() };
      const count = inputs.reduce((sum, { malformedLines }) => sum + malformedLines, 0);
      return { inputs, malformedLines: { count, examples }, splits };
    } catch (error) {
      if (!this.parts.signal?.aborted) throw error;
      await this.checkpoint();
      return undefined;
    } finally {
      await writers.train.close();
      await writers.validation.close();
    }
  }

  /** Documents and tokens in the shards so far. */
  written(): { readonly documents: number; readonly tokens: number } {
    const [train, validation] = [this.writers.train.totals(), this.writers.validation.totals()];
    return { documents: train.documents + validation.documents, tokens: train.tokens + validation.tokens };
  }

  /** Part of the source that has been read; undefined where its size is not known. */
  fraction(): number | undefined {
    return this.reader.fraction();
  }

  private async writeAll(): Promise<void> {
    const { pool, ahead, signal } = this.parts;
    for await (const { batch, encoded } of encodeBatches(this.reader.batches(), pool, { ahead, signal })) {
      await this.write(batch, encoded);
    }
  }

  private async write({ input, texts, end }: DocumentBatch, encoded: EncodedDocuments): Promise<void> {
    let completed = false;
    const { runs, emptyDocuments: without } = divide(texts, encoded, () => this.splitOf(input));
    this.current.emptyDocuments += without;
    for (const { split, run } of runs) completed = (await this.writers[split].append(run)) || completed;
    this.current.documents += texts.length;
    if (end !== undefined) {
      const { split, shard } = input;
      const { emptyDocuments } = this.current;
      const { documents, malformedLines, examples } = end;
      const bytes = shard.bytes ?? null;
      this.inputs.push({ name: shard.name, split, bytes, documents, emptyDocuments, malformedLines });
      this.malformedExamples.push(...examples.slice(0, mostExamples - this.malformedExamples.length));
      this.current = { documents: 0, emptyDocuments: 0 };
    }
    const seconds = (performance.now() - this.lastCheckpoint) / 1000;
    if (completed || seconds >= this.parts.checkpointSeconds) await this.checkpoint();
    this.parts.onWritten();
  }

  /** The side of the split for the next document that has tokens. */
  private splitOf({ split }: Input): SplitName {
    const { validationFraction } = this.parts.settings;
    if (validationFraction === null) return split;
    const index = this.documentsToSplit;
    this.documentsToSplit += 1;
    return isValidationDocument(index, validationFraction) ? 'validation' : 'train';
  }

  private async checkpoint(): Promise<void> {
    const { inputs, malformedExamples, current, documentsToSplit, writers } = this;
    const splits = { train: await writers.train.progress(), validation: await writers.validation.progress() };
    const { settings, directory } = this.parts;
    await writeState(directory, { settings, inputs, malformedExamples, current, documentsToSplit, splits });
    this.lastCheckpoint = performance.now();
  }
}

/** Reads what a state leaves to be read. */
function readerOf(
  { settings, signal, onMalformed }: PreparationParts,
  shards: SourceShards,
  state: PreparationState,
): DocumentReader {
  const { seed, limits } = settings;
  const plan: Input[] = [];
  for (const split of ['train', 'validation'] as const) {
    const label = seed === null ? undefined : `inputs ${split} ${seed}`;
    plan.push(...ordered(shards[split], label).map((shard) => ({ split, shard })));
  }
  const last = state.inputs.at(-1);
  const isLast = ({ split, shard }: Input) => shard.name === last?.name && split === last.split;
  const documentsOf = (of: SplitName) =>
    state.inputs.reduce((sum, { split, documents }) => sum + (split === of ? documents : 0), 0);
  const start = {
    inputs: last === undefined ? 0 : plan.findIndex(isLast) + 1,
    documents: state.current.documents,
    earlier: { train: documentsOf('train'), validation: documentsOf('validation') },
  };
  const most = {
    train: limits.documents ?? Number.POSITIVE_INFINITY,
    validation: limits.validationDocuments ?? Number.POSITIVE_INFINITY,
  };
  return new DocumentReader(plan, start, {
    seed,
    most,
    signal,
    onMalformed: onMalformed ?? (() => {}),
  });
}
