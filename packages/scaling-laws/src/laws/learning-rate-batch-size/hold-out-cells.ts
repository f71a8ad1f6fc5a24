import {
  fitLearningRateBatchSize,
  type LearningRateBatchSizeOptions,
} from './fit-learning-rate-batch-size.ts';
import { type SweepPlace, settingsAt } from './setting-law.ts';
import { bestOf, cellsOf, type NearestRun, nearestRun, type Settings, type SweepRow } from './sweep.ts';

/** What laws fitted on all other cells say for one cell. */
export interface HeldOutCell extends SweepPlace {
  readonly predicted: Settings;
  readonly best: Settings & { readonly loss: number };
  /** The cell's run nearest to the prediction, and its excess over the best. */
  readonly nearest: NearestRun;
}

/**
 * Leaves out each cell of a sweep in turn and predicts its settings from the others: what following the law would have cost
 * there.
 *
 * @throws Error when the other cells are too few for a law
 */
export function leaveOneCellOut(
  rows: readonly SweepRow[],
  options: LearningRateBatchSizeOptions = {},
): HeldOutCell[] {
  const cells = cellsOf(rows);
  return cells.map((cell) => {
    const others = cells.filter((other) => other !== cell).flatMap((other) => other.rows);
    const { laws } = fitLearningRateBatchSize(others, { ...options, bootstrap: 0 });
    const best = bestOf(cell.rows);
    const predicted = settingsAt(laws, cell, best);
    const { parameters, tokens } = cell;
    return { parameters, tokens, predicted, best, nearest: nearestRun(cell.rows, predicted) };
  });
}
