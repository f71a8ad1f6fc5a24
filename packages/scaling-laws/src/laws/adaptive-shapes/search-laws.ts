import { mean } from '@steepest/statistics';
import { type LeastHuber, logHuberObjective } from '../../fitting/log-huber.ts';
import { gridStarts, minimizeFromMany } from '../../fitting/minimize.ts';
import { leastBy, rangeOf, sum } from '../../fitting/numbers.ts';
import {
  type Floor,
  logShapeLoss,
  type PlacedShapeRow,
  ShapeCoordinates,
  type ShapeRow,
  shapesOf,
} from './coordinates.ts';

/** Exponent of the tokens in the loss of one model: 0.28 by Hoffmann et al. 2022 (arXiv 2203.15556), 0.37 by Besiroglu et al. 2024 (arXiv 2404.10102). */
const typicalExponent = 0.33;

export interface SearchOptions {
  readonly floor: Floor;
  readonly delta: number;
  readonly typicalExponents: number;
}

export function leastHuber({ delta }: SearchOptions): LeastHuber<PlacedShapeRow> {
  return { observed: ({ loss }) => loss, predict: logShapeLoss, delta };
}

/**
 * The sum of Huber losses of log loss, and for each shape a hold of its exponent b: a factor of 2 from the typical one costs
 * as much as an error of `delta` at every point of the shape, times `typicalExponents`. A short, noisy curve hardly tells b
 * from c and d, and without a hold follows its noise into exponents that extrapolate badly.
 */
export function shapeObjective(
  rows: readonly ShapeRow[],
  coordinates: ShapeCoordinates,
  options: SearchOptions,
) {
  const priors = coordinates.shapes.map((shape, index) => ({
    coordinate: 3 * index + 1,
    ...{ center: Math.log(typicalExponent), spread: Math.LN2 },
    points: options.typicalExponents * rows.filter((row) => row.shape === shape).length,
  }));
  return logHuberObjective(coordinates.place(rows), { ...leastHuber(options), priors });
}

/** Starts to search from, out of the grid. */
const finish = 8;

/** Searches the laws of all shapes: each by itself where they share nothing, else all together. */
export function searchLaws(rows: readonly ShapeRow[], options: SearchOptions) {
  const parts =
    options.floor === 'shared'
      ? [rows]
      : shapesOf(rows).map((shape) => rows.filter((row) => row.shape === shape));
  const found = parts.map((part) => {
    const coordinates = new ShapeCoordinates(part, options.floor);
    const best = minimizeFromMany(
      shapeObjective(part, coordinates, options),
      startsAround(part, coordinates),
      {
        ...{ finish, gradientTolerance: 1e-9 },
      },
    );
    return { best, laws: coordinates.toLaws(best.point) };
  });
  const lone = leastBy(found, ({ best }) => best.agreeing).best;
  return {
    ...lone,
    laws: found.flatMap(({ laws }) => laws),
    objective: sum(found.map(({ best }) => best.value)),
    converged: found.every(({ best }) => best.converged),
  };
}

/** A grid of floors below the lowest loss, exponents and head starts, each with the terms a that match the data. */
function startsAround(rows: readonly ShapeRow[], coordinates: ShapeCoordinates): Float64Array[] {
  const lowest = rangeOf(rows.map(({ loss }) => loss)).low;
  const grid = gridStarts([
    [0.3, 0.6, 0.85, 0.97],
    [0.1, 0.25, 0.5, 1],
    [1e-3, 0.03, 0.3],
  ]) as [share: number, b: number, headStart: number][];
  return grid.map(([share, b, headStart]) => {
    const [c, d] = [share * lowest, headStart * coordinates.center];
    const laws = coordinates.shapes.map((shape) => {
      const own = rows.filter((row) => row.shape === shape);
      const logs = own.map(({ flops, loss }) => Math.log(loss - c) + b * Math.log(flops + d));
      return { shape, a: Math.exp(mean(logs)), b, c, d };
    });
    return coordinates.toPoint(laws);
  });
}
