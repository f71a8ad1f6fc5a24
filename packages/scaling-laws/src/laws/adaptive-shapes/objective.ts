import { logHuberObjective } from '../../fitting/log-huber.ts';
import type { Objective } from '../../fitting/minimize.ts';
import { logShapeLoss, type ShapeCoordinates, type ShapeRow } from './coordinates.ts';

/** What a fit minimises, beside the rows. */
export interface ShapeObjectiveOptions {
  /** Residual of log loss beyond which a row counts linearly. */
  readonly delta: number;
  /** How much the exponents are held to the typical one. */
  readonly typicalExponents: number;
}

/** Exponent of the tokens in the loss of one model: 0.28 by Hoffmann et al. 2022 (arXiv 2203.15556), 0.37 by Besiroglu et al. 2024 (arXiv 2404.10102). */
const typicalExponent = 0.33;

/**
 * The sum of Huber losses of log loss, and for each shape a hold of its exponent b: a factor of 2 from the typical one costs
 * as much as an error of `delta` at every point of the shape, times `typicalExponents`.
 */
export function shapeObjective(
  rows: readonly ShapeRow[],
  coordinates: ShapeCoordinates,
  { delta, typicalExponents }: ShapeObjectiveOptions,
): Objective {
  const losses = logHuberObjective(coordinates.place(rows), ({ loss }) => loss, logShapeLoss, { delta });
  const points = coordinates.shapes.map((shape) => rows.filter((row) => row.shape === shape).length);
  return (point, gradient) => {
    let sum = losses(point, gradient);
    points.forEach((count, index) => {
      const entry = 3 * index + 1;
      const weight = typicalExponents * count * delta ** 2;
      const doublings = (point[entry]! - Math.log(typicalExponent)) / Math.LN2;
      sum += (weight * doublings ** 2) / 2;
      gradient[entry]! += (weight * doublings) / Math.LN2;
    });
    return sum;
  };
}
