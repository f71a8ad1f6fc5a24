import type { MetricsLine, TrialSummary } from '@steepest/run-files';
import type { ByteSource } from '@steepest/safetensors';
import type { Counters } from '../counters.ts';
import type { RunSettings } from '../run-settings.ts';

/** Where one run is kept, so that a later call of `train` can continue it. */
export interface RunStore {
  /**
   * Opens the run that is stored, or begins one, until it is closed.
   *
   * @param config everything that determines the run, as a JSON value
   * @throws Error when it cannot be stored here, is open elsewhere, or is a run with another config
   */
  open(config: unknown): Promise<StoredRun>;
}

/** A run that is open in its store: config, metrics, checkpoints and summary. */
export interface StoredRun {
  /** What messages call the place of runs of this kind: "use another folder". */
  readonly container: 'folder' | 'store';
  /** What messages call the summary. */
  readonly summaryName: string;
  /** What to do about a summary that is wrong. */
  readonly summaryRemedy: string;
  /** The summary that is stored, if any. */
  summary(): Promise<TrialSummary | undefined>;
  /** Replaces the summary. */
  writeSummary(summary: TrialSummary): Promise<void>;
  /** Appends a line to the metrics. */
  append(line: MetricsLine): Promise<void>;
  /** Makes the metrics so far durable. @returns how far they are, as a JSON value that only this store reads */
  mark(): Promise<unknown>;
  /** Reads the metrics up to a mark. @throws Error when they are not what they were then */
  readTo(mark: unknown): Promise<readonly MetricsLine[]>;
  /** Removes the summary and the metrics after what {@link readTo} has read, which is all where it has not been called. */
  rewind(): Promise<void>;
  /**
   * Stores a checkpoint so that a kill at any moment leaves the previous one or this one, both whole.
   *
   * @param keep how many checkpoints there may be, the latest
   */
  saveCheckpoint(checkpoint: NewCheckpoint, keep: number): Promise<void>;
  /**
   * The newest whole checkpoint, if any.
   *
   * @param warn is told of every damaged one that is passed over
   * @throws Error when every checkpoint is damaged
   */
  findCheckpoint(warn: (message: string) => void): Promise<StoredCheckpoint | undefined>;
  close(): Promise<void>;
}

/** The parts of a checkpoint that are files of tensors. */
export type CheckpointPart = 'model' | 'optimizer';

/** A file at once, or in pieces that are taken one after another. */
export type Content = Uint8Array | AsyncIterable<Uint8Array>;

/** A checkpoint to store; each part is made when it is asked for, so that they need not be in memory together. */
export type NewCheckpoint = Readonly<Record<CheckpointPart, () => Promise<Content>>> & {
  readonly record: TrainerRecord;
};

/** A checkpoint all of whose bytes are those that were saved. */
export interface StoredCheckpoint {
  readonly record: TrainerRecord;
  /** What messages call its record, or a part of it. */
  nameOf(part: CheckpointPart | 'record'): string;
  /** Opens a part for the time of an operation, which reads it in pieces. */
  read<T>(part: CheckpointPart, use: (bytes: ByteSource) => Promise<T>): Promise<T>;
}

/** What a checkpoint says of its run. */
export interface TrainerRecord {
  readonly schemaVersion: 2;
  readonly settings: RunSettings;
  readonly counters: Counters;
  readonly dataPosition: unknown;
  /** States of the controllers, by name. */
  readonly controllers: Readonly<Record<string, unknown>>;
  /** Where the metrics were: what {@link StoredRun.mark} gave. */
  readonly metrics: unknown;
}

/** @throws Error for a record of another version than this one reads; `name` is what holds it */
export function checkedRecord(name: string, value: unknown): TrainerRecord {
  const { schemaVersion } = (value ?? {}) as Partial<TrainerRecord>;
  if (schemaVersion === 2) return value as TrainerRecord;
  throw new Error(`${name}: schemaVersion must be 2, got ${JSON.stringify(schemaVersion)}`);
}
