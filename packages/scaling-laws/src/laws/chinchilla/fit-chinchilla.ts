import { trainingFlops } from '../../compute.ts';
import { bootstrap } from '../../fitting/bootstrap.ts';
import { type HoldOutOptions, splitByCompute } from '../../fitting/hold-out.ts';
import { countWarning, identifiability, rangeWarning } from '../../fitting/identifiability.ts';
import { logHuberObjective } from '../../fitting/log-huber.ts';
import { minimize } from '../../fitting/minimize.ts';
import { type BestMinimum, gridStarts, minimizeFromMany } from '../../fitting/multi-start.ts';
import { checkKeys, checkWhole } from '../../options.ts';
import { ChinchillaFit } from './chinchilla-fit.ts';
import {
  type ChinchillaConstants,
  ChinchillaCoordinates,
  type ChinchillaRow,
  chinchillaLogLoss,
} from './surface.ts';

/** Options of {@link fitChinchilla}. */
export interface ChinchillaOptions {
  /** Residual of log loss beyond which a run counts linearly; by default 1e-3. */
  readonly delta?: number | undefined;
  /** Constants to start the search from, beside the grid. */
  readonly starts?: readonly ChinchillaConstants[] | undefined;
  /** How many starts, those of lowest objective, are searched from; by default 24. */
  readonly finish?: number | undefined;
  /** Resamples for the confidence intervals, 0 for none; by default 200. */
  readonly bootstrap?: number | undefined;
  /** Seed of the resamples; by default 0. */
  readonly seed?: number | undefined;
  /** By default 0.95. */
  readonly confidence?: number | undefined;
  /** Runs of most compute to keep out of the fit and test it on. */
  readonly holdOut?: HoldOutOptions | undefined;
}

/** Five constants, and a point left to judge them by. */
const fewest = 6;

/**
 * Fits L(N, D) = E + A / N^alpha + B / D^beta: Hoffmann et al. 2022 (arXiv 2203.15556), approach 3.
 *
 * Minimises the sum over runs of Huber_delta of the residuals of log loss by BFGS from many starts: a grid laid around the
 * data. Intervals are bootstrap percentiles; where rows name their `run`, runs are resampled whole.
 *
 * @throws Error when runs are too few, a number is not positive, or an option is unknown or wrong
 */
export function fitChinchilla(
  rows: readonly ChinchillaRow[],
  options: ChinchillaOptions = {},
): ChinchillaFit {
  const { delta = 1e-3, starts = [], finish = 24, bootstrap: samples = 200, ...rest } = checked(options);
  const { seed = 0, confidence = 0.95, holdOut } = rest;
  checkRows(rows);
  const split = holdOut ? splitByCompute(rows, trainingFlops, holdOut) : { fitted: rows, heldOut: [] };
  const { fitted, heldOut } = split;
  checkRows(fitted);
  const coordinates = new ChinchillaCoordinates(fitted);
  const objective = (sample: readonly ChinchillaRow[]) =>
    logHuberObjective(coordinates.place(sample), ({ loss }) => loss, chinchillaLogLoss, { delta });
  const given = starts.map((constants) => coordinates.toPoint(constants));
  const best = minimizeFromMany(objective(fitted), [...given, ...startsAround(fitted)], {
    finish,
    gradientTolerance: 1e-10,
    maxIterations: 500,
  });
  const resampled =
    samples === 0
      ? []
      : resample(fitted, { samples, seed }, (sample) => {
          // The digits that matter in a constant with a standard error of several per cent.
          const rough = { gradientTolerance: 1e-7, valueTolerance: 1e-9 };
          return coordinates.toConstants(minimize(objective(sample), best.point, rough).point);
        });
  return new ChinchillaFit({
    law: 'chinchilla',
    version: 1,
    constants: coordinates.toConstants(best.point),
    objective: best.value,
    delta,
    confidence,
    samples: resampled,
    warnings: warningsOf(fitted, coordinates, best, delta),
    fitted,
    heldOut,
  });
}

/** The constants of resamples that could be fitted; of whole runs, where all rows name theirs. */
function resample(
  rows: readonly ChinchillaRow[],
  options: { readonly samples: number; readonly seed: number },
  fit: (sample: readonly ChinchillaRow[]) => ChinchillaConstants,
): ChinchillaConstants[] {
  const found: ChinchillaConstants[] = [];
  const named = rows.every(({ run }) => run !== undefined);
  bootstrap(
    rows,
    (sample) => {
      const constants = fit(sample);
      if (Object.values(constants).every(Number.isFinite)) found.push(constants);
      return { ...constants };
    },
    { ...options, ...(named ? { by: ({ run }: ChinchillaRow) => run! } : {}) },
  );
  return found;
}

function checked(options: ChinchillaOptions): ChinchillaOptions {
  checkKeys('fitChinchilla', options, [
    ...['delta', 'starts', 'finish', 'bootstrap', 'seed', 'confidence', 'holdOut'],
  ]);
  if (options.bootstrap !== undefined) checkWhole('fitChinchilla', 'bootstrap', options.bootstrap, 0);
  return options;
}

function checkRows(rows: readonly ChinchillaRow[]): void {
  if (rows.length < fewest) {
    throw new Error(
      `fitChinchilla: ${rows.length} runs are too few to fit five constants on, at least ${fewest} are needed`,
    );
  }
  rows.forEach((row, index) => {
    for (const name of ['parameters', 'tokens', 'loss'] as const) {
      if (Number.isFinite(row[name]) && row[name] > 0) continue;
      throw new Error(
        `fitChinchilla: ${name} of run ${index + 1} must be a positive number, got ${row[name]}`,
      );
    }
  });
}

/**
 * A grid of starts in the search's coordinates: floors below the lowest loss, and terms that are from a small to a large
 * share of what is left, at the centre of the data.
 */
function startsAround(rows: readonly ChinchillaRow[]): number[][] {
  const lowest = Math.log(rows.reduce((least, { loss }) => Math.min(least, loss), Number.POSITIVE_INFINITY));
  const terms = [0.03, 0.15, 0.5].map((share) => lowest + Math.log(share));
  const floors = [0.3, 0.6, 0.85, 0.97].map((share) => lowest + Math.log(share));
  const exponents = [0.15, 0.35, 0.7];
  return gridStarts([terms, terms, floors, exponents, exponents]);
}

function warningsOf(
  rows: readonly ChinchillaRow[],
  coordinates: ChinchillaCoordinates,
  best: BestMinimum,
  delta: number,
): string[] {
  const placed = coordinates.place(rows);
  const slopes = placed.map(() => new Float64Array(5));
  const residuals = placed.map(
    (row, index) => chinchillaLogLoss(row, best.point, slopes[index]!) - Math.log(row.loss),
  );
  const { A, B, E, alpha, beta } = coordinates.toConstants(best.point);
  // The constants are judged as users know them, so alpha varies at constant log A, not at a constant term.
  const jacobian = slopes.map((slope) => [
    slope[0]!,
    slope[1]!,
    slope[2]!,
    slope[3]! - coordinates.centreN * slope[0]!,
    slope[4]! - coordinates.centreD * slope[1]!,
  ]);
  const logarithmic = true;
  const { warnings } = identifiability(
    jacobian,
    [
      { name: 'A', value: A, logarithmic },
      { name: 'B', value: B, logarithmic },
      { name: 'E', value: E, logarithmic },
      { name: 'alpha', value: alpha },
      { name: 'beta', value: beta },
    ],
    residuals,
    { delta },
  );
  const alone =
    best.agreeing === 1 && best.finished > 1
      ? [
          `only one of ${best.finished} starts reached the lowest objective: it may not be the lowest there is`,
        ]
      : [];
  const unfinished = best.converged
    ? []
    : ['the search did not converge: the constants are not at a minimum'];
  const runs = rows.every(({ run }) => run !== undefined)
    ? new Set(rows.map(({ run }) => run)).size
    : rows.length;
  return [
    ...warnings,
    ...countWarning({ constants: 5 }, runs, 'runs'),
    ...rangeWarning(
      'parameters',
      rows.map(({ parameters }) => parameters),
      'alpha',
    ),
    ...rangeWarning(
      'tokens',
      rows.map(({ tokens }) => tokens),
      'beta',
    ),
    ...alone,
    ...unfinished,
  ];
}
