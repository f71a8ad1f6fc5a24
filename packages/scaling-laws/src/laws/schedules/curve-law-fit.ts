import { warmupStableDecay } from '@steepest/lr-schedules';
import { intervalOf } from '../../fitting/bootstrap.ts';
import type { Goodness } from '../../fitting/goodness.ts';
import type { Estimate, LawChart, LawFit, Prediction, QuerySpec, Suggestion } from '../../law/law.ts';
import { checkQuery } from '../../law/law-options.ts';
import { outsideOf, rangeOf } from '../../law/outside.ts';
import { curveCharts } from './curve-charts.ts';
import type { ScheduleLaw } from './schedule-law.ts';
import { suggestSchedule } from './suggest-schedule.ts';

/** A curve as a saved fit keeps it. */
export interface RecordedCurve {
  readonly name: string;
  readonly steps: readonly number[];
  readonly losses: readonly number[];
  readonly predicted: readonly number[];
  readonly heldOut: boolean;
}

/** Everything a fit is made of; its JSON form. */
export interface CurveLawRecord<Constants extends Readonly<Record<keyof Constants, number>>> {
  readonly law: string;
  readonly version: 1;
  readonly constants: Constants;
  readonly samples: readonly Constants[];
  readonly confidence: number;
  readonly objective: number;
  readonly goodness: Goodness;
  /** Over the points of the runs kept out of the fit. */
  readonly heldOut: Goodness | null;
  readonly peaks: { readonly from: number; readonly to: number };
  readonly curves: readonly RecordedCurve[];
  readonly warnings: readonly string[];
}

export const curvePredictions: readonly QuerySpec[] = [
  { name: 'steps', meaning: 'steps of the run', whole: true },
  { name: 'peak', meaning: 'largest learning rate' },
  { name: 'warmupSteps', meaning: 'steps of the warm-up; none where left out', required: false, whole: true },
  {
    name: 'decaySteps',
    meaning: 'steps of the straight decay to 0 at the end; none where left out',
    required: false,
    whole: true,
  },
];

export const curveSuggestions: readonly QuerySpec[] = [
  { name: 'steps', meaning: 'steps of the run', whole: true },
  {
    name: 'warmupSteps',
    meaning: 'steps of the warm-up; a tenth of the run where left out',
    required: false,
    whole: true,
  },
  {
    name: 'peak',
    meaning: 'largest learning rate; chosen from those fitted on where left out',
    required: false,
  },
];

/** A fitted law of loss curves. */
export class CurveLawFit<Constants extends Readonly<Record<keyof Constants, number>>> implements LawFit {
  readonly law: string;
  readonly constants: Constants;
  readonly parameters: readonly Estimate[];
  readonly objective: number;
  readonly goodness: Goodness;
  /** Over the points of the runs kept out of the fit. */
  readonly holdOut?: Goodness & { readonly quantity: string };
  readonly warnings: readonly string[];
  private readonly schedules: ScheduleLaw;

  constructor(
    private readonly record: CurveLawRecord<Constants>,
    private readonly make: (constants: Constants) => ScheduleLaw,
    meanings: Readonly<Record<keyof Constants, string>>,
  ) {
    const { law, constants, samples, confidence, objective, goodness, heldOut, warnings, peaks } = record;
    this.law = law;
    this.constants = constants;
    this.objective = objective;
    this.goodness = revived(goodness);
    if (heldOut !== null) this.holdOut = { ...revived(heldOut), quantity: 'loss' };
    this.warnings = warnings;
    this.schedules = { ...make(constants), peaks };
    const names = Object.keys(meanings) as (keyof Constants & string)[];
    this.parameters = names.map((name) => ({
      name,
      value: constants[name],
      meaning: meanings[name],
      ...(samples.length === 0
        ? {}
        : {
            interval: intervalOf(
              samples.map((sample) => sample[name]),
              confidence,
            ),
          }),
    }));
  }

  /** The loss at the end of a run of `{ steps, peak, warmupSteps, decaySteps }`. */
  predict(query: Readonly<Record<string, number>>): Prediction {
    checkQuery(this.law, curvePredictions, query);
    const {
      steps,
      peak,
      warmupSteps = 0,
      decaySteps = 1,
    } = query as { steps: number; peak: number } & typeof query;
    const schedule = warmupStableDecay({
      peak,
      totalSteps: steps,
      warmupSteps,
      decaySteps,
      endFactor: query.decaySteps === undefined ? 1 : 0,
    });
    const rates = Float64Array.from({ length: steps }, (_, index) => schedule(index + 1));
    const { from, to } = this.record.peaks;
    const outside = peak < from / 1.01 || peak > to * 1.01;
    return {
      values: [
        {
          name: 'loss',
          unit: 'nats/token',
          value: this.schedules.finalLoss(rates),
          ...this.bounds((law) => law.finalLoss(rates)),
        },
      ],
      warnings: [
        ...(outside
          ? [`the runs fitted on had peaks from ${from.toPrecision(3)} to ${to.toPrecision(3)}, not ${peak}`]
          : []),
        ...this.outsideSteps(steps),
      ],
    };
  }

  /** The warm-up, hold and decay of lowest predicted loss for `{ steps, warmupSteps, peak }`. */
  suggest(query: Readonly<Record<string, number>>): Suggestion {
    checkQuery(this.law, curveSuggestions, query);
    const found = suggestSchedule({ law: this.schedules, ...(query as { steps: number }) });
    const { rates, expectedLoss } = found.powerDecay;
    const peak = rates.reduce((top, rate) => Math.max(top, rate), 0);
    const atPeak = rates.reduce((count, rate) => count + (rate > 0.9999 * peak ? 1 : 0), 0);
    const warmup = rates.findIndex((rate) => rate > 0.9999 * peak);
    const decaySteps = rates.length - warmup - atPeak;
    const half = rates.findLastIndex((rate) => rate > peak / 2) + 1;
    return {
      settings: [
        { name: 'peak', value: peak, unit: '' },
        { name: 'warmupSteps', value: warmup, unit: 'steps' },
        { name: 'decaySteps', value: decaySteps, unit: 'steps' },
        { name: 'stepOfHalfPeak', value: half, unit: 'steps' },
        { name: 'endFactor', value: rates.at(-1)! / peak, unit: '' },
      ],
      expected: [
        {
          name: 'loss',
          value: expectedLoss,
          unit: 'nats/token',
          ...this.bounds((law) => law.finalLoss(rates)),
        },
        { name: 'lossOfBestCosine', value: found.cosine.expectedLoss, unit: 'nats/token' },
        { name: 'lossStepByStep', value: found.freeForm.expectedLoss, unit: 'nats/token' },
      ],
      reason: 'the warm-up, constant stretch and decay by a power of lowest predicted loss',
      schedule: found.powerDecay.description,
      warnings: [...found.warnings, ...this.outsideSteps(rates.length)],
    };
  }

  get charts(): readonly LawChart[] {
    return curveCharts(this.record.curves);
  }

  toJSON(): CurveLawRecord<Constants> {
    return this.record;
  }

  /** A curve says something about each of its steps, so only longer runs lie outside. */
  private outsideSteps(steps: number): readonly string[] {
    const fitted = this.record.curves.filter(({ heldOut }) => !heldOut);
    const { high } = rangeOf(fitted.map((curve) => curve.steps.at(-1)!));
    return outsideOf({ value: steps, name: 'steps', low: 1, high });
  }

  private bounds(of: (law: ScheduleLaw) => number): { low?: number; high?: number } {
    const { samples, confidence } = this.record;
    if (samples.length === 0) return {};
    const { low, high } = intervalOf(
      samples.map((sample) => of(this.make(sample))),
      confidence,
    );
    return { low, high };
  }
}

/** JSON says `null` for the R2 of losses that do not vary. */
function revived(goodness: Goodness): Goodness {
  return { ...goodness, r2: goodness.r2 ?? Number.NaN };
}
