import { printable, printableLines } from '@steepest/run-files';
import { z } from 'zod';
import { trialConfigProblem } from '../../definition/config-problem.ts';
import type { TrialConfig } from '../../definition/trials.ts';
import type { CheckpointPlan, LossLimits } from '../../training/messages.ts';
import type { CodeVersion } from '../code-version.ts';
import type { TrialEnd } from '../run-view.ts';

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

const job = z.object({
  run: z.string().min(1),
  outDirectory: z.string().min(1),
  config: z.unknown(),
  checkpoint: z.object({ every: z.int().positive(), keep: z.int().positive() }),
  lossLimits: z
    .object({ limits: z.record(z.string(), z.number()), margin: z.number(), best: z.string() })
    .optional(),
  code: z.record(z.string(), z.string()),
  begun: z.object({ step: z.int().min(0), times: z.int().min(0) }).optional(),
});

/**
 * Checks that a job is one of this benchmark: whoever reaches the server can put anything there.
 * @throws Error naming the first thing that is wrong
 */
export function readTrialJob(data: unknown): TrialJob {
  const { success, error } = job.safeParse(data);
  const wrong = success ? trialConfigProblem((data as TrialJob).config) : undefined;
  if (success && wrong === undefined) return data as TrialJob;
  const [issue] = error?.issues ?? [];
  const message = issue ? `${issue.path.join('.') || 'its data'}: ${issue.message}` : `config: ${wrong}`;
  throw new Error(`this job is not a trial: ${printable(message)}`);
}

const line = z.string().max(10_000).transform(printable);
const lines = z.string().max(10_000).transform(printableLines);
const end = z.object({
  trial: z.string(),
  status: z.enum(['finished', 'diverged', 'stopped', 'failed', 'interrupted']),
  finalValidationLoss: z.number().nullable(),
  seconds: z.number().nullable(),
  reason: lines.optional(),
});

/** What a worker said that a trial came to; `undefined` where it said nothing of the kind. */
export function readTrialEnd(value: unknown, trial: string): TrialEnd | undefined {
  const read = end.safeParse(value);
  return read.success && read.data.trial === trial ? (read.data as TrialEnd) : undefined;
}

const progress = z.object({
  host: line.optional(),
  status: line.optional(),
  progress: z
    .object({
      step: z.number(),
      steps: z.number().positive(),
      loss: z.number(),
      tokensPerSecond: z.number(),
      secondsLeft: z.number(),
    })
    .optional()
    .catch(undefined),
});

/** What a worker tells of a job, as far as it can be shown. */
export function readTrialProgress(value: unknown): Partial<TrialJobProgress> {
  const read = progress.safeParse(value);
  return read.success ? (read.data as Partial<TrialJobProgress>) : {};
}

/** The job of a trial; the same however often it is queued, so that no trial is in the queue twice. */
export function jobId(run: string, trial: string): string {
  return `${run}-${trial}`;
}
