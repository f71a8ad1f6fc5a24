import { type Axis, type Point, sizeOf } from '../definition/grid.ts';

/** A setting that was tried, with the mean of its seeds' final validation losses; `null` where it has none. */
export interface Tried {
  readonly point: Point;
  readonly loss: number | null;
}

/** A change that was an improvement. */
export interface Move {
  readonly point: Point;
  readonly loss: number;
  /** Settings tried until then. */
  readonly trials: number;
}

/** What a descent came to. */
export interface Descent {
  /** The best setting; `undefined` when none has a loss. */
  readonly best: Tried | undefined;
  /** Every setting tried, in the order they were. */
  readonly tried: readonly Tried[];
  /** From the first setting with a loss to the best. */
  readonly moves: readonly Move[];
  /** Whether every value of every axis was tried at the best setting, and none was better. */
  readonly settled: boolean;
  /** The grid, with what was added to it. */
  readonly axes: readonly Axis[];
}

export interface DescentOptions {
  readonly axes: readonly Axis[];
  readonly start: Point;
  /** Settings to try: exactly so many, unless the grid has fewer. */
  readonly trials: number;
  /** The axes, each with one more value where the best point has its lowest or highest; the same axes where none has. */
  readonly extend?: (axes: readonly Axis[], best: Point) => readonly Axis[];
  /** Trains settings, and gives each one's loss. */
  readonly evaluate: (points: readonly Point[]) => Promise<readonly (number | null)[]>;
}

/**
 * Coordinate descent over a grid, as Wen et al. 2025 (arXiv 2509.02046) tune optimizers: one hyperparameter at a time over
 * all its values while the others keep the best known, in rounds until no single change improves. Every optimizer is to get
 * the same number of trials, so what is then left of them goes to the untried settings nearest the best, and an improvement
 * among them starts another round. With `extend`, a line whose best is at an end goes on beyond it first. The order depends on
 * the losses alone.
 */
export async function coordinateDescent(options: DescentOptions): Promise<Descent> {
  const { start, evaluate, extend } = options;
  let { axes } = options;
  const tried = new Map<string, Tried>();
  const moves: Move[] = [];
  const trials = extend === undefined ? Math.min(options.trials, sizeOf(axes)) : options.trials;
  let best: Tried | undefined;

  const tryAll = async (points: readonly Point[]): Promise<boolean> => {
    const untried = points.filter((point) => !tried.has(keyOf(point))).slice(0, trials - tried.size);
    const losses = untried.length === 0 ? [] : await evaluate(untried);
    const results = untried.map((point, index): Tried => ({ point, loss: losses[index] ?? null }));
    for (const result of results) tried.set(keyOf(result.point), result);
    const found = lowest(results);
    if (found === undefined || found.loss >= (best?.loss ?? Number.POSITIVE_INFINITY)) return false;
    best = found;
    moves.push({ ...found, trials: tried.size });
    return true;
  };
  const center = () => best?.point ?? start;
  const descend = async () => {
    for (let improved = true; improved; ) {
      improved = false;
      for (const index of axes.keys()) improved = (await search(index)) || improved;
    }
  };
  const search = async (index: number): Promise<boolean> => {
    let improved = await tryAll(along(axes[index]!, center()));
    while (extend !== undefined && best !== undefined && tried.size < trials) {
      const longer = extend(axes, best.point)[index]!;
      if (longer === axes[index]) break;
      axes = axes.with(index, longer);
      improved = (await tryAll(along(longer, center()))) || improved;
    }
    return improved;
  };

  await tryAll([start]);
  await descend();
  while (tried.size < trials) {
    const next = nearestUntried(axes, center(), tried);
    if (next === undefined) break;
    if (await tryAll([next])) await descend();
  }
  const settled = axes.every((axis) => along(axis, center()).every((point) => tried.has(keyOf(point))));
  return { best, tried: [...tried.values()], moves, settled, axes };
}

/** The settings that differ from a point in one hyperparameter at most. */
export function along({ key, values }: Axis, point: Point): Point[] {
  return values.map((value) => ({ ...point, [key]: value }));
}

/** Text that two equal points share. */
export function keyOf(point: Point): string {
  return JSON.stringify(Object.entries(point).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function lowest(points: readonly Tried[]): { readonly point: Point; readonly loss: number } | undefined {
  return points
    .flatMap(({ point, loss }) => (loss === null ? [] : [{ point, loss }]))
    .sort((a, b) => a.loss - b.loss)[0];
}

/** The untried point of fewest steps along the axes, then of fewest axes, then first in the file's order. */
function nearestUntried(
  axes: readonly Axis[],
  center: Point,
  tried: ReadonlyMap<string, Tried>,
): Point | undefined {
  let found: { readonly point: Point; readonly distance: number } | undefined;
  const visit = (index: number, point: Point, distance: number) => {
    if (found !== undefined && distance >= found.distance) return;
    const axis = axes[index];
    if (axis === undefined) {
      if (!tried.has(keyOf(point))) found = { point, distance };
      return;
    }
    const place = axis.values.indexOf(center[axis.key]!);
    axis.values.forEach((value, at) => {
      // Less than a step for each axis, so that one long way comes before two short ones of the same length.
      const way = at === place ? 0 : Math.abs(at - place) + 1 / (axes.length + 1);
      visit(index + 1, { ...point, [axis.key]: value }, distance + way);
    });
  };
  visit(0, {}, 0);
  return found?.point;
}
