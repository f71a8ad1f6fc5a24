/** Threads that work on one operation together. */
const withinOperation = 'TF_NUM_INTRAOP_THREADS';
/** Threads that operations are started from; the eager mode of tfjs-node runs them one after the other. */
const betweenOperations = 'TF_NUM_INTEROP_THREADS';

/** What {@link setThreads} sets. */
export const threadNames: readonly string[] = [withinOperation, betweenOperations];

/** Sets the number of threads that TensorFlow reads from the environment when it is loaded. */
export function setThreads(threads: number): void {
  if (!(Number.isInteger(threads) && threads >= 1)) {
    throw new Error(`threads must be a whole number of at least 1, got ${JSON.stringify(threads)}`);
  }
  process.env[withinOperation] = String(threads);
  process.env[betweenOperations] = '1';
}

/** The number of threads that the environment states. */
export function threadsOf(environment: Readonly<Record<string, string | undefined>>): number | undefined {
  const threads = Number(environment[withinOperation]);
  return Number.isInteger(threads) && threads >= 1 ? threads : undefined;
}
