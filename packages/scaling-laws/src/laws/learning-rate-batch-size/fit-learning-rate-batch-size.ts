import { intervalsOf } from '../../fitting/bootstrap.ts';
import { type HoldOutOptions, splitByCompute } from '../../fitting/hold-out.ts';
import { fitPowerLaw } from '../../fitting/power-law.ts';
import { randomFrom } from '../../fitting/random.ts';
import { checkKeys, checkPositive, checkWhole, describeValue } from '../../options.ts';
import { type CellEstimate, LearningRateBatchSizeFit } from './learning-rate-batch-size-fit.ts';
import {
  type Coefficients,
  type FactorName,
  factorNames,
  factorsOf,
  type SettingLaw,
  type SweepPlace,
  settingsAt,
} from './setting-law.ts';
import { fewestRuns, fitLossSurface, type LossSurface, nearBest } from './surface.ts';
import {
  bestOf,
  cellsOf,
  nearestRun,
  type SettingName,
  type SweepCell,
  type SweepRow,
  settingNames,
} from './sweep.ts';
import { sweepWarnings } from './sweep-warnings.ts';

/** Options of {@link fitLearningRateBatchSize}. */
export interface LearningRateBatchSizeOptions {
  /** What the best learning rate is a power law of; by default parameters and tokens. */
  readonly learningRateFactors?: readonly FactorName[] | undefined;
  /** What the best batch is a power law of; by default tokens. */
  readonly batchFactors?: readonly FactorName[] | undefined;
  /** Excess over a cell's best run up to which its runs count; by default 0.02. */
  readonly window?: number | undefined;
  /** Resamples of cells, and of the runs in each, for the intervals, 0 for none; by default 100. */
  readonly bootstrap?: number | undefined;
  /** Seed of the resamples; by default 0. */
  readonly seed?: number | undefined;
  /** Share of the resamples inside an interval; by default 0.95. */
  readonly confidence?: number | undefined;
  /** Cells of most compute, 6 parameters tokens, to keep out of the fit and test it on. */
  readonly holdOut?: HoldOutOptions | undefined;
}

/**
 * Finds the best learning rate and batch of every cell of a sweep and fits power laws through them.
 *
 * A cell's optimum is the lowest point of a smooth surface through its runs, so it need not be one of them. Cells whose
 * optimum lies at an edge of what was tried are left out and reported. Cells count by the inverse variance of their log
 * optimum, together with the scatter between cells.
 *
 * @throws Error when an option is unknown, a row has a number that is not positive, or cells are too few for a law
 */
export function fitLearningRateBatchSize(
  rows: readonly SweepRow[],
  options: LearningRateBatchSizeOptions = {},
): LearningRateBatchSizeFit {
  const { window, factors, samples, seed, confidence, holdOut } = checkOptions(options);
  checkRows(rows);
  const all = cellsOf(rows);
  const computeOf = (place: SweepPlace) => factorsOf(place).compute;
  const split = holdOut ? splitByCompute(all, computeOf, holdOut) : { fitted: all, heldOut: [] };
  const cells = split.fitted;
  const surfaces = cells.map((cell) => fitLossSurface(cell.rows, { window }));
  const varied = settingNames.filter((name) => surfaces.some((surface) => surface?.varied.includes(name)));
  if (varied.length === 0) throw new Error(nothingVaried(cells, window));
  const laws: Partial<Record<SettingName, SettingLaw>> = {};
  for (const name of varied) laws[name] = fitSettingLaw(name, cells, surfaces, factors[name]);
  if (samples > 0) {
    const draws = resampledOptima(cells, window, samples, seed);
    for (const name of varied) {
      const resamples: Coefficients[] = [];
      const intervals = intervalsOf<Record<string, number>>(
        draws.map((draw) => () => {
          const { coefficient, exponents } = fitSettingLaw(name, draw.cells, draw.surfaces, factors[name]);
          resamples.push({ logCoefficient: Math.log(coefficient), exponents });
          return { logCoefficient: Math.log(coefficient), ...exponents };
        }),
        confidence,
      );
      laws[name] = { ...laws[name]!, intervals, resamples };
    }
  }
  const estimate = (cell: SweepCell, surface: LossSurface | undefined): CellEstimate => {
    const best = bestOf(cell.rows);
    const atLaw = nearestRun(cell.rows, settingsAt(laws, cell, best));
    const { parameters, tokens } = cell;
    return { parameters, tokens, runs: cell.rows.length, best, ...(surface ? { surface } : {}), atLaw };
  };
  return new LearningRateBatchSizeFit({
    law: 'learning-rate-batch-size',
    version: 1,
    laws,
    confidence,
    warnings: sweepWarnings(cells, surfaces, varied, window, laws),
    cells: cells.map((cell, index) => estimate(cell, surfaces[index])),
    heldOut: split.heldOut.map((cell) => estimate(cell, fitLossSurface(cell.rows, { window }))),
  });
}

function fitSettingLaw(
  name: SettingName,
  cells: readonly SweepPlace[],
  surfaces: readonly (LossSurface | undefined)[],
  factors: readonly FactorName[],
): SettingLaw {
  const optima = optimaOf(name, cells, surfaces);
  const edges = surfaces.filter((surface) => surface?.edges[name] !== undefined).length;
  if (optima.length < factors.length + 2) {
    throw new Error(
      `learning-rate-batch-size: a power law of ${name} in ${factors.join(' and ')} needs at least ` +
        `${factors.length + 2} cells whose best ${name} lies inside of what was tried, got ${optima.length} of ` +
        `${cells.length} (${surfaces.filter((surface) => surface === undefined).length} have too few runs near the best ` +
        `for a surface, or no lowest point, and in ${edges} the best lies at an edge)`,
    );
  }
  const data = (weights: readonly number[]) => ({
    factors: Object.fromEntries(
      factors.map((factor) => [factor, optima.map(({ place }) => factorsOf(place)[factor])]),
    ) as Record<FactorName, number[]>,
    response: optima.map(({ value }) => value),
    weights,
  });
  // How far cells scatter beyond their own errors is only known once a law is.
  const first = fitPowerLaw(data(optima.map(() => 1)));
  const misses = optima.map(({ place, value }) => Math.log(value / first.predict(factorsOf(place)).value));
  const variance = sumOfSquares(misses) / first.degreesOfFreedom;
  const between = Math.max(0, variance - sumOfSquares(optima.map(({ error }) => error)) / optima.length);
  const weights = optima.map(({ error }) => 1 / (error ** 2 + between + 1e-6));
  const { predict, standardErrors: _, ...law } = fitPowerLaw(data(weights));
  const scatter = optima.map(({ place, value }) => Math.log(value / predict(factorsOf(place)).value));
  const logScatter = Math.sqrt(sumOfSquares(scatter) / law.degreesOfFreedom);
  return { ...law, logScatter, cells: optima.length, intervals: {}, resamples: [] };
}

function optimaOf(
  name: SettingName,
  cells: readonly SweepPlace[],
  surfaces: readonly (LossSurface | undefined)[],
): { place: SweepPlace; value: number; error: number }[] {
  return cells.flatMap((place, index) => {
    const surface = surfaces[index];
    const error = surface?.logStandardErrors[name];
    if (surface === undefined || error === undefined || surface.edges[name] !== undefined) return [];
    return [{ place, value: surface.optimum[name], error }];
  });
}

function sumOfSquares(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value * value, 0);
}

/** Cells drawn with replacement, and in each its runs, with the surfaces through what was drawn. */
function resampledOptima(cells: readonly SweepCell[], window: number, samples: number, seed: number) {
  const random = randomFrom(seed, 'sweep');
  const draw = <T>(from: readonly T[]) => from.map(() => from[random.below(from.length)]!);
  return Array.from({ length: samples }, () => {
    const drawn = draw(cells);
    return { cells: drawn, surfaces: drawn.map(({ rows }) => fitLossSurface(draw(rows), { window })) };
  });
}

function checkOptions(options: LearningRateBatchSizeOptions) {
  const owner = 'learning-rate-batch-size';
  checkKeys(owner, options, [
    'learningRateFactors',
    'batchFactors',
    'window',
    'bootstrap',
    'seed',
    'confidence',
    'holdOut',
  ]);
  const {
    learningRateFactors = ['parameters', 'tokens'],
    batchFactors = ['tokens'],
    window = 0.02,
    bootstrap: samples = 100,
    seed = 0,
    confidence = 0.95,
    holdOut,
  } = options;
  checkPositive(owner, 'window', window);
  checkWhole(owner, 'bootstrap', samples, 0);
  checkWhole(owner, 'seed', seed, 0);
  for (const [name, factors] of Object.entries({ learningRateFactors, batchFactors })) {
    const wrong = factors.find((factor) => !factorNames.includes(factor));
    if (wrong !== undefined || factors.length === 0) {
      throw new Error(
        `${owner}: ${name} must be some of ${factorNames.join(', ')}, got ${describeValue(wrong ?? factors)}`,
      );
    }
  }
  const factors: Record<SettingName, readonly FactorName[]> = {
    learningRate: learningRateFactors,
    batchTokens: batchFactors,
  };
  return { window, factors, samples, seed, confidence, holdOut };
}

function checkRows(rows: readonly SweepRow[]): void {
  if (rows.length === 0) throw new Error('learning-rate-batch-size: there are no runs to fit');
  for (const [index, row] of rows.entries()) {
    for (const name of ['parameters', 'tokens', 'learningRate', 'batchTokens', 'loss'] as const) {
      if (Number.isFinite(row[name]) && row[name] > 0) continue;
      throw new Error(
        `learning-rate-batch-size: ${name} of run ${index + 1} must be a positive number, got ${row[name]}; ` +
          'leave out runs that diverged',
      );
    }
  }
}

function nothingVaried(cells: readonly SweepCell[], window: number): string {
  const near = cells
    .map(({ parameters, tokens, rows }) => ({
      parameters,
      tokens,
      all: rows.length,
      ...nearBest(rows, window),
    }))
    .sort((a, b) => b.runs - a.runs || b.learningRates - a.learningRates);
  const most = Math.max(...near.map(({ all }) => all));
  const { parameters, tokens, runs, learningRates, batches } = near[0]!;
  const percent = 100 * window;
  return (
    `learning-rate-batch-size: no cell (a model size and a number of tokens) has enough runs within ${percent} % of its best ` +
    `loss. Needed there: 3 learning rates or 3 batches with ${fewestRuns(1)} runs, or both with ${fewestRuns(2)}. Found: ` +
    `${cells.length} ${cells.length === 1 ? 'cell' : 'cells'} of up to ${most} runs; the best has ${runs} near its best loss, with ${learningRates} learning ` +
    `rates and ${batches} batches (${parameters} parameters on ${tokens} tokens). Run settings closer to the best, or widen ` +
    '`window`'
  );
}
