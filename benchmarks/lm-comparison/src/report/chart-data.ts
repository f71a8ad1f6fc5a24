import { assignMarks, type Mark } from './palette.ts';
import type { CurvePoint, Results, TrialResult } from './results.ts';
import { bestSetting, learningRateOf, settingsOf } from './selection.ts';

/** A logged point as [step, tokens, seconds, loss]. */
type CurveRow = readonly [step: number, tokens: number, seconds: number, loss: number | null];

/** One point of the sensitivity chart. */
export interface SensitivityPoint {
  readonly learningRate: number;
  /** Mean over seeds, the lowest where several settings share the rate. */
  readonly loss: number;
  readonly best: boolean;
}

/** What the page's charts draw of one optimizer. */
export interface OptimizerCharts {
  readonly name: string;
  readonly title: string;
  readonly mark: Mark;
  readonly curve: { readonly train: readonly CurveRow[]; readonly validation: readonly CurveRow[] };
  readonly sensitivity: readonly SensitivityPoint[];
  /** Learning rates at which a trial diverged. */
  readonly diverged: readonly number[];
  readonly modelMilliseconds: number | null;
  readonly optimizerMilliseconds: number | null;
  readonly stateBytesPerParameter: number | null;
}

/** Longest curve put into the page; beyond it only evenly spaced points are kept. */
const MAXIMUM_POINTS = 1500;

/** The data of every chart, in the experiment's order of optimizers. */
export function chartData(results: Results): OptimizerCharts[] {
  const marks = assignMarks(results.optimizers);
  return results.optimizers.map(({ name, title, best }) => {
    const trials = results.trials.filter((trial) => trial.optimizer === name);
    const trial = trials.find(({ id }) => id === best);
    const step = trial?.millisecondsPerStep ?? null;
    const optimizer = trial?.optimizerMillisecondsPerStep ?? null;
    return {
      name,
      title,
      mark: marks.get(name)!,
      curve: { train: rows(trial?.curve.train), validation: rows(trial?.curve.validation) },
      sensitivity: sensitivity(trials),
      diverged: divergedRates(trials),
      modelMilliseconds: step !== null && optimizer !== null ? Math.max(0, step - optimizer) : step,
      optimizerMilliseconds: optimizer,
      stateBytesPerParameter: trial?.stateBytesPerParameter ?? null,
    };
  });
}

function sensitivity(trials: readonly TrialResult[]): SensitivityPoint[] {
  const settings = settingsOf(trials);
  const bestRate = bestSetting(settings)?.learningRate;
  const lowest = new Map<number, number>();
  for (const { learningRate, meanLoss } of settings) {
    if (learningRate === null || meanLoss === null) continue;
    lowest.set(learningRate, Math.min(meanLoss, lowest.get(learningRate) ?? Number.POSITIVE_INFINITY));
  }
  return [...lowest].map(([learningRate, loss]) => ({ learningRate, loss, best: learningRate === bestRate }));
}

function divergedRates(trials: readonly TrialResult[]): number[] {
  const rates = trials.flatMap((trial) => (trial.status === 'diverged' ? (learningRateOf(trial) ?? []) : []));
  return [...new Set(rates)].sort((a, b) => a - b);
}

function rows(points: readonly CurvePoint[] = []): CurveRow[] {
  const stride = Math.ceil(points.length / MAXIMUM_POINTS);
  return points
    .filter((_point, index) => index % stride === 0 || index === points.length - 1)
    .map(({ step, tokens, seconds, loss }) => [step, tokens, seconds, loss]);
}
