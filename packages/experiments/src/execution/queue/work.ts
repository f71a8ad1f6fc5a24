import { hostname } from 'node:os';
import { usableCores } from '@steepest/backend';
import { type Job, Worker as QueueWorker } from 'bullmq';
import { CoreShares } from '../core-shares.ts';
import { listenForInterruption } from '../interruption.ts';
import type { TrialJob, TrialJobResult } from './job.ts';
import { connect, prefix, queueName, watchServer } from './redis.ts';
import { TrialJobs } from './worker-jobs.ts';

export interface WorkOptions {
  /** Address of the Redis server. */
  readonly queue: string;
  /** Trials side by side. */
  readonly parallel: number;
  /** Threads of each trial; an equal share of the cores by default. */
  readonly threads?: number;
  /** The folder that holds run folders here, where it has another path than on the coordinator. */
  readonly out?: string;
  /** Seconds without a sign of life after which another worker takes over a trial. */
  readonly lease: number;
  readonly say: (text: string) => void;
}

/** Why a worker ended: a person or the system stopped it, or it must not take trials. */
export type WorkEnd = { readonly stopped: true } | { readonly stopped: false; readonly refusal: string };

/** How long a stopped worker waits for the server to take its trials back; without it their locks expire. */
const giveBackMilliseconds = 5_000;

/**
 * Takes trials from a queue and runs them, each in its own process, until it is stopped. Ctrl-C and SIGTERM stop its trials
 * with a checkpoint and give them back for other workers; a worker that is killed loses them to others after the lease.
 * @throws RunError when the server cannot be reached
 */
export async function work({ queue, parallel, threads, out, lease, say }: WorkOptions): Promise<WorkEnd> {
  const server = await connect(queue);
  watchServer(server, say);
  let refuse: (reason: string) => void = () => {};
  const refused = new Promise<WorkEnd>((resolve) => {
    refuse = (refusal) => resolve({ stopped: false, refusal });
  });
  const { first, notice } = new CoreShares({ cores: usableCores(), parallel, threads });
  if (notice !== undefined) say(notice);
  const jobs = new TrialJobs({ redis: server.redis, out, lease, threads: first.now, say, refuse });
  const worker = new QueueWorker<TrialJob, TrialJobResult>(
    queueName,
    (job: Job<TrialJob>, token?: string) => jobs.process(job, token),
    {
      connection: server.redis,
      prefix,
      name: hostname(),
      concurrency: parallel,
      lockDuration: lease * 1_000,
      stalledInterval: lease * 500,
      // How often a trial may lose its worker depends on whether it gets further: see TrialJobs.
      maxStalledCount: 1_000_000,
      runRetryDelay: 1_000,
    },
  );
  worker.on('error', (error) => {
    if (/lock/i.test(error.message))
      say(`${error.message}: the server restarted, or another worker took over`);
  });
  let unlisten = () => {};
  const stopped = new Promise<WorkEnd>((resolve) => {
    unlisten = listenForInterruption(
      () => resolve({ stopped: true }),
      () => jobs.kill(),
    );
  });
  try {
    say(`waiting for trials from ${server.address}`);
    const end = await Promise.race([stopped, refused]);
    const closed = worker.close();
    jobs.stop();
    await jobs.idle();
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, giveBackMilliseconds).unref())]);
    return end;
  } finally {
    unlisten();
    server.redis.disconnect();
  }
}
