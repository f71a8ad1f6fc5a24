import type { WorkerMessage } from './messages.ts';
import { obstacleOf } from './obstacle.ts';

/**
 * Runs a worker's job in this process: reads its JSON argument, stops it on SIGINT or SIGTERM, ends when the coordinator
 * is gone, passes on the warnings of this process, and turns an exception into an error message and exit code 1.
 */
export async function runWorker<Argument>(
  job: (argument: Argument, signal: AbortSignal) => Promise<WorkerMessage>,
): Promise<void> {
  const stop = new AbortController();
  process.on('SIGINT', () => stop.abort());
  process.on('SIGTERM', () => stop.abort());
  // Without its coordinator the work has no reader: the last checkpoint stands.
  process.on('disconnect', () => process.exit(1));
  // It may have gone while this process was still loading, before anyone listened.
  if (process.connected !== true) process.exit(1);
  process.on('warning', ({ name, message }) => {
    // Those of Node and of packages have names of their own.
    if (name === 'Warning') void send({ type: 'warning', text: message });
  });
  let failed = false;
  try {
    await send(await job(JSON.parse(process.argv[2] ?? '{}') as Argument, stop.signal));
  } catch (error) {
    failed = true;
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof Error) console.error(error.stack);
    const obstacle = obstacleOf(error);
    await send({ type: 'error', message, ...(obstacle === undefined ? {} : { obstacle }) });
  }
  process.exit(failed ? 1 : 0);
}

/** Sends a message to the coordinator and waits until it is on its way. */
export function send(message: WorkerMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, undefined, {}, () => resolve());
  });
}
