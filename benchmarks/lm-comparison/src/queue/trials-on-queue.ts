import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Job, Queue } from 'bullmq';
import type { TrialConfig } from '../experiment/index.ts';
import type { TrialEnd } from '../progress/index.ts';
import { type CodeVersion, readCodeVersion } from '../runner/code-version.ts';
import type { Onlookers } from '../runner/local-trials.ts';
import type { OpenedRun, Requests } from '../runner/open-run.ts';
import { recordFailure } from '../runner/trial-run.ts';
import { isOver, readSummary } from '../runner/trial-summary.ts';
import { connect, prefix, type QueueServer, queueName, refusalsKey, stopKey, watchServer } from './redis.ts';
import { jobId, type TrialJob, type TrialJobProgress, type TrialJobResult } from './trial-job.ts';

const pollMilliseconds = 1_000;
/** How long a file that one machine has written may take to be seen on another, as NFS caches folders. */
const visibleMilliseconds = 60_000;
/** Jobs whose coordinator never came back are forgotten after this. */
const keepSeconds = 7 * 24 * 3_600;

type TrialsQueue = Queue<TrialJob, TrialJobResult>;

/**
 * Runs trials on the workers of a queue. The run files are the truth and the queue only hands trials out: whatever the
 * server loses is queued again. The first Ctrl-C takes back what no worker has begun and stops the rest with a checkpoint;
 * when this process ends in any other way, the workers go on, and the same command shows them again.
 * @returns how each trial ended; undefined for one that was not begun
 * @throws RunError when the server cannot be reached
 */
export async function runTrialsOnQueue(
  run: OpenedRun,
  pending: readonly TrialConfig[],
  onlookers: Onlookers,
  requests: Requests,
  url: string,
): Promise<(TrialEnd | undefined)[]> {
  const server = await connect(url);
  watchServer(server, (text) => onlookers.display.line(text));
  const queue: TrialsQueue = new Queue(queueName, { connection: server.redis, prefix });
  queue.on('error', () => {});
  try {
    const following = new Following(run, pending, onlookers, server, queue, await readCodeVersion());
    const [stop, leave] = byPerson(requests);
    await Promise.race([following.toTheEnd(stop), aborted(leave)]);
    return following.ends();
  } finally {
    server.redis.disconnect();
    await queue.close().catch(() => {});
  }
}

/** A coordinator's view of the jobs of its run, brought up to date by polling. */
class Following {
  private readonly waiting = new Map<string, TrialConfig>();
  private readonly ended = new Map<string, TrialEnd>();
  private readonly told = new Set<string>();

  constructor(
    private readonly run: OpenedRun,
    private readonly pending: readonly TrialConfig[],
    private readonly onlookers: Onlookers,
    private readonly server: QueueServer,
    private readonly queue: TrialsQueue,
    private readonly code: CodeVersion,
  ) {
    for (const config of pending) this.waiting.set(jobId(run.id, config.trial), config);
  }

  async toTheEnd(stop: AbortSignal): Promise<void> {
    await this.server.redis.del(stopKey(this.run.id), refusalsKey(this.run.id));
    await this.beginAfresh();
    while (this.waiting.size > 0) {
      if (stop.aborted) await this.takeBack();
      await this.update(stop.aborted);
      await this.tellRefusals();
      if (this.waiting.size > 0) await sleep(pollMilliseconds, undefined, { signal: stop }).catch(() => {});
      if (stop.aborted) await sleep(pollMilliseconds / 4);
    }
    await this.untilVisible();
  }

  ends(): (TrialEnd | undefined)[] {
    return this.pending.map(({ trial }) => this.ended.get(trial));
  }

  /** Leaves trials that workers have, and queues the others with the settings of now. */
  private async beginAfresh(): Promise<void> {
    const active = new Set(await this.queue.getRanges(['active']));
    for (const [id, config] of this.waiting) {
      const job = await this.queue.getJob(id);
      if (job !== undefined && active.has(id)) await job.updateData(this.jobOf(config));
      // A worker may have taken it this very moment: then it keeps it.
      else await job?.remove().catch(() => {});
    }
  }

  private async update(stopping: boolean): Promise<void> {
    // Read in the order in which jobs move, so that none is missed on its way; a stalled one that is, is only queued again.
    const queued = new Set(await this.queue.getRanges(['waiting', 'delayed', 'prioritized']));
    const active = new Set(await this.queue.getRanges(['active']));
    const over = new Set(await this.queue.getRanges(['completed', 'failed']));
    for (const [id, config] of [...this.waiting]) {
      if (queued.has(id)) await this.show(config, 'waiting for a worker', undefined);
      else if (active.has(id)) await this.show(config, 'starting', await this.queue.getJob(id));
      else if (over.has(id)) await this.collect(id, config);
      else await this.afterLoss(config, stopping);
    }
    await this.tellLackOfWorkers(queued, active);
  }

  /** What a job says of its trial, for the display. */
  private async show({ trial }: TrialConfig, otherwise: string, job: Job | undefined): Promise<void> {
    const { view } = this.onlookers;
    if (job === undefined) {
      // A trial that lost its worker goes on showing how far it was.
      if (view.running.has(trial)) view.status(trial, otherwise);
      return;
    }
    if (!view.running.has(trial)) view.start(trial);
    const { host, status, progress } = job.progress as Partial<TrialJobProgress>;
    if (host !== undefined) view.status(trial, `${status} on ${host}`);
    if (progress !== undefined) view.progress(trial, progress);
  }

  private async collect(id: string, config: TrialConfig): Promise<void> {
    const job = await this.queue.getJob(id);
    if (job === undefined) return;
    const { trial } = config;
    const reason = job.failedReason;
    const end =
      job.returnvalue ??
      ({ trial, status: 'failed', reason, finalValidationLoss: null, seconds: null } satisfies TrialEnd);
    if (end.status === 'failed') await this.recordFailed(config, reason);
    this.end(id, end);
    await job.remove().catch(() => {});
  }

  /** A job that the server does not know: it is new, or the server lost it. The run files say which trials are over. */
  private async afterLoss(config: TrialConfig, stopping: boolean): Promise<void> {
    const id = jobId(this.run.id, config.trial);
    const summary = await readSummary(this.folderOf(config));
    if (summary !== undefined && isOver(summary.status)) this.end(id, { ...summary, trial: config.trial });
    else if (stopping) this.waiting.delete(id);
    else await this.queue.add('trial', this.jobOf(config), { jobId: id, ...jobOptions });
  }

  private end(id: string, end: TrialEnd): void {
    this.waiting.delete(id);
    this.ended.set(end.trial, end);
    this.onlookers.view.end(end);
    this.onlookers.display.ended(end);
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
      this.tellOnce(`worker ${host} takes no trials: ${reason}`);
  }

  private async tellLackOfWorkers(queued: ReadonlySet<string>, active: ReadonlySet<string>): Promise<void> {
    if (active.size > 0 || ![...this.waiting.keys()].some((id) => queued.has(id))) return;
    if ((await this.queue.getWorkersCount()) > 0) return;
    this.tellOnce(
      `waiting for workers: start some with  npm run bench -- work --queue ${this.server.address}`,
    );
  }

  private tellOnce(text: string): void {
    if (!this.told.has(text)) this.onlookers.display.line(text);
    this.told.add(text);
  }

  /** The report reads the run files, which may reach this machine later than the news of them. */
  private async untilVisible(): Promise<void> {
    const deadline = performance.now() + visibleMilliseconds;
    for (const { trial, status } of this.ended.values()) {
      while (isOver(status) && (await readSummary(join(this.run.outDirectory, trial)))?.status !== status) {
        if (performance.now() > deadline) return;
        await sleep(pollMilliseconds);
      }
    }
  }

  private jobOf(config: TrialConfig): TrialJob {
    const { id, outDirectory, checkpointEvery } = this.run;
    return { run: id, outDirectory, config, checkpointEvery: checkpointEvery(config), code: this.code };
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
