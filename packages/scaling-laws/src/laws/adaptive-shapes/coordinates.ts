import type { ParameterAtFit } from '../../fitting/identifiability.ts';
import type { LogPrediction } from '../../fitting/log-huber.ts';
import { geometricMean } from '../../fitting/numbers.ts';
import type { ShapeLaw } from './traversal.ts';

/** A point of a loss curve: a model trained in one shape for some FLOPs. */
export interface ShapeRow {
  readonly shape: number;
  readonly flops: number;
  /** In nats per token, measured alike for every shape. */
  readonly loss: number;
  /** Runs to resample together; points of one curve are not independent. */
  readonly run?: string | undefined;
}

/** The shapes of rows, ascending. */
export function shapesOf(rows: readonly ShapeRow[]): number[] {
  return [...new Set(rows.map(({ shape }) => shape))].sort((a, b) => a - b);
}

/** Whether every shape has a floor of its own, or all have the same. */
export type Floor = 'own' | 'shared';

/** A row with the place of its shape's constants in the search. */
export interface PlacedShapeRow {
  readonly flops: number;
  readonly loss: number;
  /** Index of the log of the law's excess at the center; those of log b and log d follow it. */
  readonly first: number;
  /** Index of the log of the law's floor. */
  readonly floor: number;
}

/**
 * The coordinates of the search: for each shape [u, log b, log d], and log c for each shape or for all, with
 * f(C) = exp(u) ((C + d) / center)^-b + c. So centered, a change of b hardly moves the law, and nothing can turn negative.
 */
export class ShapeCoordinates {
  readonly shapes: readonly number[];
  /** Geometric mean of the FLOPs of all rows. */
  readonly center: number;
  readonly size: number;

  constructor(
    rows: readonly ShapeRow[],
    private readonly floor: Floor,
  ) {
    this.shapes = shapesOf(rows);
    this.center = geometricMean(rows.map(({ flops }) => flops));
    this.size = 3 * this.shapes.length + (floor === 'own' ? this.shapes.length : 1);
  }

  /** Rows as {@link logShapeLoss} wants them. */
  place(rows: readonly ShapeRow[]): PlacedShapeRow[] {
    return rows.map(({ shape, flops, loss }) => {
      const index = this.shapes.indexOf(shape);
      return { flops: flops / this.center, loss, first: 3 * index, floor: this.floorOf(index) };
    });
  }

  toLaws(point: ArrayLike<number>): ShapeLaw[] {
    return this.shapes.map((shape, index) => {
      const b = Math.exp(point[3 * index + 1]!);
      return {
        shape,
        a: Math.exp(point[3 * index]! + b * Math.log(this.center)),
        b,
        c: Math.exp(point[this.floorOf(index)]!),
        d: this.center * Math.exp(point[3 * index + 2]!),
      };
    });
  }

  toPoint(laws: readonly ShapeLaw[]): Float64Array {
    const point = new Float64Array(this.size);
    laws.forEach(({ a, b, c, d }, index) => {
      point[3 * index] = Math.log(a) - b * Math.log(this.center);
      point[3 * index + 1] = Math.log(b);
      point[3 * index + 2] = logOf(d / this.center);
      point[this.floorOf(index)] = logOf(c);
    });
    return point;
  }

  /** The constants in the order of the coordinates; a is judged by its term at the center, where it matters. */
  named(laws: readonly ShapeLaw[]): ParameterAtFit[] {
    const parameters = new Array<ParameterAtFit>(this.size);
    laws.forEach(({ shape, a, b, c, d }, index) => {
      const logarithmic = true;
      parameters[3 * index] = { name: `a(${shape})`, value: a, logarithmic };
      parameters[3 * index + 1] = { name: `b(${shape})`, value: b, logarithmic };
      parameters[3 * index + 2] = { name: `d(${shape})`, value: d, logarithmic };
      const name = this.floor === 'own' ? `c(${shape})` : 'c';
      parameters[this.floorOf(index)] = { name, value: c, logarithmic };
    });
    return parameters;
  }

  private floorOf(index: number): number {
    return 3 * this.shapes.length + (this.floor === 'own' ? index : 0);
  }
}

/** log f(C) and its derivatives, which are 0 for the constants of other shapes. */
export const logShapeLoss: LogPrediction<PlacedShapeRow> = ({ flops, first, floor }, point, gradient) => {
  const [b, d, c] = [Math.exp(point[first + 1]!), Math.exp(point[first + 2]!), Math.exp(point[floor]!)];
  const distance = Math.log(flops + d);
  const excess = Math.exp(point[first]! - b * distance);
  const loss = excess + c;
  gradient.fill(0);
  gradient[first] = excess / loss;
  gradient[first + 1] = (-b * distance * excess) / loss;
  gradient[first + 2] = (-b * (d / (flops + d)) * excess) / loss;
  gradient[floor] = c / loss;
  return Math.log(loss);
};

/** A search may send c or d to 0, whose logarithm no search could start from. */
function logOf(value: number): number {
  return Math.log(Math.max(value, 1e-300));
}
