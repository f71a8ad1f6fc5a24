import * as z from 'zod/mini';
import { successes } from '../fitting/bootstrap.ts';
import { dot, rangeOf } from '../fitting/numbers.ts';
import { fitPowerLaw } from '../fitting/power-law.ts';
import { randomFrom } from '../fitting/random.ts';
import { defineLaw } from '../law/define-law.ts';
import type { EstimateSpec, FittedLaw } from '../law/fitted-law.ts';
import type { Prediction } from '../law/law.ts';
import { names, positive } from '../law/option-specs.ts';
import { question } from '../law/question.ts';
import { looseNumber, numbers, positiveNumber, positiveNumbers } from '../law/saved-fit.ts';
import { runColumns } from '../table/run-columns.ts';
import { settingCharts } from './learning-rate-batch-size/charts.ts';
import {
  type BySetting,
  type CellEstimate,
  type Coefficients,
  type FactorName,
  factorNames,
  factorsOf,
  predictSetting,
  type SettingLaw,
  type SweepPlace,
  settingsAt,
} from './learning-rate-batch-size/setting-law.ts';
import {
  fewestRuns,
  fitLossSurface,
  type LossSurface,
  nearBest,
} from './learning-rate-batch-size/surface.ts';
import {
  bestOf,
  cellsOf,
  type NearestRun,
  nearestRun,
  type SettingName,
  type Settings,
  type SweepCell,
  type SweepRow,
  settingNames,
} from './learning-rate-batch-size/sweep.ts';
import { sweepWarnings } from './learning-rate-batch-size/sweep-warnings.ts';

type Laws = BySetting<SettingLaw>;
type Fit = FittedLaw<BySetting<Coefficients>, CellEstimate, { readonly laws: Laws }>;

const titles: Readonly<Record<SettingName, string>> = {
  learningRate: 'the best peak learning rate',
  batchTokens: 'the best batch, tokens',
};
const units: Readonly<Record<SettingName, string>> = { learningRate: '', batchTokens: 'tokens' };
const asks = {
  parameters: 'size of the model, counted as the fitted ones were',
  tokens: 'tokens to train it on',
};

/**
 * Best learning rate and batch of model size and data, in the form of Step Law (Li et al. 2025, arXiv 2503.04715).
 *
 * A cell is one model size and one number of tokens. Its optimum is the lowest point of a smooth surface through its runs,
 * so it need not be one of them. Cells whose optimum lies at an edge of what was tried are left out and reported. Cells count
 * by the inverse variance of their log optimum, together with the scatter between cells. Goodness of fit is the loss of each
 * cell's run nearest to the laws, against its best run: its errors are what the laws cost.
 */
export const learningRateBatchSizeLaw = defineLaw({
  name: 'learning-rate-batch-size',
  title: 'Best learning rate and batch of model size and data',
  formula: 'learningRate = c N^a D^b; batchTokens = d D^e',
  source: 'form of Li et al. 2025 (Step Law), arXiv 2503.04715',
  columns: [
    { ...runColumns.parameters, aliases: ['params', 'N'], mustVary: false },
    { ...runColumns.tokens, aliases: ['D'], mustVary: false },
    runColumns.learningRate,
    runColumns.batchTokens,
    {
      ...runColumns.loss,
      meaning: 'final loss, nats/token',
      aliases: ['finalValidationLoss', 'smooth loss', 'final_loss', 'val_loss', 'validation_loss'],
    },
  ],
  options: {
    learningRateFactors: names<FactorName>(
      'what the learning rate is a power law of: parameters, tokens, compute, with commas between',
      ['parameters', 'tokens'],
      factorNames,
    ),
    batchFactors: names<FactorName>('what the batch is a power law of', ['tokens'], factorNames),
    window: positive("excess over a cell's best run up to which runs count", 0.02),
  },
  bootstrap: 100,
  fit(rows: readonly SweepRow[], { options, samples, seed, split }) {
    const { window } = options;
    const factors = { learningRate: options.learningRateFactors, batchTokens: options.batchFactors };
    const { fitted: cells, heldOut } = split(cellsOf(rows), (place) => factorsOf(place).compute);
    const surfaces = cells.map((cell) => fitLossSurface(cell.rows, { window }));
    const varied = settingNames.filter((name) => surfaces.some((surface) => surface?.varied.includes(name)));
    if (varied.length === 0) throw new Error(nothingVaried(cells, window));
    const bySetting = <T>(of: (name: SettingName) => T): BySetting<T> =>
      Object.fromEntries(varied.map((name) => [name, of(name)]));
    const laws = bySetting((name) => fitSettingLaw(name, cells, surfaces, factors[name]));
    const draws = resampledOptima(cells, window, samples, seed);
    const resampled = bySetting((name) =>
      successes(
        draws.map((draw) => () => plain(fitSettingLaw(name, draw.cells, draw.surfaces, factors[name]))),
      ),
    );
    const estimate = (cell: SweepCell, surface: LossSurface | undefined): CellEstimate => {
      const best = bestOf(cell.rows);
      const { parameters, tokens } = cell;
      return {
        ...{ parameters, tokens, runs: cell.rows.length, best },
        ...(surface ? { surface } : {}),
        atLaw: nearestRun(cell.rows, settingsAt(laws, cell, best)),
      };
    };
    return {
      constants: bySetting((name) => plain(laws[name]!)),
      samples: draws.map((_, draw) => {
        const drawn = varied.flatMap((name) =>
          resampled[name]![draw] ? [[name, resampled[name]![draw]!]] : [],
        );
        return Object.fromEntries(drawn) as BySetting<Coefficients>;
      }),
      objective: Object.values(laws).reduce(
        (sum, law) => sum + law.degreesOfFreedom * law.logScatter ** 2,
        0,
      ),
      fitted: cells.map((cell, index) => estimate(cell, surfaces[index])),
      heldOut: heldOut.map((cell) => estimate(cell, fitLossSurface(cell.rows, { window }))),
      details: { laws },
      warnings: sweepWarnings(cells, surfaces, varied, window, laws),
    };
  },
  estimates: (laws: BySetting<Coefficients>) => settingNames.flatMap((name) => estimatesOf(name, laws[name])),
  measured: (cell: CellEstimate) => [
    { observed: cell.best.loss, predicted: cell.atLaw.run.loss, at: factorsOf(cell).compute },
  ],
  compute: (cell) => factorsOf(cell).compute,
  quantity: 'loss of the run nearest to the laws',
  predict: question(asks, predictSettings),
  suggest: question(asks, (place, fit: Fit) => {
    const { values, warnings } = predictSettings(place, fit);
    const costs = fit.fitted.map(({ atLaw }) => atLaw.excess).sort((a, b) => a - b);
    const value = costs[Math.floor(costs.length / 2)]!;
    const excess = { name: 'excessLoss', unit: 'share of the lowest loss', value };
    return {
      settings: values,
      expected: [{ ...excess, ...rangeOf(costs) }],
      reason: 'the power laws through the best settings of each model size and number of tokens',
      warnings,
    };
  }),
  charts: (fit: Fit) => settingNames.flatMap((name) => settingCharts(name, fit)),
  members: (fit) => ({
    /** What each cell of the sweep says. */
    cells: fit.fitted,
    /** The law of each setting that the sweep varies. */
    laws: fit.details.laws,
  }),
  saved: savedSchema(),
});

/** The fit of {@link learningRateBatchSizeLaw}. */
export type LearningRateBatchSizeFit = ReturnType<typeof learningRateBatchSizeLaw.restore>;

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
 * @param options those of the law
 * @throws Error when the other cells are too few for a law
 */
export function leaveOneCellOut(
  rows: readonly SweepRow[],
  options: Parameters<typeof learningRateBatchSizeLaw.fit>[1] = {},
): HeldOutCell[] {
  const cells = cellsOf(rows);
  return cells.map((cell) => {
    const others = cells.filter((other) => other !== cell).flatMap((other) => other.rows);
    const { constants } = learningRateBatchSizeLaw.fit(others, { ...options, bootstrap: 0 });
    const best = bestOf(cell.rows);
    const predicted = settingsAt(constants, cell, best);
    const { parameters, tokens } = cell;
    return { parameters, tokens, predicted, best, nearest: nearestRun(cell.rows, predicted) };
  });
}

function plain({ coefficient, exponents }: Coefficients): Coefficients {
  return { coefficient, exponents };
}

/** The best settings for a place, with the interval in which the best of a new run lies. */
function predictSettings(place: SweepPlace, fit: Fit): Prediction {
  const { samples } = fit;
  const { confidence } = fit.toJSON();
  const values = settingNames.flatMap((name) => {
    const law = fit.details.laws[name];
    if (law === undefined) return [];
    const resamples = samples.flatMap((laws) => laws[name] ?? []);
    return [{ name, unit: units[name], ...predictSetting(law, place, { resamples, confidence }) }];
  });
  return { values, warnings: fit.outside({ parameters: place.parameters, tokens: place.tokens }) };
}

function estimatesOf(
  name: SettingName,
  law: Coefficients | undefined,
): EstimateSpec<BySetting<Coefficients>>[] {
  if (law === undefined) return [];
  const factors = Object.keys(law.exponents) as FactorName[];
  return [
    {
      name: `${name}.coefficient`,
      meaning: `coefficient of ${titles[name]}`,
      of: (laws) => laws[name]?.coefficient ?? Number.NaN,
      logarithmic: true,
    },
    ...factors.map((factor) => ({
      name: `${name}.${factor}`,
      meaning: `exponent of the ${factor} in ${titles[name]}`,
      of: (laws: BySetting<Coefficients>) => laws[name]?.exponents[factor] ?? Number.NaN,
    })),
  ];
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
  const errors = optima.map(({ error }) => error);
  const variance = dot(misses, misses) / first.degreesOfFreedom;
  const between = Math.max(0, variance - dot(errors, errors) / optima.length);
  const weights = errors.map((error) => 1 / (error ** 2 + between + 1e-6));
  const { predict, coefficient, exponents, covariance, r2, degreesOfFreedom } = fitPowerLaw(data(weights));
  const scatter = optima.map(({ place, value }) => Math.log(value / predict(factorsOf(place)).value));
  const logScatter = Math.sqrt(dot(scatter, scatter) / degreesOfFreedom);
  return { coefficient, exponents, covariance, r2, degreesOfFreedom, logScatter, cells: optima.length };
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

/** Cells drawn with replacement, and in each its runs, with the surfaces through what was drawn. */
function resampledOptima(cells: readonly SweepCell[], window: number, samples: number, seed: number) {
  const random = randomFrom(seed, 'sweep');
  const draw = <T>(from: readonly T[]) => from.map(() => from[random.below(from.length)]!);
  return Array.from({ length: samples }, () => {
    const drawn = draw(cells);
    return { cells: drawn, surfaces: drawn.map(({ rows }) => fitLossSurface(draw(rows), { window })) };
  });
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
  const most = rangeOf(near.map(({ all }) => all)).high;
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

/** What a saved fit must hold. */
function savedSchema() {
  const coefficients = z.looseObject({
    coefficient: positiveNumber,
    exponents: z.record(z.string(), z.number()),
  });
  const bySetting = (entry: z.core.$ZodType) =>
    z.looseObject({ learningRate: z.optional(entry), batchTokens: z.optional(entry) });
  const settled = positiveNumbers('learningRate', 'batchTokens', 'loss');
  const surface = z.looseObject({
    varied: z.array(z.enum(settingNames)),
    runs: z.number(),
    optimum: settled,
    hessian: z.array(z.array(z.number())),
    logStandardErrors: z.record(z.string(), looseNumber),
    edges: z.record(z.string(), z.enum(['lowest', 'highest'])),
    noise: z.number(),
  });
  const law = z.looseObject({
    ...{ ...coefficients.shape, ...numbers('logScatter', 'cells').shape },
    covariance: z.array(z.array(looseNumber)),
    r2: looseNumber,
    degreesOfFreedom: z.int().check(z.gte(0)),
  });
  return {
    constants: bySetting(coefficients),
    unit: z.looseObject({
      ...{ ...positiveNumbers('parameters', 'tokens', 'runs').shape, best: settled },
      surface: z.optional(surface),
      atLaw: z.looseObject({ run: settled, ...numbers('excess', 'distance').shape }),
    }),
    details: z.looseObject({ laws: bySetting(law) }),
  };
}
