import type { RunView, TrialEnd } from './run-view.ts';

/** Shows a run at the terminal or in a log file. */
export interface Display {
  /** A line that stays. */
  line(text: string): void;
  /** A passing state before trials start, such as reading the data. */
  phase(text: string): void;
  /** From now on shows this run. */
  show(view: RunView): void;
  ended(end: TrialEnd): void;
  /** Stops drawing and leaves the terminal as it was. */
  close(): void;
}
