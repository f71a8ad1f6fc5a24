import { type HoldOutOptions, splitByCompute } from '../../fitting/hold-out.ts';
import { countWarning, identifiability } from '../../fitting/identifiability.ts';
import { minimize } from '../../fitting/minimize.ts';
import { checkKeys, checkPositive, checkShare, checkWhole, describeValue } from '../../options.ts';
import { AdaptiveShapesFit } from './adaptive-shapes-fit.ts';
import { type Floor, logShapeLoss, ShapeCoordinates, type ShapeRow } from './coordinates.ts';
import { shapeObjective } from './objective.ts';
import { fewRunsWarning, resampleShapes } from './resample-shapes.ts';
import { type FoundLaws, searchLaws } from './search-laws.ts';

/** Options of {@link fitAdaptiveShapes}. */
export interface AdaptiveShapesOptions {
  /**
   * `own` (the default): each shape has its own floor c, as a context too short for the evaluation does. `shared`: one floor
   * for all, which needs less data, for shapes that could all reach the same loss.
   */
  readonly floor?: Floor | undefined;
  /** Residual of log loss beyond which a row counts linearly; by default 1e-3. */
  readonly delta?: number | undefined;
  /**
   * How much each exponent b is held to 0.33, about that of the tokens in the loss of one model; by default 1, with which a
   * factor of 2 costs as much as an error of `delta` at every point. A short, noisy curve hardly tells b from c and d, and
   * without a hold follows its noise into exponents that extrapolate badly. 0 leaves them free.
   */
  readonly typicalExponents?: number | undefined;
  /** Resamples for the confidence intervals, 0 for none; by default 200. */
  readonly bootstrap?: number | undefined;
  /** Seed of the resamples; by default 0. */
  readonly seed?: number | undefined;
  /** By default 0.95. */
  readonly confidence?: number | undefined;
  /** Rows of most compute to keep out of the fit and test it on. */
  readonly holdOut?: HoldOutOptions | undefined;
}

const owner = 'fitAdaptiveShapes';
/** Four constants, and a point left to judge them by. */
const fewest = 5;
/** Share of the resamples that must have a fit for intervals to mean something. */
const mostOf = 0.9;

/**
 * Fits f(C) = a (C + d)^-b + c for every shape: the laws between which Anagnostidis et al. 2023 (arXiv 2311.03233) change the
 * shape of a model while it trains.
 *
 * Minimises the sum over rows of Huber_delta of the residuals of log loss by BFGS from many starts. Intervals are bootstrap
 * percentiles over rows resampled within their shape: whole runs where a shape has several that its rows name.
 *
 * @param rows points of loss curves, of one curve or more a shape; the learning rate should be constant after its warm-up, for
 *   a loss must not depend on how long a run was meant to be
 * @throws Error when there are fewer than two shapes, or a shape has too few points, a number is not positive, or an option is
 *   unknown or wrong
 */
export function fitAdaptiveShapes(
  rows: readonly ShapeRow[],
  options: AdaptiveShapesOptions = {},
): AdaptiveShapesFit {
  const { floor, held, samples, seed, confidence, holdOut } = checked(options);
  checkRows(rows);
  const split = holdOut ? splitByCompute(rows, ({ flops }) => flops, holdOut) : { fitted: rows, heldOut: [] };
  const { fitted, heldOut } = split;
  checkRows(fitted);
  const coordinates = new ShapeCoordinates(fitted, floor);
  const found = searchLaws(fitted, floor, held);
  const resamples = resampleShapes(fitted, samples, seed).flatMap((sample) => {
    const objective = shapeObjective(sample, coordinates, held);
    const { point } = minimize(objective, coordinates.toPoint(found.laws), { gradientTolerance: 1e-6 });
    const laws = coordinates.toLaws(point);
    return laws.every(({ a, d }) => Number.isFinite(a) && Number.isFinite(d)) ? [laws] : [];
  });
  if (resamples.length < mostOf * samples) {
    throw new Error(
      `${owner}: the fit failed on ${samples - resamples.length} of ${samples} resamples; the data are too few for intervals`,
    );
  }
  return new AdaptiveShapesFit({
    law: 'adaptive-shapes',
    version: 1,
    floor,
    laws: found.laws,
    objective: found.objective,
    confidence,
    samples: resamples,
    warnings: [
      ...warningsOf(fitted, coordinates, found, held.delta),
      ...(samples > 0 ? fewRunsWarning(fitted) : []),
    ],
    fitted,
    heldOut,
  });
}

function checked(options: AdaptiveShapesOptions) {
  checkKeys(owner, options, [
    ...['floor', 'delta', 'typicalExponents', 'bootstrap', 'seed', 'confidence', 'holdOut'],
  ]);
  const { floor = 'own', delta = 1e-3, bootstrap: samples = 200, seed = 0, confidence = 0.95 } = options;
  if (floor !== 'own' && floor !== 'shared') {
    throw new Error(`${owner}: floor must be own or shared, got ${describeValue(floor)}`);
  }
  checkPositive(owner, 'delta', delta);
  const { typicalExponents = 1 } = options;
  if (!(Number.isFinite(typicalExponents) && typicalExponents >= 0)) {
    throw new Error(
      `${owner}: typicalExponents must be a number of at least 0, got ${describeValue(typicalExponents)}`,
    );
  }
  checkWhole(owner, 'bootstrap', samples, 0);
  checkWhole(owner, 'seed', seed, 0);
  checkShare(owner, 'confidence', confidence);
  return { floor, held: { delta, typicalExponents }, samples, seed, confidence, holdOut: options.holdOut };
}

function checkRows(rows: readonly ShapeRow[]): void {
  rows.forEach((row, index) => {
    for (const name of ['shape', 'flops', 'loss'] as const) {
      if (Number.isFinite(row[name]) && row[name] > 0) continue;
      throw new Error(`${owner}: ${name} of row ${index + 1} must be a positive number, got ${row[name]}`);
    }
  });
  const shapes = [...new Set(rows.map(({ shape }) => shape))];
  if (shapes.length < 2) {
    throw new Error(`${owner}: needs at least two shapes to change between, got ${shapes.length}`);
  }
  for (const shape of shapes) {
    const computes = new Set(rows.filter((row) => row.shape === shape).map(({ flops }) => flops)).size;
    if (computes >= fewest) continue;
    throw new Error(
      `${owner}: shape ${shape} has points at ${computes} computes, too few for four constants: at least ${fewest} are needed`,
    );
  }
}

function warningsOf(
  rows: readonly ShapeRow[],
  coordinates: ShapeCoordinates,
  { laws, alone, converged }: FoundLaws,
  delta: number,
): string[] {
  const point = coordinates.toPoint(laws);
  const jacobian = rows.map(() => new Float64Array(coordinates.size));
  const residuals = coordinates
    .place(rows)
    .map((row, index) => logShapeLoss(row, point, jacobian[index]!) - Math.log(row.loss));
  const { warnings } = identifiability(jacobian, coordinates.named(laws), residuals, { delta });
  const counts = coordinates.shapes.map(
    (shape) => new Set(rows.filter((row) => row.shape === shape).map(({ flops }) => flops)).size,
  );
  const fewestComputes = Math.min(...counts);
  const fewestShape = coordinates.shapes[counts.indexOf(fewestComputes)]!;
  return [
    ...warnings,
    ...countWarning({ constants: 4, fitted: `constants of shape ${fewestShape}` }, fewestComputes, 'points'),
    ...(alone ? ['only one start reached the lowest objective: it may not be the lowest there is'] : []),
    ...(converged ? [] : ['the search did not converge: the constants are not at a minimum']),
  ];
}
