import * as z from 'zod/mini';
import { successes } from '../fitting/bootstrap.ts';
import { rangeOf, sum } from '../fitting/numbers.ts';
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
  fitSettingLaw,
  predictSetting,
  type SettingLaw,
  type SurfacedCell,
  settingsAt,
} from './learning-rate-batch-size/setting-law.ts';
import { fitLossSurface } from './learning-rate-batch-size/surface.ts';
import {
  bestOf,
  cellsOf,
  type NearestRun,
  nearestRun,
  type SettingName,
  type Settings,
  type SweepCell,
  type SweepPlace,
  type SweepRow,
  settingNames,
} from './learning-rate-batch-size/sweep.ts';
import { nothingVaried, sweepWarnings } from './learning-rate-batch-size/sweep-warnings.ts';

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
    const { fitted, heldOut } = split(cellsOf(rows), (place) => factorsOf(place).compute);
    const surfaced = <Cell extends SweepCell>(cell: Cell) => ({
      ...cell,
      surface: fitLossSurface(cell.rows, window),
    });
    const cells = fitted.map(surfaced);
    const varied = settingNames.filter((name) => cells.some(({ surface }) => surface?.varied.includes(name)));
    if (varied.length === 0) throw new Error(nothingVaried(cells, window));
    const bySetting = <T>(of: (name: SettingName) => T): BySetting<T> =>
      Object.fromEntries(varied.map((name) => [name, of(name)]));
    const laws = bySetting((name) => fitSettingLaw(name, cells, factors[name]));
    const draws = resampled(fitted, samples, seed).map((drawn) => drawn.map(surfaced));
    const again = bySetting((name) =>
      successes(draws.map((drawn) => () => plain(fitSettingLaw(name, drawn, factors[name])))),
    );
    const estimate = ({ rows: runs, ...cell }: SurfacedCell): CellEstimate => {
      const best = bestOf(runs);
      return { ...cell, runs: runs.length, best, atLaw: nearestRun(runs, settingsAt(laws, cell, best)) };
    };
    return {
      constants: bySetting((name) => plain(laws[name]!)),
      samples: draws.map((_, draw) => {
        const drawn = varied.flatMap((name) => (again[name]![draw] ? [[name, again[name]![draw]!]] : []));
        return Object.fromEntries(drawn) as BySetting<Coefficients>;
      }),
      objective: sum(
        Object.values(laws).map(({ degreesOfFreedom, logScatter }) => degreesOfFreedom * logScatter ** 2),
      ),
      fitted: cells.map(estimate),
      heldOut: heldOut.map((cell) => estimate(surfaced(cell))),
      details: { laws },
      warnings: sweepWarnings(cells, laws, window),
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
  const { confidence } = fit.toJSON();
  const values = settingNames.flatMap((name) => {
    const law = fit.details.laws[name];
    if (law === undefined) return [];
    const resamples = fit.samples.flatMap((laws) => laws[name] ?? []);
    return [{ name, unit: units[name], ...predictSetting(law, place, resamples, confidence) }];
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

/** Cells drawn with replacement, and in each its runs. */
function resampled(cells: readonly SweepCell[], samples: number, seed: number): SweepCell[][] {
  const random = randomFrom(seed, 'sweep');
  const draw = <T>(from: readonly T[]) => from.map(() => from[random.below(from.length)]!);
  return Array.from({ length: samples }, () =>
    draw(cells).map((cell) => ({ ...cell, rows: draw(cell.rows) })),
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
