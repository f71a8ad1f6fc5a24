import type { CurvePoint } from '@steepest/run-files';
import { downsampled } from '../results/downsampled.ts';
import type { LayerPoint, Results, Sweep, TrialResult, TrialStatus } from '../results/results.ts';
import { meanCurve } from '../statistics/curve-pace.ts';
import { bestJudged, bestTrials } from '../statistics/selection.ts';
import { assignMarks, type Mark } from './palette.ts';

/** A logged point as [step, tokens, seconds, loss], and the FLOPs where they are not proportional to the tokens. */
export type CurveRow = readonly [
  step: number,
  tokens: number,
  seconds: number,
  loss: number | null,
  flops?: number,
];

/** Losses of one trial, downsampled to what a chart of many trials shows. */
export interface TrialCurve {
  readonly id: string;
  readonly status: TrialStatus;
  readonly train: readonly CurveRow[];
  readonly validation: readonly CurveRow[];
}

/** What the charts draw of one optimizer. */
export interface OptimizerCharts {
  readonly name: string;
  readonly title: string;
  readonly mark: Mark;
  /** Training loss of the best trial, and validation loss of the best setting as a mean over its seeds. */
  readonly curve: { readonly train: readonly CurveRow[]; readonly validation: readonly CurveRow[] };
  /** Validation losses of each seed of the best setting, where there are several. */
  readonly seeds: readonly (readonly CurveRow[])[];
  /** Losses that its best setting counts with, one of each seed, the lowest first. */
  readonly losses: readonly number[];
  readonly trials: readonly TrialCurve[];
  readonly flopsPerToken: number | null;
  /** Measures of the best trial's layers by role, where recorded. */
  readonly layers: Readonly<Record<string, readonly LayerPoint[]>>;
  readonly modelMilliseconds: number | null;
  readonly optimizerMilliseconds: number | null;
  readonly stateBytesPerParameter: number | null;
}

/** Everything the charts of a report draw. */
export interface ReportCharts {
  /** In the experiment's order. */
  readonly optimizers: readonly OptimizerCharts[];
  readonly sweeps: readonly Sweep[];
  /** Whose final loss the others are measured against. */
  readonly baseline: { readonly title: string; readonly loss: number } | null;
  /** Losses of n-gram counts on the same validation text, the highest first. */
  readonly ngrams: readonly { readonly title: string; readonly loss: number }[];
}

/** Longest curve put into a chart; beyond it only evenly spaced points are kept. */
const mostPoints = 1500;
/** Points of all trials together. */
const mostPointsOfTrials = 40_000;

/** The data of every chart. */
export function chartData(results: Results): ReportCharts {
  const marks = assignMarks(results.optimizers);
  const perTrial = Math.min(
    300,
    Math.max(30, Math.floor(mostPointsOfTrials / Math.max(1, results.trials.length))),
  );
  const baseline = results.optimizers.find(({ name }) => name === results.baseline);
  return {
    optimizers: results.optimizers.map(({ name, title, best }) => ({
      name,
      title,
      mark: marks.get(name)!,
      ...bestCurves(results, name, best),
      losses: bestJudged(results.trials, name).map(({ loss }) => loss),
      trials: results.trials
        .filter((trial) => trial.optimizer === name)
        .map((trial) => trialCurve(trial, perTrial)),
      ...costs(results.trials.find(({ id }) => id === best)),
    })),
    sweeps: results.sweeps,
    baseline:
      baseline && baseline.finalValidationLoss !== null
        ? { title: baseline.title, loss: baseline.finalValidationLoss }
        : null,
    ngrams:
      results.baselines === null
        ? []
        : (['unigram', 'bigram', 'trigram'] as const).map((title) => ({
            title,
            loss: results.baselines![title],
          })),
  };
}

function bestCurves(results: Results, name: string, best: string | null) {
  const seeds = bestTrials(results.trials, name);
  const trial = seeds.find(({ id }) => id === best);
  return {
    curve: { train: rows(trial?.curve.train), validation: rows(meanCurve(seeds)) },
    seeds: seeds.length > 1 ? seeds.map(({ curve }) => rows(curve.validation)) : [],
    flopsPerToken:
      trial?.flopsPerToken ??
      results.trials.find(({ optimizer }) => optimizer === name)?.flopsPerToken ??
      null,
    layers: trial?.layers ?? {},
  };
}

function costs(trial: TrialResult | undefined) {
  const step = trial?.millisecondsPerStep ?? null;
  const optimizer = trial?.optimizerMillisecondsPerStep ?? null;
  return {
    modelMilliseconds: step !== null && optimizer !== null ? Math.max(0, step - optimizer) : step,
    optimizerMilliseconds: optimizer,
    stateBytesPerParameter: trial?.stateBytesPerParameter ?? null,
  };
}

function trialCurve({ id, status, curve }: TrialResult, most: number): TrialCurve {
  return { id, status, train: rows(curve.train, most), validation: rows(curve.validation, most) };
}

function rows(points: readonly CurvePoint[] = [], most = mostPoints): CurveRow[] {
  return downsampled(points, most).map(({ step, tokens, seconds, loss, flops }) =>
    flops === undefined ? [step, tokens, seconds, loss] : [step, tokens, seconds, loss, flops],
  );
}

/** The same charts with marks assigned among their optimizers alone, so that a few of many differ in more than a dash. */
export function withOwnMarks(charts: ReportCharts): ReportCharts {
  const marks = assignMarks(charts.optimizers);
  return { ...charts, optimizers: charts.optimizers.map((one) => ({ ...one, mark: marks.get(one.name)! })) };
}
