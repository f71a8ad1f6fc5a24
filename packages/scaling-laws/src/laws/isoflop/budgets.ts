import { trainingFlops } from '../../compute.ts';

/** A training run at a compute budget. */
export interface IsoflopRow {
  readonly parameters: number;
  readonly tokens: number;
  /** Nats a token. */
  readonly loss: number;
  /** By default 6 N D. */
  readonly flops?: number | undefined;
}

/** The runs of one compute budget: one a size, the best where there are several, ascending in size. */
export interface Budget {
  readonly flops: number;
  readonly rows: readonly IsoflopRow[];
}

/**
 * Groups runs by compute: a budget takes the runs up to a factor 1 + tolerance above its least, and is their geometric mean.
 */
export function budgetsOf(rows: readonly IsoflopRow[], tolerance: number): Budget[] {
  const groups: IsoflopRow[][] = [];
  for (const row of [...rows].sort((a, b) => trainingFlops(a) - trainingFlops(b))) {
    const group = groups.at(-1);
    if (group && trainingFlops(row) <= (1 + tolerance) * trainingFlops(group[0]!)) group.push(row);
    else groups.push([row]);
  }
  return groups.map((group) => ({
    flops: middleOf(group.map(trainingFlops)),
    rows: bestOfEachSize(group),
  }));
}

/** Geometric mean, exact where all are equal. */
function middleOf(computes: readonly number[]): number {
  const mean = Math.exp(computes.reduce((sum, value) => sum + Math.log(value), 0) / computes.length);
  return Math.min(Math.max(...computes), Math.max(Math.min(...computes), mean));
}

function bestOfEachSize(rows: readonly IsoflopRow[]): IsoflopRow[] {
  const best = new Map<number, IsoflopRow>();
  for (const row of rows) {
    const other = best.get(row.parameters);
    if (!other || row.loss < other.loss) best.set(row.parameters, row);
  }
  return [...best.values()].sort((a, b) => a.parameters - b.parameters);
}
