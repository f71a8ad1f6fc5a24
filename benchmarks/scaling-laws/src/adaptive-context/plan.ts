import {
  type AdaptiveShapesFit,
  adaptiveShapesLaw,
  type TrainingPlan,
  trainingPlan,
} from '@steepest/scaling-laws';
import { logSpacedSteps } from '@steepest/trainer';
import { decayFrom } from './comparison-file.ts';
import { type ContextRun } from './context-runs.ts';

/** What was said of the growing run before it was trained; the content of `plan.json`. */
export interface ContextPlan {
  /** ISO 8601 time at which it was made. */
  readonly made: string;
  /** Losses of earlier steps were left out of the fit, and are not predicted. */
  readonly fromStep: number;
  /** FLOPs to spend: those of the fixed runs. */
  readonly flops: number;
  readonly plan: TrainingPlan;
  /** Step of the growing run by which as much of its compute is spent as when a fixed run begins to decay. */
  readonly decayFromStep: number;
  /** What it should save against each context by itself, the shortest first. */
  readonly savings: readonly PredictedSaving[];
  /** The loss foretold where the growing run is evaluated, along the laws at the FLOPs of its steps. */
  readonly points: readonly PredictedPoint[];
  /** The fitted laws, as `adaptiveShapesLaw.restore` takes them. */
  readonly fit: object;
}

/** How much earlier the growing run should be where a fixed context ends. */
export interface PredictedSaving {
  readonly contextLength: number;
  /** Loss of the fixed context after all FLOPs. */
  readonly loss: number;
  /** FLOPs of the growing run to that loss. */
  readonly flops: number;
  /** Share of the FLOPs that it does without. */
  readonly saved: number;
}

/** A predicted loss with its interval. */
export interface PredictedPoint {
  readonly step: number;
  readonly loss: number;
  readonly low: number;
  readonly high: number;
}

const resamples = 200;

/**
 * Fits the laws of the contexts on the curves of runs with a fixed one, and plans the run that changes it.
 *
 * @param evaluations points at which the growing run will be evaluated, as the experiment counts them
 */
export function planContexts(
  runs: readonly ContextRun[],
  fromStep: number,
  evaluations: number,
): ContextPlan {
  const rows = runs.flatMap(({ kind, seed, contextLength, curve }) =>
    curve
      .filter(({ step }) => step >= fromStep)
      .map(({ flops, loss }) => ({ shape: contextLength!, flops, loss, run: `${kind}-${seed}` })),
  );
  const fit = adaptiveShapesLaw.fit(rows, { bootstrap: resamples });
  const flops = Math.max(...runs.map((run) => run.flops));
  const traversal = fit.traversal({ flops });
  const stepOf = (shape: number) => {
    const { batchTokens, flops: all, steps } = runs.find(({ contextLength }) => contextLength === shape)!;
    return { contextLength: shape, batchSize: batchTokens / shape, flops: all / steps };
  };
  const flopsOf = (shape: number) => stepOf(shape).flops;
  const plan = trainingPlan(traversal, stepOf);
  const points = logSpacedSteps(plan.steps, evaluations)
    .filter((step) => step >= fromStep)
    .map((step) => predictAt(fit, step, flopsAfter(plan, step, flopsOf)));
  return {
    made: new Date().toISOString(),
    fromStep,
    flops,
    plan,
    decayFromStep: stepAt(plan, decayFrom * plan.flops, flopsOf),
    savings: fit.laws.map(({ shape }) => savingAgainst(fit, shape, flops)),
    points,
    fit: fit.toJSON(),
  };
}

/** The laws that a plan was made with. */
export function fitOf({ fit }: ContextPlan): AdaptiveShapesFit {
  return adaptiveShapesLaw.restore(fit);
}

function savingAgainst(fit: AdaptiveShapesFit, shape: number, flops: number): PredictedSaving {
  const loss = fit.loss({ shape, flops });
  const needed = fit.traversal({ loss }).flops;
  return { contextLength: shape, loss, flops: needed, saved: 1 - needed / flops };
}

function predictAt(fit: AdaptiveShapesFit, step: number, flops: number): PredictedPoint {
  const { value, low = value, high = value } = fit.predict({ flops }).values[0]!;
  return { step, loss: value, low, high };
}

/** The first step by which so many FLOPs are spent. */
function stepAt(plan: TrainingPlan, flops: number, flopsOf: (contextLength: number) => number): number {
  let step = 1;
  while (step < plan.steps && flopsAfter(plan, step, flopsOf) < flops) step += 1;
  return step;
}

function flopsAfter(
  { phases }: TrainingPlan,
  step: number,
  flopsOf: (contextLength: number) => number,
): number {
  return phases.reduce((sum, { fromStep, contextLength }, index) => {
    const end = Math.min(phases[index + 1]?.fromStep ?? step, step);
    return sum + Math.max(0, end - fromStep) * flopsOf(contextLength);
  }, 0);
}
