import { type BestMinimum, gridStarts, minimizeFromMany } from '../../fitting/multi-start.ts';
import { type Floor, ShapeCoordinates, type ShapeRow } from './coordinates.ts';
import { type ShapeObjectiveOptions, shapeObjective } from './objective.ts';
import type { ShapeLaw } from './shape-law.ts';

/** The laws at the lowest minimum that was found. */
export interface FoundLaws {
  /** Ascending in shape. */
  readonly laws: readonly ShapeLaw[];
  readonly objective: number;
  /** Whether a single start led there. */
  readonly alone: boolean;
  readonly converged: boolean;
}

/** Starts to search from, out of the grid. */
const finish = 8;

/** Searches the laws of all shapes: each by itself where they share nothing, else all together. */
export function searchLaws(
  rows: readonly ShapeRow[],
  floor: Floor,
  options: ShapeObjectiveOptions,
): FoundLaws {
  if (floor === 'shared') return searchTogether(rows, floor, options);
  const shapes = [...new Set(rows.map(({ shape }) => shape))].sort((a, b) => a - b);
  const found = shapes.map((shape) =>
    searchTogether(
      rows.filter((row) => row.shape === shape),
      floor,
      options,
    ),
  );
  return {
    laws: found.flatMap(({ laws }) => laws),
    objective: found.reduce((sum, { objective }) => sum + objective, 0),
    alone: found.some(({ alone }) => alone),
    converged: found.every(({ converged }) => converged),
  };
}

function searchTogether(rows: readonly ShapeRow[], floor: Floor, options: ShapeObjectiveOptions): FoundLaws {
  const coordinates = new ShapeCoordinates(rows, floor);
  const objective = shapeObjective(rows, coordinates, options);
  const best: BestMinimum = minimizeFromMany(objective, startsAround(rows, coordinates), {
    finish,
    gradientTolerance: 1e-9,
  });
  return {
    laws: coordinates.toLaws(best.point),
    objective: best.value,
    alone: best.agreeing === 1,
    converged: best.converged,
  };
}

/** A grid of floors below the lowest loss, exponents and head starts, each with the terms a that match the data. */
function startsAround(rows: readonly ShapeRow[], coordinates: ShapeCoordinates): Float64Array[] {
  const lowest = rows.reduce((least, { loss }) => Math.min(least, loss), Number.POSITIVE_INFINITY);
  const grid = gridStarts([
    [0.3, 0.6, 0.85, 0.97],
    [0.1, 0.25, 0.5, 1],
    [1e-3, 0.03, 0.3],
  ]) as [share: number, b: number, headStart: number][];
  return grid.map(([share, b, headStart]) => {
    const [c, d] = [share * lowest, headStart * coordinates.centre];
    const laws = coordinates.shapes.map((shape) => {
      const own = rows.filter((row) => row.shape === shape);
      const logs = own.map(({ flops, loss }) => Math.log(loss - c) + b * Math.log(flops + d));
      return { shape, a: Math.exp(logs.reduce((sum, log) => sum + log, 0) / own.length), b, c, d };
    });
    return coordinates.toPoint(laws);
  });
}
