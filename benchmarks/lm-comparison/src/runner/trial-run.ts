import { join } from 'node:path';
import type { TrainingProgress } from '@steepest/trainer';
import type { TrialConfig } from '../experiment/index.ts';
import type { TrialEnd } from '../progress/index.ts';
import { freeze } from './frozen-config.ts';
import { readSummary } from './trial-summary.ts';
import { startWorker, type Worker } from './worker.ts';
import { writeJson } from './write-json.ts';

/** What the runner wants to know of a trial while it is at work. */
export interface TrialListener {
  onWorker(worker: Worker): void;
  onStatus(text: string): void;
  onProgress(progress: TrainingProgress): void;
}

/** Runs a trial in a process of its own; a process that dies leaves a summary with status `failed`. */
export async function runTrialProcess(
  config: TrialConfig,
  {
    outDirectory,
    cacheDirectory,
    checkpointEvery,
  }: { readonly outDirectory: string; readonly cacheDirectory: string; readonly checkpointEvery: number },
  listener: TrialListener,
): Promise<TrialEnd> {
  const directory = join(outDirectory, config.trial);
  const configFile = await freeze(directory, config);
  let failure: string | undefined;
  let ended: TrialEnd | undefined;
  const worker = startWorker('trial', { configFile, cacheDirectory, checkpointEvery }, (message) => {
    if (message.type === 'status') listener.onStatus(message.text);
    if (message.type === 'progress') listener.onProgress(message.progress);
    if (message.type === 'error') failure = message.message;
    if (message.type === 'summary') ended = { trial: config.trial, ...message.summary };
  });
  listener.onWorker(worker);
  const { code, signal, errorOutput } = await worker.ended;
  if (ended !== undefined) return ended;
  // A signal may arrive while the process is still loading: then it ends before anything was done.
  if (signal === 'SIGINT' || (signal !== null && worker.stopped)) {
    return { trial: config.trial, status: 'interrupted', finalValidationLoss: null, seconds: null };
  }
  const reason =
    failure ??
    `the process ended with ${signal ?? `code ${code}`}${errorOutput === '' ? '' : `: ${errorOutput.split('\n').at(-1)}`}`;
  await writeJson(join(directory, 'summary.json'), {
    ...(await readSummary(directory)),
    status: 'failed',
    reason,
  });
  return { trial: config.trial, status: 'failed', reason, finalValidationLoss: null, seconds: null };
}
