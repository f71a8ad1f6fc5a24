import type { ShapePhase } from './phases.ts';

/** The options that determine the numbers of a run, beside its config; a resume must repeat them. */
export interface RunSettings {
  readonly steps: number;
  readonly phases?: readonly ShapePhase[] | undefined;
  /** There only when FLOPs are counted, which cannot begin in the middle of a run. */
  readonly countsFlops?: true | undefined;
  readonly refresh?: { readonly every: number; readonly seed: number } | undefined;
  readonly skipSpikes?: { readonly deviations: number; readonly window: number } | undefined;
  /** Names of the controllers. */
  readonly controllers?: readonly string[] | undefined;
  readonly evaluation: { readonly points: readonly number[]; readonly sequences: number };
  readonly log: { readonly every: number };
  readonly divergence: { readonly factor: number; readonly window: number };
}
