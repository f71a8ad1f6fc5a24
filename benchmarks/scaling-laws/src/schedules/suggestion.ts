import {
  fitMultiPowerLaw,
  type Goodness,
  goodnessOf,
  type LossCurve,
  type MultiPowerParameters,
  suggestSchedule,
} from '@steepest/scaling-laws';
import type { SweepRun } from './schedule-runs.ts';

/** A schedule to train, and the loss that the law expects. */
export interface ExpectedRun {
  readonly peak: number;
  /** `[share of the steps, share of the peak]` of each corner. */
  readonly points: readonly (readonly [number, number])[];
  readonly expectedLoss: number;
}

/** What the law says before the runs that decide; the content of `suggestion.json`. */
export interface ScheduleSuggestion {
  readonly made: string;
  readonly steps: number;
  readonly parameters: MultiPowerParameters;
  /** Names of the runs fitted on. */
  readonly fitted: readonly string[];
  readonly goodness: Goodness;
  /** Final losses of the other converged runs of the same peaks, as predicted. */
  readonly heldOut: Goodness;
  readonly warnings: readonly string[];
  readonly suggested: ExpectedRun;
  /** The cosine that the law thinks best. */
  readonly cosine: ExpectedRun;
  /** The cosine that did best in the sweep. */
  readonly sweptCosine: ExpectedRun & { readonly name: string };
}

/** Losses before this share of the steps are left out: the law knows nothing of the first steps. */
const fromShare = 0.15;
/** The warm-up of the runs fitted on, and of the suggestion. */
const warmup = 0.1;

/**
 * Fits the multi-power law on the sweep's curves of the largest model and length with the middle warm-up, up to the best
 * peak, and asks it for the best schedule and the best cosine.
 */
export function suggest(runs: readonly SweepRun[]): ScheduleSuggestion {
  const size = Math.max(...runs.map(({ parameters }) => parameters));
  const steps = Math.max(...runs.map(({ schedule }) => schedule.length));
  const large = runs.filter(
    (run) => run.parameters === size && run.schedule.length === steps && !run.diverged,
  );
  const best = large.reduce((lowest, run) => (run.loss! < lowest.loss! ? run : lowest));
  const usable = large.filter(({ peak }) => peak <= best.peak);
  const chosen = usable.filter((run) => run.warmup === warmup);
  const fit = fitMultiPowerLaw(
    chosen.map(({ curve }) => late(curve)),
    { delta: 0.01 },
  );
  const others = usable.filter((run) => run.warmup !== warmup);
  const found = suggestSchedule({ law: fit, steps, warmupSteps: Math.round(warmup * steps) });
  const cosines = large.filter(({ family }) => family.startsWith('cosine'));
  const swept = cosines.reduce((lowest, run) => (run.loss! < lowest.loss! ? run : lowest));
  return {
    made: new Date().toISOString(),
    steps,
    parameters: fit.parameters,
    fitted: chosen.map(({ name }) => name),
    goodness: fit.goodness,
    heldOut: goodnessOf(
      others.map(({ loss }) => loss!),
      others.map(({ schedule }) => fit.finalLoss(schedule)),
    ),
    warnings: [...fit.warnings, ...found.warnings],
    suggested: expectedRun(found.rates, found.expectedLoss),
    cosine: expectedRun(found.cosine.rates, found.cosine.expectedLoss),
    sweptCosine: { name: swept.name, ...expectedRun(swept.schedule, fit.finalLoss(swept.schedule)) },
  };
}

/** A curve without the losses of its first steps. */
function late(curve: LossCurve): LossCurve {
  const kept = Array.from(curve.steps, (_, index) => index).filter(
    (index) => curve.steps[index]! >= fromShare * curve.rates.length,
  );
  return {
    ...curve,
    steps: kept.map((index) => curve.steps[index]!),
    losses: kept.map((index) => curve.losses[index]!),
  };
}

/** The rates as a table of corners, one a step: nothing is lost on the way to training. */
function expectedRun(rates: Float64Array, expectedLoss: number): ExpectedRun {
  const peak = rates.reduce((top, rate) => Math.max(top, rate), 0);
  const points = Array.from(rates, (rate, index) => [(index + 1) / rates.length, rate / peak] as const);
  return { peak, points, expectedLoss };
}

/** The experiment that trains the suggestion and the cosines, as lm-comparison reads it: JSON is YAML. */
export function comparisonFile(
  { suggested, cosine, sweptCosine, steps }: ScheduleSuggestion,
  seeds: readonly number[],
  shared: { readonly model: object; readonly budget: object; readonly evaluation: object },
): string {
  const entry = ({ peak, points }: ExpectedRun) => ({
    optimizer: 'adam',
    learningRate: peak,
    schedule: { type: 'piecewiseLinear', points },
  });
  return JSON.stringify({
    name: 'schedules-comparison',
    description: `The suggested schedule and cosines, ${steps} steps each`,
    ...shared,
    seeds,
    optimizers: {
      suggested: entry(suggested),
      'cosine-of-law': entry(cosine),
      'cosine-of-sweep': entry(sweptCosine),
    },
  });
}
