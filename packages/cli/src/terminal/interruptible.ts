import { exitCodes } from '../frame.ts';
import type { ProgressLine } from './progress-line.ts';

/** Time to end cleanly after a signal: container managers kill after 10 to 30 s. */
const cleanEndSeconds = 8;

/**
 * Does some work that Ctrl-C or SIGTERM interrupts, and closes the display at its end.
 *
 * @param work returns whether it came to its end; once the signal is aborted it may throw instead
 * @param onLate is told where the work does not end within 8 s of the signal, before the process ends
 * @returns whether the work came to its end
 */
export async function interruptible(
  display: ProgressLine,
  work: (signal: AbortSignal) => Promise<boolean>,
  onLate: (seconds: number) => void = () => {},
): Promise<boolean> {
  const stop = new AbortController();
  const interrupt = () => {
    // A second signal does not wait, and the first one not for ever: a kill loses no more.
    if (stop.signal.aborted) process.exit(exitCodes.interrupted);
    stop.abort();
    setTimeout(() => {
      onLate(cleanEndSeconds);
      process.exit(exitCodes.interrupted);
    }, cleanEndSeconds * 1000).unref();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    return await work(stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    return false;
  } finally {
    display.close();
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}
