import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readSummary } from '@steepest/run-files';
import { DelayedError, type Job, UnrecoverableError, WaitingError } from 'bullmq';
import type { Redis } from 'ioredis';
import { codeDifferences, readCodeVersion } from '../code-version.ts';
import { formatEnd } from '../format.ts';
import { isOver } from '../is-over.ts';
import { readRunId } from '../open-run.ts';
import { recordFailure, runTrialProcess, type TrialRunEnd } from '../run-in-process.ts';
import type { TrialEnd } from '../run-view.ts';
import type { Worker } from '../worker.ts';
import {
  type Beginnings,
  readTrialJob,
  type TrialJob,
  type TrialJobProgress,
  triesWithoutProgress,
} from './job.ts';
import { refusalsKey, stopKey } from './redis.ts';

export interface TrialJobsOptions {
  readonly redis: Redis;
  readonly out: string | undefined;
  readonly lease: number;
  /** Threads of each trial. */
  readonly threads: number;
  readonly say: (text: string) => void;
  /** Called with the reason why this worker must not take trials. */
  readonly refuse: (reason: string) => void;
}

const reportMilliseconds = 1_000;
/** How long a full disk is left alone before a trial is tried again. */
const diskMilliseconds = 10_000;
/** Time in which a file that is being replaced is found again on shared storage. */
const replacedMilliseconds = 1_000;

/** The trials that one worker has at work. */
export class TrialJobs {
  private readonly workers = new Set<Worker>();
  private stopping = false;

  constructor(private readonly options: TrialJobsOptions) {}

  /** Ends all trials with a checkpoint; their jobs go back to the queue, and so do any that still come. */
  stop(): void {
    this.stopping = true;
    for (const worker of this.workers) worker.stop();
  }

  /** Ends all trials at once. */
  kill(): void {
    for (const worker of this.workers) worker.kill();
  }

  /** Settles when no trial is at work any more. */
  async idle(): Promise<void> {
    await Promise.all([...this.workers].map(({ ended }) => ended));
  }

  /** Runs the trial of a job. */
  async process(job: Job<TrialJob>, token: string | undefined): Promise<TrialEnd> {
    if (this.stopping) return this.giveBack(job, token);
    const trialJob = read(job);
    const { config, run } = trialJob;
    const outDirectory = this.folderHere(trialJob);
    const refusal = await this.reasonToRefuse(trialJob, outDirectory);
    if (refusal !== undefined) return this.turnDown(job, token, refusal);

    const directory = join(outDirectory, config.trial);
    const earlier = await readSummary(directory);
    if (earlier !== undefined && isOver(earlier.status, trialJob.lossLimits))
      return { ...earlier, trial: config.trial };
    const begun = await this.countBeginning(job, trialJob, directory);
    if (await this.isStopped(run)) return interrupted(config.trial);

    this.options.say(`▸ ${config.trial}${begun.step > 0 ? `, from step ${begun.step}` : ''}`);
    const end = await this.train(job, trialJob, outDirectory);
    return this.conclude(job, token, trialJob, begun, end);
  }

  private async train(
    job: Job,
    { run, config, checkpoint, lossLimits }: TrialJob,
    outDirectory: string,
  ): Promise<TrialRunEnd> {
    let worker: Worker | undefined;
    let latest: TrialJobProgress = { host: hostname(), status: 'starting' };
    let reporting = false;
    const report = async () => {
      // While the server is away a report waits for it, and the next ones would pile up behind it.
      if (reporting) return;
      reporting = true;
      await job.updateProgress(latest).catch(() => {});
      // A connection that is closed while the server is away rejects what waits for it.
      if (await this.isStopped(run).catch(() => false)) worker?.stop();
      reporting = false;
    };
    const timer = setInterval(() => void report(), reportMilliseconds);
    try {
      return await runTrialProcess(
        config,
        {
          outDirectory,
          cacheDirectory: join(outDirectory, 'cache'),
          checkpoint,
          ...(lossLimits === undefined ? {} : { lossLimits }),
          leaseSeconds: this.options.lease,
          threads: { now: this.options.threads, most: this.options.threads },
        },
        {
          onWorker: (started) => {
            worker = started;
            this.workers.add(started);
            if (this.stopping) started.stop();
          },
          onStatus: (status) => {
            latest = { ...latest, status };
          },
          onWarning: (text) => this.options.say(text),
          onProgress: (progress) => {
            latest = { ...latest, progress };
          },
        },
      );
    } finally {
      clearInterval(timer);
      if (worker !== undefined) this.workers.delete(worker);
    }
  }

  /** Says how a trial ended, or puts it back where another worker finds it. */
  private async conclude(
    job: Job<TrialJob>,
    token: string | undefined,
    trialJob: TrialJob,
    begun: Beginnings,
    end: TrialRunEnd,
  ): Promise<TrialEnd> {
    const { run, config } = trialJob;
    if (end.obstacle !== undefined) await job.updateData(trialJob);
    switch (end.obstacle) {
      case 'backend':
        return this.turnDown(job, token, end.reason!);
      case 'busy':
        return this.postpone(job, token, end.reason!, this.options.lease * 500);
      case 'disk':
        return this.postpone(
          job,
          token,
          `the disk is full (${end.reason}); waiting for room`,
          diskMilliseconds,
        );
      case undefined:
        break;
    }
    if (end.status === 'interrupted' && !(await this.isStopped(run))) {
      await job.updateData(trialJob);
      return this.giveBack(job, token);
    }
    this.options.say(formatEnd(end, 0));
    if (end.status === 'failed') {
      throw begun.times < triesWithoutProgress ? new Error(end.reason) : new UnrecoverableError(end.reason);
    }
    return { ...end, trial: config.trial };
  }

  /**
   * Notes that a trial is begun. One that was begun several times from the same step and never reported back takes its
   * workers with it, and is given up.
   */
  private async countBeginning(
    job: Job<TrialJob>,
    trialJob: TrialJob,
    directory: string,
  ): Promise<Beginnings> {
    const step = await checkpointStep(directory);
    const times = trialJob.begun?.step === step ? trialJob.begun.times + 1 : 1;
    if (times > triesWithoutProgress) {
      const reason = `its worker was lost ${triesWithoutProgress} times in a row at step ${step}, with no checkpoint in between`;
      await recordFailure(directory, reason);
      throw new UnrecoverableError(reason);
    }
    const begun = { step, times };
    await job.updateData({ ...trialJob, begun });
    return begun;
  }

  private async reasonToRefuse({ run, code }: TrialJob, outDirectory: string): Promise<string | undefined> {
    const differences = codeDifferences(await readCodeVersion(), code);
    if (differences.length > 0) {
      return `its code is not the coordinator's; bring both to the same commit and install (there: the coordinator)\n  ${differences.join('\n  ')}`;
    }
    const record = join(outDirectory, 'experiment.json');
    let found = await readRunId(record);
    if (found === undefined) {
      // On shared storage a file that is just being replaced may not be found.
      await sleep(replacedMilliseconds);
      found = await readRunId(record);
    }
    if (found === run) return undefined;
    const wrong = found === undefined ? 'does not see the run folder' : 'sees another run';
    return `it ${wrong} at ${outDirectory}; coordinator and workers need the same storage (give --out where it is mounted elsewhere)`;
  }

  /** The run folder of a job on this machine. */
  private folderHere({ outDirectory }: TrialJob): string {
    const { out } = this.options;
    return out === undefined ? outDirectory : join(out, basename(outDirectory));
  }

  private async isStopped(run: string): Promise<boolean> {
    return (await this.options.redis.exists(stopKey(run))) > 0;
  }

  private async turnDown(job: Job<TrialJob>, token: string | undefined, reason: string): Promise<never> {
    await this.options.redis.hset(refusalsKey(job.data.run), hostname(), reason);
    await this.options.redis.expire(refusalsKey(job.data.run), 3_600);
    this.options.refuse(reason);
    this.stopping = true;
    return this.giveBack(job, token);
  }

  private async giveBack(job: Job<TrialJob>, token: string | undefined): Promise<never> {
    await job.moveToWait(token);
    throw new WaitingError();
  }

  private async postpone(
    job: Job<TrialJob>,
    token: string | undefined,
    status: string,
    milliseconds: number,
  ): Promise<never> {
    this.options.say(`‖ ${job.data.config.trial}: ${status}`);
    await job.updateProgress({ host: hostname(), status } satisfies TrialJobProgress);
    await job.moveToDelayed(Date.now() + milliseconds, token);
    throw new DelayedError();
  }
}

function read(job: Job): TrialJob {
  try {
    return readTrialJob(job.data);
  } catch (error) {
    throw new UnrecoverableError((error as Error).message);
  }
}

/** The step of a trial's checkpoint; 0 without one. */
async function checkpointStep(directory: string): Promise<number> {
  try {
    const text = await readFile(join(directory, 'checkpoint', 'trainer.json'), 'utf8');
    return (JSON.parse(text) as { counters: { step: number } }).counters.step;
  } catch {
    return 0;
  }
}

function interrupted(trial: string): TrialEnd {
  return { trial, status: 'interrupted', finalValidationLoss: null, seconds: null };
}
