import type { SweepPlace } from './setting-law.ts';
import type { LossSurface } from './surface.ts';
import type { NearestRun, Settings } from './sweep.ts';

/** What one cell of the sweep says. */
export interface CellEstimate extends SweepPlace {
  readonly runs: number;
  /** The run of lowest loss. */
  readonly best: Settings & { readonly loss: number };
  /** Left out where too few runs are near the best for a surface, or it has no lowest point. */
  readonly surface?: LossSurface | undefined;
  /** The run nearest to what the law says for the cell, and its excess over the best. */
  readonly atLaw: NearestRun;
}
