import { setTimeout as sleep } from 'node:timers/promises';
import { explainRefusal, HubRefusal, repositoryName, TransferFailure, withoutHub } from './failures.ts';
import type { HubFile } from './hub-file.ts';
import type { HubSettings } from './settings.ts';

/** With no connection at all so far, the machine is probably offline: the user should hear of it soon. */
const attemptsWithoutConnection = 3;
/** After so many bytes slow connections before them are forgotten. */
const slowForgottenBytes = 1024 * 1024;
/** A server that asks for more has no intention of serving now. */
const longestRetryAfterSeconds = 15 * 60;

/** Waits between the attempts of one download, and decides when to give up. */
export class Retries {
  private failures = 0;
  /** Connections that were too slow; they do gain bytes, which alone would let them come for ever. */
  private slow = 0;
  private bytesSinceSlow = 0;
  private reached = false;

  constructor(
    private readonly file: HubFile,
    private readonly settings: HubSettings,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** Bytes were gained: whatever failed before is over. */
  progressed(bytes: number): void {
    this.failures = 0;
    this.reached = true;
    this.bytesSinceSlow += bytes;
    if (this.bytesSinceSlow >= slowForgottenBytes) this.slow = 0;
  }

  /**
   * Waits before the next attempt: exponential back-off with jitter, or as long as the server asked.
   *
   * @throws the failure, explained, if another attempt would not help or enough have been made
   */
  async next(failure: unknown): Promise<void> {
    this.signal?.throwIfAborted();
    if (failure instanceof HubRefusal) throw explainRefusal(failure, this.file, this.settings);
    if (!(failure instanceof TransferFailure)) throw failure;
    this.failures += 1;
    if (failure.slow) {
      this.slow += 1;
      this.bytesSinceSlow = 0;
      this.failures = this.slow;
    }
    if (!failure.unreachable) this.reached = true;
    const { attempts, firstDelaySeconds, longestDelaySeconds } = this.settings.retries;
    const most = this.reached ? attempts : Math.min(attempts, attemptsWithoutConnection);
    const asked = failure.retryAfterSeconds;
    if (this.failures >= most || (asked ?? 0) > longestRetryAfterSeconds) throw this.giveUp(failure);
    const backOff = Math.min(longestDelaySeconds, firstDelaySeconds * 2 ** (this.failures - 1));
    const seconds = asked ?? backOff * (0.5 + Math.random() / 2);
    this.settings.onProgress?.({
      phase: 'waiting',
      file: this.file.path,
      reason: failure.message,
      seconds,
      attempt: this.failures,
    });
    await sleep(seconds * 1000, undefined, this.signal && { signal: this.signal }).catch(() => {
      this.signal?.throwIfAborted();
    });
  }

  private giveUp(failure: TransferFailure): Error {
    const tried = this.failures === 1 ? 'one attempt' : `${this.failures} attempts in a row`;
    const { file } = this;
    return new Error(
      `cannot get ${file.path} of ${repositoryName(file)}: ${failure.message}, ${tried}; ${withoutHub(file, this.settings)}`,
      { cause: failure },
    );
  }
}

/** Does a whole request again until it succeeds or is given up. */
export async function withRetries<T>(
  file: HubFile,
  settings: HubSettings,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const retries = new Retries(file, settings, signal);
  for (;;) {
    try {
      return await work();
    } catch (failure) {
      await retries.next(failure);
    }
  }
}
