import {
  type Goodness,
  goodnessOf,
  type LossCurve,
  type MultiPowerParameters,
  multiPowerLaw,
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
  /** Final loss of each of these runs, predicted from the others. */
  readonly heldOut: Goodness;
  readonly warnings: readonly string[];
  readonly suggested: ExpectedRun;
  /** The cosine that the law thinks best. */
  readonly cosine: ExpectedRun;
  /** The cosine that did best among the runs, whatever its peak. */
  readonly sweptCosine: ExpectedRun & { readonly name: string };
}

/** Losses before this share of the steps are left out: the law knows nothing of the first steps. */
const fromShare = 0.15;
/** Residual of the log of the loss beyond which a point counts linearly: about the noise of a small validation set. */
const delta = 0.003;

/**
 * Fits the multi-power law on the curves of the peak at which the best run was, and asks it for the best schedule of that
 * peak and for the best cosine.
 *
 * The law knows no best peak: it has the loss fall with the sum of the rates however large they are. So the peak comes from
 * the runs, and the law gives the way down from it.
 *
 * @throws Error when fewer than three runs of that peak converged
 */
export function suggest(runs: readonly SweepRun[]): ScheduleSuggestion {
  const converged = runs.filter(({ diverged }) => !diverged);
  const best = lowest(converged);
  const chosen = converged.filter(({ peak }) => peak === best.peak);
  if (chosen.length < 3) {
    throw new Error(`needs three converged runs of one peak to fit on, got ${chosen.length} of ${best.peak}`);
  }
  const fitOn = (some: readonly SweepRun[]) =>
    multiPowerLaw.fit(
      some.map(({ curve }) => late(curve)),
      { delta },
    );
  const fit = fitOn(chosen);
  const steps = best.schedule.length;
  const warmupSteps = Math.round(best.warmup * steps);
  const found = suggestSchedule({ law: fit, steps, warmupSteps });
  const swept = lowest(converged.filter(({ family }) => family.startsWith('cosine')));
  return {
    made: new Date().toISOString(),
    steps,
    parameters: fit.constants,
    fitted: chosen.map(({ name }) => name),
    goodness: fit.goodness,
    heldOut: goodnessOf(
      chosen.map(({ loss }) => loss!),
      chosen.map((run) => fitOn(chosen.filter((other) => other !== run)).finalLoss(run.schedule)),
    ),
    warnings: [...fit.warnings, ...found.warnings],
    suggested: expectedRun(found.rates, found.expectedLoss),
    cosine: expectedRun(found.cosine.rates, found.cosine.expectedLoss),
    sweptCosine: { name: swept.name, ...expectedRun(swept.schedule, fit.finalLoss(swept.schedule)) },
  };
}

function lowest(runs: readonly SweepRun[]): SweepRun {
  return runs.reduce((best, run) => (run.loss! < best.loss! ? run : best));
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
