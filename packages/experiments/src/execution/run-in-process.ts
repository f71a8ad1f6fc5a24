import { join } from 'node:path';
import { printable, readSummary, writeSummary } from '@steepest/run-files';
import type { TrainingProgress } from '@steepest/trainer';
import type { TrialConfig } from '../definition/trials.ts';
import type { CheckpointPlan, LossLimits, ThreadShare, WorkerMessage } from '../training/messages.ts';
import { type Obstacle, obstacleOf } from '../training/obstacle.ts';
import { freeze } from './frozen-config.ts';
import type { TrialEnd } from './run-view.ts';
import { startWorker, type Worker } from './worker.ts';

type ErrorMessage = Extract<WorkerMessage, { type: 'error' }>;

/** What the runner wants to know of a trial while it is at work. */
export interface TrialListener {
  onWorker(worker: Worker): void;
  onStatus(text: string): void;
  onWarning(text: string): void;
  onProgress(progress: TrainingProgress): void;
}

/** Where a trial runs; only `lossLimits` has a say in when it ends. */
export interface TrialPlace {
  readonly outDirectory: string;
  readonly cacheDirectory: string;
  readonly checkpoint: CheckpointPlan;
  readonly threads: ThreadShare;
  readonly leaseSeconds?: number;
  /** Seconds to wait for another process to let go of the trial; 0 by default. */
  readonly patienceSeconds?: number;
  readonly lossLimits?: LossLimits;
}

/** The end of a trial, or what kept it from running here: then its folder is as it was, and elsewhere it may run. */
export type TrialRunEnd = TrialEnd & { readonly obstacle?: Obstacle };

/** Runs a trial in a process of its own; a process that dies leaves a summary with status `failed`. */
export async function runTrialProcess(
  config: TrialConfig,
  { outDirectory, ...surroundings }: TrialPlace,
  listener: TrialListener,
): Promise<TrialRunEnd> {
  const directory = join(outDirectory, config.trial);
  let configFile: string;
  try {
    configFile = await freeze(directory, config);
  } catch (error) {
    return failure(config.trial, (error as Error).message, obstacleOf(error));
  }
  let failed: TrialRunEnd | undefined;
  let ended: TrialEnd | undefined;
  const worker = startWorker('trial', { configFile, ...surroundings }, (message) => {
    if (message.type === 'status') listener.onStatus(message.text);
    if (message.type === 'warning') listener.onWarning(`${config.trial}: ${printable(message.text)}`);
    if (message.type === 'progress') listener.onProgress(message.progress);
    if (message.type === 'error')
      failed = failure(config.trial, placed(message, directory), message.obstacle);
    if (message.type === 'summary') ended = { trial: config.trial, ...message.summary };
  });
  listener.onWorker(worker);
  const { code, signal, errorOutput } = await worker.ended;
  if (ended !== undefined) return ended;
  // A signal may arrive while the process is still loading or waits: then it ends before anything was done.
  const undone = signal !== null || failed?.obstacle === 'busy';
  if (signal === 'SIGINT' || (undone && worker.stopped)) {
    return { trial: config.trial, status: 'interrupted', finalValidationLoss: null, seconds: null };
  }
  const lastWords = errorOutput === '' ? '' : `: ${errorOutput.split('\n').at(-1)}`;
  const end =
    failed ?? failure(config.trial, `the process ended with ${signal ?? `code ${code}`}${lastWords}`);
  if (end.obstacle === undefined) await recordFailure(directory, end.reason!);
  return end;
}

/** A full disk fails a write to an open file, whose error does not say where: then the folder is named. */
function placed({ message, obstacle }: ErrorMessage, directory: string): string {
  return obstacle === 'disk' && !message.includes(directory) ? `${message}, in ${directory}` : message;
}

/** Writes down why a trial failed; without room for it, the reason is still what the caller was told. */
export async function recordFailure(directory: string, reason: string): Promise<void> {
  const known = await readSummary(directory);
  await writeSummary(directory, { ...known, status: 'failed', reason }).catch(() => {});
}

function failure(trial: string, reason: string, obstacle?: Obstacle): TrialRunEnd {
  const end = { trial, status: 'failed', reason, finalValidationLoss: null, seconds: null } as const;
  return obstacle === undefined ? end : { ...end, obstacle };
}
