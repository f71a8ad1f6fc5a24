import type { ChartSeries } from '@steepest/charts';
import { warmupStableDecay } from '@steepest/lr-schedules';
import * as z from 'zod/mini';
import { type Goodness, goodnessOf } from '../../fitting/goodness.ts';
import { rangeOf } from '../../fitting/numbers.ts';
import { axes, residuals } from '../../law/chart-parts.ts';
import { defineLaw } from '../../law/define-law.ts';
import { outsidePeaks, outsideRange } from '../../law/fit-warnings.ts';
import { type FittedLaw, namedEstimates } from '../../law/fitted-law.ts';
import type { Law, LawChart, Prediction, Suggestion } from '../../law/law.ts';
import { names, type OptionSpecs, type OptionValues, positive, whole } from '../../law/option-specs.ts';
import { count, optional, optionalCount, question } from '../../law/question.ts';
import { numbers, positiveNumber, some } from '../../law/saved-fit.ts';
import type { ScheduleLaw } from '../../schedules/schedule-law.ts';
import { suggestSchedule } from '../../schedules/suggest-schedule.ts';
import { type ColumnSpec, readColumns } from '../../table/columns.ts';
import { runColumns } from '../../table/run-columns.ts';
import { type CurveModel, searchCurves } from './curve-search.ts';
import { type CurveRow, checkCurves, curvesFromRows, type LossCurve } from './loss-curve.ts';

/** A curve as a fit keeps it. */
export interface FittedCurve {
  readonly name: string;
  readonly steps: readonly number[];
  readonly losses: readonly number[];
  readonly predicted: readonly number[];
}

/** What a fit keeps of its curves. */
export interface CurveDetails {
  /** Smallest and largest peak of the curves fitted on. */
  readonly peaks: { readonly from: number; readonly to: number };
}

type Fit<Constants> = FittedLaw<Constants, FittedCurve, CurveDetails>;

/** A law of loss curves: what the learning rate of every step does to the loss. */
export interface CurveLawSpec<Name extends string, Searched extends string, Options extends OptionSpecs>
  extends Pick<Law, 'name' | 'title' | 'formula' | 'source'> {
  /** What each constant means. */
  readonly meanings: Readonly<Record<Name, string>>;
  /** Options of its own, in addition to those of every law of curves. */
  readonly options: Options;
  readonly model: CurveModel<Searched, Readonly<Record<Name, number>>>;
  /** The law with known constants. */
  law(constants: Readonly<Record<Name, number>>): ScheduleLaw;
}

const columns: readonly ColumnSpec[] = [
  { name: 'step', meaning: 'step of the loss, from 1', quantity: 'steps', aliases: ['steps'] },
  {
    name: 'scheduledLearningRate',
    meaning: 'learning rate at this step',
    // A schedule may end at 0, and a column of rates must be positive; the curves are checked as they are made.
    quantity: 'number',
    aliases: ['lr', 'learning_rate', 'learningRate'],
  },
  { name: 'loss', meaning: 'loss at this step, nats/token', quantity: 'loss', mustVary: true },
  { ...runColumns.run, meaning: 'name of the run, where there are several', aliases: ['run_name', 'file'] },
];

const curveOptions = {
  warmupSteps: whole('steps of the warm-up, where the log begins after its start', 0, 0),
  heldOut: names('names of runs to keep out of the fit and test it on, with commas between', []),
  delta: positive('residual of log loss beyond which a point counts linearly', 1e-3),
  follow: whole('how many of the best starts to search from', 4, 1),
};

type CurveOptionValues = OptionValues<typeof curveOptions> & {
  readonly typicalExponents?: number | undefined;
};

/**
 * Makes a law of loss curves: the sum of Huber_delta of the errors of the log of the loss is minimized by BFGS from the best of
 * many starts. Intervals resample eighths of curves.
 */
export function curveLaw<
  const Name extends string,
  const Searched extends string,
  Options extends OptionSpecs,
>(spec: CurveLawSpec<Name, Searched, Options>) {
  type Constants = Readonly<Record<Name, number>>;
  const { name, title, formula, source, meanings, model, law, options } = spec;
  const constantNames = Object.keys(meanings) as Name[];
  const loss = (fit: Fit<Constants>, rates: Float64Array) =>
    fit.value('loss', 'nats/token', (constants) => law(constants).finalLoss(rates));
  return defineLaw({
    ...{ name, title, formula, source, columns },
    points: 'training',
    mayDiffer: ['learningRate', 'schedule'],
    options: { ...curveOptions, ...options },
    bootstrap: 0,
    read(table, { columns: named, options: own }) {
      const chosen = own as unknown as CurveOptionValues;
      const rows = readColumns<CurveRow>(table, columns, { columns: named });
      const { curves, notes } = curvesFromRows(name, rows, chosen.warmupSteps);
      return { rows: curves, notes };
    },
    fit(curves: readonly LossCurve[], { options: own, samples, seed, holdOut }) {
      const chosen = own as unknown as CurveOptionValues;
      if (holdOut !== undefined) {
        throw new Error(`${name}: keeps whole runs out of the fit: use heldOut, not holdOut`);
      }
      checkCurves(name, curves, constantNames.length);
      const kept = chosen.heldOut.map((wanted) => curveOf(name, curves, wanted));
      const fitted = curves.filter((curve) => !kept.includes(curve));
      checkCurves(name, fitted, constantNames.length);
      const found = searchCurves(fitted, model, { ...chosen, samples, seed });
      const { predictCurve } = law(found.constants);
      const recorded = (curve: LossCurve): FittedCurve => ({
        name: curve.name,
        steps: Array.from(curve.steps),
        losses: Array.from(curve.losses),
        predicted: Array.from(predictCurve(curve.rates, curve.steps)),
      });
      const peaks = rangeOf(fitted.map(({ rates }) => rangeOf(rates).high));
      return {
        ...found,
        ...{ fitted: fitted.map(recorded), heldOut: kept.map(recorded) },
        details: { peaks: { from: peaks.low, to: peaks.high } },
      };
    },
    estimates: () => namedEstimates(meanings, (constants: Constants) => constants),
    measured: ({ name: group, steps, losses, predicted }: FittedCurve) =>
      losses.map((observed, index) => ({ observed, predicted: predicted[index]!, at: steps[index]!, group })),
    quantity: 'loss',
    predict: question(
      {
        steps: count('steps of the run'),
        peak: 'largest learning rate',
        warmupSteps: optionalCount('steps of the warm-up; none where left out'),
        decaySteps: optionalCount('steps of the straight decay to 0 at the end; none where left out'),
      },
      ({ steps, peak, warmupSteps = 0, decaySteps }, fit: Fit<Constants>): Prediction => {
        const decay =
          decaySteps === undefined ? { decaySteps: 1, endFactor: 1 } : { decaySteps, endFactor: 0 };
        const schedule = warmupStableDecay({ peak, totalSteps: steps, warmupSteps, ...decay });
        const rates = Float64Array.from({ length: steps }, (_, index) => schedule(index + 1));
        const { from, to } = fit.details.peaks;
        return {
          values: [loss(fit, rates)],
          warnings: [...outsidePeaks(peak, { low: from, high: to }), ...outsideSteps(fit, steps)],
        };
      },
    ),
    suggest: question(
      {
        steps: count('steps of the run'),
        warmupSteps: optionalCount('steps of the warm-up; a tenth of the run where left out'),
        peak: optional('largest learning rate; chosen from those fitted on where left out'),
      },
      (asked, fit: Fit<Constants>): Suggestion => {
        const found = suggestSchedule({ law: scheduleLaw(fit), ...asked });
        const { rates, description } = found.powerDecay;
        const best = { name: 'lossOfBestCosine', value: found.cosine.expectedLoss, unit: 'nats/token' };
        const free = { name: 'lossStepByStep', value: found.freeForm.expectedLoss, unit: 'nats/token' };
        return {
          settings: settingsOf(rates),
          expected: [loss(fit, rates), best, free],
          reason: 'the warm-up, constant stretch and decay by a power of lowest predicted loss',
          schedule: description,
          warnings: [...found.warnings, ...outsideSteps(fit, rates.length)],
        };
      },
    ),
    charts: (fit: Fit<Constants>) => charts(fit),
    members: (fit) => ({
      ...scheduleLaw(fit),
      law: name,
      /** Compares predictions with curves, such as those held out of the fit; by the curve's name. */
      check: (curves: readonly LossCurve[]): Readonly<Record<string, Goodness>> => {
        const { predictCurve } = law(fit.constants);
        const checked = curves.map(({ name: curve, rates, steps, losses }) => [
          curve,
          goodnessOf(losses, predictCurve(rates, steps)),
        ]);
        return Object.fromEntries(checked);
      },
    }),
    saved: {
      constants: numbers(...constantNames) as z.core.$ZodType,
      unit: z.looseObject({
        ...{ name: z.string(), steps: some(positiveNumber) },
        ...{ losses: some(positiveNumber), predicted: some(positiveNumber) },
      }),
      details: z.looseObject({ peaks: z.looseObject({ from: positiveNumber, to: positiveNumber }) }),
    },
  });

  function scheduleLaw(fit: Fit<Constants>): ScheduleLaw {
    return { ...law(fit.constants), peaks: fit.details.peaks };
  }
}

function curveOf(law: string, curves: readonly LossCurve[], name: string): LossCurve {
  const found = curves.find((curve) => curve.name === name);
  if (found) return found;
  const known = curves.map((curve) => curve.name).join(', ');
  throw new Error(`${law}: no run is called "${name}" to keep out of the fit; the runs are ${known}`);
}

/** A curve says something about each of its steps, so only longer runs lie outside. */
function outsideSteps(fit: Fit<unknown>, steps: number): readonly string[] {
  const { high } = rangeOf(fit.fitted.map((curve) => curve.steps.at(-1)!));
  return outsideRange('steps', steps, { low: 1, high });
}

/** A schedule of a warm-up, a constant stretch and a decay, in numbers. */
function settingsOf(rates: Float64Array) {
  const peak = rangeOf(rates).high;
  const isTop = (rate: number) => rate > 0.9999 * peak;
  const warmup = rates.findIndex(isTop);
  const atPeak = rates.filter(isTop).length;
  return [
    { name: 'peak', value: peak, unit: '' },
    { name: 'warmupSteps', value: warmup, unit: 'steps' },
    { name: 'decaySteps', value: rates.length - warmup - atPeak, unit: 'steps' },
    { name: 'stepOfHalfPeak', value: rates.findLastIndex((rate) => rate > peak / 2) + 1, unit: 'steps' },
    { name: 'endFactor', value: rates.at(-1)! / peak, unit: '' },
  ];
}

/** Measured and predicted loss over the steps, residuals, and the runs kept out of the fit. */
function charts(fit: Fit<unknown>): LawChart[] {
  const step = { name: 'step', unit: 'steps', scale: 'linear' } as const;
  const drawn = (curves: readonly FittedCurve[]): ChartSeries[] =>
    curves.flatMap(({ name, steps, losses, predicted }) => [
      { kind: 'points', name, x: steps, y: losses },
      { kind: 'line', name: `${name}, predicted`, x: steps, y: predicted },
    ]);
  const beyond: LawChart = {
    ...{ kind: 'extrapolation', title: 'Loss of the runs kept out of the fit', x: step, y: axes.loss },
    series: drawn(fit.heldOut),
  };
  return [
    {
      ...{ kind: 'fit', title: 'Loss of the runs fitted on', x: step, y: axes.loss },
      series: drawn(fit.fitted),
    },
    residuals(fit, step, 'Residuals over the steps'),
    ...(fit.heldOut.length === 0 ? [] : [beyond]),
  ];
}
