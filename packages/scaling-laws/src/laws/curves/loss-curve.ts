import { groupsBy } from '../../fitting/numbers.ts';
import { describeValue } from '../../options.ts';

/** The loss of one run at some of its steps, and the learning rate at all of them. */
export interface LossCurve {
  /** What messages and tables call the run. */
  readonly name: string;
  /** Learning rate of every step from the first on, warm-up included: `rates[0]` is the rate of step 1. At least 0. */
  readonly rates: ArrayLike<number>;
  /** Steps at which the loss was measured, ascending, each from 1 to the number of rates. */
  readonly steps: ArrayLike<number>;
  /** Loss at each of these steps, in nats per token; positive. */
  readonly losses: ArrayLike<number>;
}

/**
 * Checks the curves that a law of schedules is to be fitted on.
 *
 * @param law Whose curves they are, for the message
 * @param parameters How many constants the law has: there must be more points than that
 * @throws Error naming the curve, the step and what would be right
 */
export function checkCurves(law: string, curves: readonly LossCurve[], parameters: number): void {
  if (!Array.isArray(curves) || curves.length === 0) {
    throw new Error(`${law}: curves must be a list of at least one loss curve, got ${describeValue(curves)}`);
  }
  for (const curve of curves) checkCurve(law, curve);
  const points = curves.reduce((count, { steps }) => count + steps.length, 0);
  if (points <= parameters) {
    throw new Error(`${law}: has ${parameters} constants, which ${points} points of loss cannot determine`);
  }
}

function checkCurve(law: string, { name, rates, steps, losses }: LossCurve): void {
  const where = `${law}: curve "${name}"`;
  checkRates(where, rates);
  if (steps.length !== losses.length || steps.length === 0) {
    throw new Error(
      `${where}: has ${steps.length} steps and ${losses.length} losses; needs one loss per step`,
    );
  }
  for (let index = 0; index < steps.length; index++) {
    const step = steps[index]!;
    const before = index === 0 ? 0 : steps[index - 1]!;
    if (!Number.isSafeInteger(step) || step <= before || step > rates.length) {
      throw new Error(
        `${where}: steps must be whole numbers that ascend from 1 to at most ${rates.length}, ` +
          `the number of rates, got ${step} after ${before}`,
      );
    }
    const loss = losses[index]!;
    if (!(Number.isFinite(loss) && loss > 0)) {
      throw new Error(`${where}: the loss at step ${step} must be a positive number, got ${loss}`);
    }
  }
}

/**
 * @throws Error unless there is a rate for every step, each finite and at least 0, the first above 0 within the run
 */
export function checkRates(where: string, rates: ArrayLike<number>): void {
  let sum = 0;
  for (let index = 0; index < rates.length; index++) {
    const rate = rates[index]!;
    if (!(Number.isFinite(rate) && rate >= 0)) {
      throw new Error(
        `${where}: the learning rate at step ${index + 1} must be a number of at least 0, got ${rate}`,
      );
    }
    sum += rate;
  }
  if (!(sum > 0))
    throw new Error(`${where}: needs a learning rate above 0 at some of its ${rates.length} steps`);
}

/** Every n-th point of a curve, so that about `count` are left; the last one stays. */
export function downsampled(curve: LossCurve, count: number): LossCurve {
  const every = Math.max(1, Math.floor(curve.steps.length / count));
  const last = curve.steps.length - 1;
  const keep = Array.from(curve.steps, (_, index) => index).filter((index) => (last - index) % every === 0);
  return {
    ...curve,
    steps: keep.map((index) => curve.steps[index]!),
    losses: keep.map((index) => curve.losses[index]!),
  };
}

/** One logged point of a run. */
export interface CurveRow {
  readonly step: number;
  /** Rate at this step. */
  readonly scheduledLearningRate: number;
  readonly loss: number;
  /** Left out where all rows are of one run. */
  readonly run?: string | undefined;
}

/**
 * Loss curves from logged points. Between two of them the rate follows a straight line; before the first it rises in a line
 * over the warm-up, and is then what it is at the first.
 *
 * @param warmupSteps Steps of the warm-up, where the log begins after its first step
 * @throws Error when a run's steps are not whole numbers, or one comes twice
 */
export function curvesFromRows(
  law: string,
  rows: readonly CurveRow[],
  warmupSteps: number,
): { readonly curves: readonly LossCurve[]; readonly notes: readonly string[] } {
  const curves = groupsBy(rows, ({ run }) => run ?? 'run').map((own) =>
    curveOf(law, own[0]!.run ?? 'run', own, warmupSteps),
  );
  const unknown = curves.filter(({ steps }) => warmupSteps === 0 && steps[0]! > 1);
  const notes = unknown.map(
    ({ name, steps }) =>
      `${name} is logged from step ${steps[0]} on, and its rate was taken to be the same before: if it warmed up, ` +
      'give warmupSteps, as the law counts the warm-up too',
  );
  return { curves, notes };
}

function curveOf(law: string, name: string, rows: readonly CurveRow[], warmupSteps: number): LossCurve {
  const sorted = [...rows].sort((a, b) => a.step - b.step);
  sorted.forEach(({ step }, index) => {
    const before = index === 0 ? 0 : sorted[index - 1]!.step;
    if (Number.isSafeInteger(step) && step > before) return;
    throw new Error(
      `${law}: run "${name}": steps must be whole numbers from 1, each once, got ${step} after ${before}; ` +
        'rows of several runs need a column "run"',
    );
  });
  const rates = new Float64Array(sorted.at(-1)!.step);
  const first = sorted[0]!;
  for (let step = 1; step <= first.step; step++) {
    rates[step - 1] = first.scheduledLearningRate * Math.min(1, step / Math.max(1, warmupSteps));
  }
  sorted.slice(1).forEach((row, index) => {
    const before = sorted[index]!;
    for (let step = before.step + 1; step <= row.step; step++) {
      const share = (step - before.step) / (row.step - before.step);
      rates[step - 1] =
        before.scheduledLearningRate + share * (row.scheduledLearningRate - before.scheduledLearningRate);
    }
  });
  return { name, rates, steps: sorted.map(({ step }) => step), losses: sorted.map(({ loss }) => loss) };
}
