import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { printableLines, readSummary } from '@steepest/run-files';
import { type Job, Queue } from 'bullmq';
import type { TrialConfig } from '../../definition/trials.ts';
import type { LossLimits } from '../../training/messages.ts';
import { type CodeVersion, readCodeVersion } from '../code-version.ts';
import { isOver } from '../is-over.ts';
import type { OpenedRun, Requests } from '../open-run.ts';
import type { Observers, TrialPlace } from '../place.ts';
import { recordFailure } from '../run-in-process.ts';
import type { TrialEnd } from '../run-view.ts';
import { jobId, readTrialEnd, readTrialProgress, type TrialJob, type TrialJobResult } from './job.ts';
import { connect, prefix, type QueueServer, queueName, refusalsKey, stopKey, watchServer } from './redis.ts';

const pollMilliseconds = 1_000;
/** How long a file that one machine has written may take to be seen on another, as NFS caches folders. */
const visibleMilliseconds = 60_000;
/** Jobs whose coordinator never came back are forgotten after this. */
const keepSeconds = 7 * 24 * 3_600;

type TrialsQueue = Queue<TrialJob, TrialJobResult>;

/**
 * Runs trials on the workers of a queue. The run files are the truth and the queue only hands trials out: whatever the
 * server loses is queued again. The first Ctrl-C takes back what no worker has begun and stops the rest with a checkpoint;
 * when this process ends in any other way, the workers continue, and the same command shows them again.
 * @throws RunError when the server cannot be reached
 */
export async function trialsOnQueue(
  run: OpenedRun,
  observers: Observers,
  requests: Requests,
  url: string,
): Promise<TrialPlace> {
  const server = await connect(url);
  watchServer(server, (text) => observers.display.line(text));
  const queue: TrialsQueue = new Queue(queueName, { connection: server.redis, prefix });
  queue.on('error', () => {});
  const following = new Following(run, observers, server, queue, await readCodeVersion());
  const [stop, leave] = byPerson(requests);
  const over = Promise.race([following.followAll(stop), aborted(leave)]).then(
    () => following.letGo(),
    (error: unknown) => following.letGo(error),
  );
  return {
    train: (config, lossLimits) => following.follow(config, lossLimits),
    close: async () => {
      following.finish();
      await over;
      server.redis.disconnect();
      await queue.close().catch(() => {});
      return { workersGoOn: leave.aborted };
    },
  };
}

/** A trial that a coordinator waits for. */
interface Awaited {
  readonly config: TrialConfig;
  readonly lossLimits: LossLimits | undefined;
  readonly ended: (end: TrialEnd | undefined) => void;
  readonly failed: (error: unknown) => void;
  /** Whether a job that an earlier coordinator left was looked for. */
  afresh: boolean;
}

/** A coordinator's view of the jobs of its run, brought up to date by polling. */
class Following {
  private readonly waiting = new Map<string, Awaited>();
  private readonly told = new Set<string>();
  private finished = false;
  private stopped = false;
  private wake = new AbortController();

  constructor(
    private readonly run: OpenedRun,
    private readonly observers: Observers,
    private readonly server: QueueServer,
    private readonly queue: TrialsQueue,
    private readonly code: CodeVersion,
  ) {}

  /** Has a trial trained. */
  follow(config: TrialConfig, lossLimits: LossLimits | undefined): Promise<TrialEnd | undefined> {
    if (this.stopped) return Promise.resolve(undefined);
    return new Promise((ended, failed) => {
      const id = jobId(this.run.id, config.trial);
      this.waiting.set(id, { config, lossLimits, ended, failed, afresh: true });
      this.wake.abort();
    });
  }

  /** Says that no more trials will come. */
  finish(): void {
    this.finished = true;
    this.wake.abort();
  }

  /** Follows no trial any further: what is not over by now is for another coordinator, unless something broke. */
  letGo(error?: unknown): void {
    this.stopped = true;
    for (const { ended, failed } of this.waiting.values()) {
      if (error === undefined) ended(undefined);
      else failed(error);
    }
    this.waiting.clear();
  }

  async followAll(stop: AbortSignal): Promise<void> {
    await this.server.redis.del(stopKey(this.run.id), refusalsKey(this.run.id));
    while (!this.finished || this.waiting.size > 0) {
      if (stop.aborted) {
        this.stopped = true;
        await this.takeBack();
      }
      if (this.waiting.size > 0) await this.update(stop.aborted);
      await this.tellRefusals();
      this.wake = new AbortController();
      if (this.finished && this.waiting.size === 0) return;
      const woken = AbortSignal.any([stop, this.wake.signal]);
      await sleep(pollMilliseconds, undefined, { signal: woken }).catch(() => {});
      if (stop.aborted) await sleep(pollMilliseconds / 4);
    }
  }

  /** Leaves trials that workers have, and queues the others with the settings of now. */
  private async beginAfresh(): Promise<void> {
    const added = [...this.waiting].filter(([, { afresh }]) => afresh);
    if (added.length === 0) return;
    const active = new Set(await this.queue.getRanges(['active']));
    for (const [id, trial] of added) {
      trial.afresh = false;
      const job = await this.queue.getJob(id);
      if (job !== undefined && active.has(id)) await job.updateData(this.jobOf(trial));
      // A worker may have taken it this very moment: then it keeps it.
      else await job?.remove().catch(() => {});
    }
  }

  private async update(stopping: boolean): Promise<void> {
    await this.beginAfresh();
    // Read in the order in which jobs move, so that none is missed on its way; a stalled one that is, is only queued again.
    const queued = new Set(await this.queue.getRanges(['waiting', 'delayed', 'prioritized']));
    const active = new Set(await this.queue.getRanges(['active']));
    const over = new Set(await this.queue.getRanges(['completed', 'failed']));
    for (const [id, trial] of [...this.waiting]) {
      // One that came while the server was asked is for the next time.
      if (trial.afresh) continue;
      if (queued.has(id)) await this.show(trial.config, 'waiting for a worker', undefined);
      else if (active.has(id)) await this.show(trial.config, 'starting', await this.queue.getJob(id));
      else if (over.has(id)) await this.collect(id, trial);
      else await this.afterLoss(id, trial, stopping);
    }
    await this.tellLackOfWorkers(queued, active);
  }

  /** What a job says of its trial, for the display. */
  private async show({ trial }: TrialConfig, otherwise: string, job: Job | undefined): Promise<void> {
    const { view } = this.observers;
    if (job === undefined) {
      // A trial that lost its worker continues showing how far it was.
      if (view.running.has(trial)) view.status(trial, otherwise);
      return;
    }
    if (!view.running.has(trial)) view.start(trial);
    const { host, status, progress } = readTrialProgress(job.progress);
    if (host !== undefined) view.status(trial, `${status} on ${host}`);
    if (progress !== undefined) view.progress(trial, progress);
  }

  private async collect(id: string, { config }: Awaited): Promise<void> {
    const job = await this.queue.getJob(id);
    if (job === undefined) return;
    const { trial } = config;
    const reason = printableLines(job.failedReason ?? 'its worker did not say how it ended');
    const end =
      readTrialEnd(job.returnvalue, trial) ??
      ({ trial, status: 'failed', reason, finalValidationLoss: null, seconds: null } satisfies TrialEnd);
    if (end.status === 'failed') await this.recordFailed(config, reason);
    this.end(id, end);
    await job.remove().catch(() => {});
  }

  /** A job that the server does not know: it is new, or the server lost it. The run files say which trials are over. */
  private async afterLoss(id: string, trial: Awaited, stopping: boolean): Promise<void> {
    const { config, lossLimits } = trial;
    const summary = await readSummary(this.folderOf(config));
    if (summary !== undefined && isOver(summary.status, lossLimits)) {
      this.end(id, { ...summary, trial: config.trial });
    } else if (stopping) {
      this.waiting.delete(id);
      trial.ended(undefined);
    } else await this.queue.add('trial', this.jobOf(trial), { jobId: id, ...jobOptions });
  }

  private end(id: string, end: TrialEnd): void {
    const trial = this.waiting.get(id);
    this.waiting.delete(id);
    this.observers.view.end(end);
    this.observers.display.ended(end);
    void this.untilVisible(end).then(() => trial?.ended(end));
  }

  /** A worker that could not write down why a trial failed leaves that to the coordinator. */
  private async recordFailed(config: TrialConfig, reason: string): Promise<void> {
    const summary = await readSummary(this.folderOf(config));
    if (summary === undefined || !isOver(summary.status)) await recordFailure(this.folderOf(config), reason);
  }

  /** Asks workers to stop the trials of this run, and takes those back that none has begun. */
  private async takeBack(): Promise<void> {
    await this.server.redis.set(stopKey(this.run.id), '1', 'EX', 3_600);
    for (const id of this.waiting.keys()) {
      const job = await this.queue.getJob(id);
      if (job !== undefined && !(await job.isActive())) await job.remove().catch(() => {});
    }
  }

  private async tellRefusals(): Promise<void> {
    const refusals = await this.server.redis.hgetall(refusalsKey(this.run.id));
    for (const [host, reason] of Object.entries(refusals))
      this.tellOnce(printableLines(`worker ${host} takes no trials: ${reason}`));
  }

  private async tellLackOfWorkers(queued: ReadonlySet<string>, active: ReadonlySet<string>): Promise<void> {
    if (active.size > 0 || ![...this.waiting.keys()].some((id) => queued.has(id))) return;
    if ((await this.queue.getWorkersCount()) > 0) return;
    this.tellOnce(`waiting for workers: start some with the command  work --queue ${this.server.address}`);
  }

  private tellOnce(text: string): void {
    if (!this.told.has(text)) this.observers.display.line(text);
    this.told.add(text);
  }

  /** Whoever asked for the trial reads its files, which may reach this machine later than the news of them. */
  private async untilVisible({ trial, status }: TrialEnd): Promise<void> {
    const deadline = performance.now() + visibleMilliseconds;
    while (isOver(status) && (await readSummary(join(this.run.outDirectory, trial)))?.status !== status) {
      if (performance.now() > deadline) return;
      await sleep(pollMilliseconds);
    }
  }

  private jobOf({ config, lossLimits }: Awaited): TrialJob {
    const { id, outDirectory, checkpointOf } = this.run;
    const limits = lossLimits === undefined ? {} : { lossLimits };
    return { run: id, outDirectory, config, checkpoint: checkpointOf(config), ...limits, code: this.code };
  }

  private folderOf({ trial }: TrialConfig): string {
    return join(this.run.outDirectory, trial);
  }
}

const jobOptions = {
  // Workers count tries by their progress and end them: see TrialJobs.
  attempts: 1_000_000,
  backoff: { type: 'fixed', delay: 2_000 },
  removeOnComplete: { age: keepSeconds },
  removeOnFail: { age: keepSeconds },
} as const;

/** A signal of the system, which may come to a coordinator on a login node at any time, stops no worker. */
function byPerson({ stop, leave }: Requests): [stop: AbortSignal, leave: AbortSignal] {
  const [stopping, leaving] = [new AbortController(), new AbortController()];
  stop.addEventListener('abort', () => (stop.reason === 'SIGINT' ? stopping : leaving).abort());
  leave.addEventListener('abort', () => leaving.abort());
  return [stopping.signal, leaving.signal];
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
