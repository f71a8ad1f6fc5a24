import type { StoredTask } from '../task.ts';

/** One training step: forward, backward and AdamW on the batch of that number, from 0. Answers the loss. */
export type TrainingStep = (step: number) => Promise<number>;

/** Something that trains: loads what it needs and puts the task's weights in place, for so many threads. */
export type PrepareSubject = (stored: StoredTask, threads: number) => Promise<TrainingStep>;

/** What a subject needs is not installed; its message says what. */
export class MissingSubject extends Error {
  override readonly name = 'MissingSubject';
}
