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
