import type { WorkEnd, WorkOptions } from './queue/work.ts';

/**
 * Takes trials from a queue and runs them, each in its own process, until it is stopped. Ctrl-C and SIGTERM stop its trials
 * with a checkpoint and give them back for other workers; a worker that is killed loses them to others after the lease.
 *
 * @throws RunError when the server cannot be reached
 */
export async function workOnQueue(options: WorkOptions): Promise<WorkEnd> {
  // BullMQ is loaded only where it is wanted.
  const { work } = await import('./queue/work.ts');
  return work(options);
}
