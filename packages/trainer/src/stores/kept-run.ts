import type { MetricsLine, TrialSummary } from '@steepest/run-files';
import type { RunStore } from './run-store.ts';
import { extendedChecksum, isIntact, type Sealed } from './sealed.ts';

/** What is stored of a run, to show it without training. */
export interface KeptRun {
  readonly config: unknown;
  readonly metrics: readonly MetricsLine[];
  /** There when the run has ended, however. */
  readonly summary?: TrialSummary | undefined;
  /** Steps of the newest checkpoint, from which `train` would continue unless it is damaged. */
  readonly checkpointStep?: number | undefined;
}

/** A store that can show and remove its run. */
export interface KeptRunStore extends RunStore {
  /**
   * What is stored; `undefined` when nothing is. It may be called while the run trains.
   *
   * @throws Error when the summary is damaged
   */
  read(): Promise<KeptRun | undefined>;
  /** Removes the run with all that is stored of it. @throws Error while the run is open */
  remove(): Promise<void>;
}

/** What to do about a run that cannot be believed. */
export const removeRun = 'remove the run to start over';

/** How far the metrics of a run are: lines, and a checksum of all of them. */
export interface LineMark {
  readonly lines: number;
  readonly checksum: string;
}

/** Before the first line. */
export const firstMark: LineMark = { lines: 0, checksum: '' };

/** After another line. */
export async function markAfter({ lines, checksum }: LineMark, line: MetricsLine): Promise<LineMark> {
  return { lines: lines + 1, checksum: await extendedChecksum(checksum, line) };
}

/**
 * Compares the lines of metrics up to a mark with it.
 *
 * @throws Error when they are not what they were then
 */
export async function requireLines(
  place: string,
  found: readonly MetricsLine[],
  { lines, checksum }: LineMark,
): Promise<void> {
  if (found.length !== lines) {
    throw new Error(
      `the metrics of ${place} have ${found.length} lines, but had ${lines} at the last checkpoint: ${removeRun}`,
    );
  }
  let end = firstMark;
  for (const line of found) end = await markAfter(end, line);
  if (end.checksum === checksum) return;
  throw new Error(`the metrics of ${place} are not what they were at the last checkpoint: ${removeRun}`);
}

/** A copy of a summary that is stored, if any. @throws Error when it is not what was saved */
export async function openedSummary(
  place: string,
  summary: Sealed<TrialSummary> | undefined,
): Promise<TrialSummary | undefined> {
  if (summary === undefined) return undefined;
  if (await isIntact(summary)) return structuredClone(summary.content);
  throw new Error(`the summary of ${place} is not the one that was saved: ${removeRun}`);
}
