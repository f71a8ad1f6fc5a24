import { type Goodness, goodnessOf } from '../../fitting/goodness.ts';
import type { Estimate, HeldOutGoodness, LawChart, LawFit, Prediction, Suggestion } from '../../law/law.ts';
import { checkQuery } from '../../law/law-options.ts';
import { learningRateBatchSizeCharts } from './charts.ts';
import { learningRateBatchSizeQueries } from './queries.ts';
import { factorsOf, predictSetting, type SettingLaw, type SweepPlace } from './setting-law.ts';
import type { LossSurface } from './surface.ts';
import { type NearestRun, type SettingName, type Settings, settingNames } from './sweep.ts';

/** What one cell of the sweep says. */
export interface CellEstimate extends SweepPlace {
  readonly runs: number;
  /** The run of lowest loss. */
  readonly best: Settings & { readonly loss: number };
  /** Left out where too few runs are near the best for a surface, or it has no lowest point. */
  readonly surface?: LossSurface | undefined;
  /** The run nearest to what the law says for the cell, and its excess over the best. */
  readonly atLaw: NearestRun;
}

/** Everything a fit is made of; its JSON form. */
export interface LearningRateBatchSizeRecord {
  readonly law: 'learning-rate-batch-size';
  readonly version: 1;
  readonly laws: Readonly<Partial<Record<SettingName, SettingLaw>>>;
  readonly confidence: number;
  readonly warnings: readonly string[];
  readonly cells: readonly CellEstimate[];
  readonly heldOut: readonly CellEstimate[];
}

const titles: Readonly<Record<SettingName, string>> = {
  learningRate: 'the best peak learning rate',
  batchTokens: 'the best batch, tokens',
};

/** Power laws of the best learning rate and batch, of those that the sweep varies. */
export class LearningRateBatchSizeFit implements LawFit {
  readonly law = 'learning-rate-batch-size';
  readonly cells: readonly CellEstimate[];
  readonly laws: LearningRateBatchSizeRecord['laws'];
  readonly parameters: readonly Estimate[];
  /** Sum of the squared logs of the cells' optima over the laws. */
  readonly objective: number;
  /** Of the loss of each cell's run nearest to the laws, against its best run: its errors are what the laws cost. */
  readonly goodness: Goodness;
  readonly holdOut?: HeldOutGoodness | undefined;
  readonly warnings: readonly string[];

  constructor(private readonly record: LearningRateBatchSizeRecord) {
    const { laws, cells, heldOut, warnings } = record;
    this.laws = laws;
    this.cells = cells;
    this.warnings = warnings;
    this.parameters = settingNames.flatMap((name) => (laws[name] ? estimatesOf(name, laws[name]) : []));
    this.objective = Object.values(laws).reduce(
      (sum, law) => sum + law.degreesOfFreedom * law.logScatter ** 2,
      0,
    );
    this.goodness = costOf(cells);
    if (heldOut.length > 0) {
      const computes = (of: readonly CellEstimate[]) => of.map((cell) => factorsOf(cell).compute);
      this.holdOut = {
        ...costOf(heldOut),
        quantity: 'loss of the run nearest to the laws',
        largestFitted: Math.max(...computes(cells)),
        smallestHeldOut: Math.min(...computes(heldOut)),
        largestHeldOut: Math.max(...computes(heldOut)),
      };
    }
  }

  /** The best settings for `{ parameters, tokens }`, with the interval in which the best of a new run lies. */
  predict(query: Readonly<Record<string, number>>): Prediction {
    checkQuery(this.law, learningRateBatchSizeQueries, query);
    const place = { parameters: query.parameters!, tokens: query.tokens! };
    const units = { learningRate: '', batchTokens: 'tokens' };
    const values = settingNames.flatMap((name) => {
      const law = this.laws[name];
      return law ? [{ name, unit: units[name], ...predictSetting(law, place, this.record.confidence) }] : [];
    });
    return { values, warnings: this.outside(place) };
  }

  /** The settings for `{ parameters, tokens }`, and what following the laws cost in the cells of the sweep. */
  suggest(query: Readonly<Record<string, number>>): Suggestion {
    const { values, warnings } = this.predict(query);
    const costs = this.cells.map(({ atLaw }) => atLaw.excess).sort((a, b) => a - b);
    const expected = {
      name: 'excessLoss',
      unit: 'share of the lowest loss',
      value: costs[Math.floor(costs.length / 2)]!,
      low: costs[0]!,
      high: costs.at(-1)!,
    };
    return {
      settings: values,
      expected: [expected],
      reason: 'the power laws through the best settings of each model size and number of tokens',
      warnings,
    };
  }

  get charts(): readonly LawChart[] {
    return learningRateBatchSizeCharts(this.record);
  }

  toJSON(): LearningRateBatchSizeRecord {
    return this.record;
  }

  private outside(place: SweepPlace): string[] {
    return (['parameters', 'tokens'] as const).flatMap((name) => {
      const values = this.cells.map((cell) => cell[name]);
      const [low, high] = [Math.min(...values), Math.max(...values)];
      const times = (factor: number) => `${name} ${place[name]} is ${factor.toPrecision(2)} times`;
      if (place[name] > high) return [`${times(place[name] / high)} the most fitted on`];
      return place[name] < low ? [`${times(low / place[name])} below the least fitted on`] : [];
    });
  }
}

function estimatesOf(name: SettingName, { coefficient, exponents, intervals }: SettingLaw): Estimate[] {
  const exponentsOfFactors = Object.entries(exponents).map(([factor, value]) => {
    const interval = intervals[factor as keyof typeof exponents];
    const meaning = `exponent of the ${factor} in ${titles[name]}`;
    return { name: `${name}.${factor}`, value, meaning, ...(interval ? { interval } : {}) };
  });
  const logs = intervals.logCoefficient;
  const interval = logs && {
    low: Math.exp(logs.low),
    high: Math.exp(logs.high),
    standardError: coefficient * logs.standardError,
  };
  const meaning = `coefficient of ${titles[name]}`;
  return [
    { name: `${name}.coefficient`, value: coefficient, meaning, ...(interval ? { interval } : {}) },
    ...exponentsOfFactors,
  ];
}

function costOf(cells: readonly CellEstimate[]): Goodness {
  return goodnessOf(
    cells.map(({ best }) => best.loss),
    cells.map(({ atLaw }) => atLaw.run.loss),
  );
}
