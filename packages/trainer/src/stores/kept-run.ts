import type { MetricsLine, TrialSummary } from '@steepest/run-files';
import type { RunStore } from './run-store.ts';

/** What is stored of a run, to show it without training. */
export interface KeptRun {
  readonly config: unknown;
  readonly metrics: readonly MetricsLine[];
  /** There when the run has ended, however. */
  readonly summary?: TrialSummary | undefined;
  /** Steps of the newest checkpoint, from which `train` would continue. */
  readonly checkpointStep?: number | undefined;
}

/** A store that can show and remove its run. */
export interface KeptRunStore extends RunStore {
  /** What is stored; `undefined` when nothing is. It may be called while the run trains. */
  read(): Promise<KeptRun | undefined>;
  /** Removes the run with all that is stored of it. @throws Error while the run is open */
  remove(): Promise<void>;
}

/** The mark of a store that counts lines of metrics. */
export interface LineMark {
  readonly lines: number;
}

/** @throws Error when there are fewer lines than at a mark */
export function requireLines(place: string, found: number, { lines }: LineMark): void {
  if (found === lines) return;
  throw new Error(
    `the metrics of ${place} have ${found} lines, but had ${lines} at the last checkpoint: remove the run to start over`,
  );
}
