import { z } from 'zod';
import type { TrialConfig } from '../experiment/index.ts';
import type { CheckpointPlan, LossLimits } from '../messages.ts';
import type { TrialEnd } from '../progress/index.ts';
import type { CodeVersion } from '../runner/code-version.ts';

/** A trial as a job: everything a worker needs beside the run folder. */
export interface TrialJob {
  /** Identity of the run folder. */
  readonly run: string;
  /** The run folder as the coordinator sees it. */
  readonly outDirectory: string;
  readonly config: TrialConfig;
  readonly checkpoint: CheckpointPlan;
  /** Above which loss the trial is given up. */
  readonly lossLimits?: LossLimits;
  readonly code: CodeVersion;
  readonly begun?: Beginnings;
}

/** How often a trial was begun in a row from the same step, 0 being the very beginning. */
export interface Beginnings {
  readonly step: number;
  readonly times: number;
}

/** What a worker tells while it is at work on a job. */
export interface TrialJobProgress {
  readonly host: string;
  readonly status: string;
  readonly progress?: {
    step: number;
    steps: number;
    loss: number;
    tokensPerSecond: number;
    secondsLeft: number;
  };
}

/** What a job comes to; a trial that failed is a failed job instead. */
export type TrialJobResult = TrialEnd;

/** Tries of a trial that gets no further, before it is given up. */
export const triesWithoutProgress = 3;

/** The part of a job that says whose it is, which is read before the rest is relied on. */
const origin = z.object({
  run: z.string().min(1),
  outDirectory: z.string().min(1),
  config: z.object({ trial: z.string().regex(/^(?!\.)[\w.+-]+$/), budget: z.object({ steps: z.number() }) }),
  checkpoint: z.object({ every: z.int().positive(), keep: z.int().positive() }),
  code: z.record(z.string(), z.string()),
});

/**
 * Checks that a job is one of this benchmark.
 * @throws Error naming the first thing that is wrong
 */
export function readTrialJob(data: unknown): TrialJob {
  const { success, error } = origin.safeParse(data);
  if (success) return data as TrialJob;
  const { path, message } = error.issues[0]!;
  throw new Error(`this job is not a trial: ${path.join('.') || 'its data'}: ${message}`);
}

/** The job of a trial; the same however often it is queued, so that no trial is in the queue twice. */
export function jobId(run: string, trial: string): string {
  return `${run}-${trial}`;
}
