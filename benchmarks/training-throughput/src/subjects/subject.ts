import type { StoredTask } from '../task.ts';

/** One training step: forward, backward and AdamW on the batch of that number, from 0. Answers the loss. */
export type TrainingStep = (step: number) => Promise<number>;

/** Something that trains, with the task's weights in place. */
export interface PreparedSubject {
  readonly train: TrainingStep;
  /** Milliseconds so far during which several threads worked, where it counts them. */
  dividedMilliseconds?(): number | undefined;
}

/** Loads what a subject needs, for a number of threads. */
export type PrepareSubject = (stored: StoredTask, threads: number) => Promise<PreparedSubject>;

/** What a subject needs is not installed; its message says what. */
export class MissingSubject extends Error {
  override readonly name = 'MissingSubject';
}
