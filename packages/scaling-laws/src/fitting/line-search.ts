import { dot } from './numbers.ts';

/** Share of the slope's promise that a step must keep (c1), and share of the slope that may be left after it (c2). */
const sufficientDecrease = 1e-4;
const remainingSlope = 0.9;
/** Evaluations a search along one direction may take. */
const maxEvaluations = 60;

/** The objective along a direction, at a multiple `step` of it. */
interface Trial {
  readonly step: number;
  readonly value: number;
  readonly slope: number;
}

/**
 * A point that moves downhill along given directions to where the strong Wolfe conditions hold (Nocedal and Wright 2006,
 * algorithms 3.5 and 3.6, with cubic interpolation). Near a minimum, where decreases drown in rounding, the slope alone
 * decides (the approximate Wolfe conditions of Hager and Zhang 2005, equation 4.1).
 */
export class LineSearch {
  readonly point: Float64Array;
  readonly gradient: Float64Array;
  value: number;
  private direction: Float64Array;
  private readonly trialPoint: Float64Array;
  private readonly trialGradient: Float64Array;
  private evaluations = 0;

  constructor(
    private readonly objective: Objective,
    start: ArrayLike<number>,
  ) {
    this.point = Float64Array.from(start);
    this.gradient = new Float64Array(start.length);
    this.value = objective(this.point, this.gradient);
    this.direction = this.gradient;
    this.trialPoint = new Float64Array(start.length);
    this.trialGradient = new Float64Array(start.length);
  }

  gradientNorm(): number {
    return this.gradient.reduce((largest, entry) => Math.max(largest, Math.abs(entry)), 0);
  }

  /** Moves along a direction of descent; `undefined`, with the point left alone, where no step goes down. */
  along(
    direction: Float64Array,
    firstStep: number,
  ): { step: Float64Array; gradientChange: Float64Array } | undefined {
    this.direction = direction;
    this.evaluations = 0;
    const origin: Trial = { step: 0, value: this.value, slope: dot(this.gradient, direction) };
    const found = this.search(origin, firstStep);
    if (found.step === 0) return undefined;
    // The last trial need not be the one found.
    const { value } = this.try(found.step);
    const step = this.trialPoint.map((entry, index) => entry - this.point[index]!);
    const gradientChange = this.trialGradient.map((entry, index) => entry - this.gradient[index]!);
    this.point.set(this.trialPoint);
    this.gradient.set(this.trialGradient);
    this.value = value;
    return { step, gradientChange };
  }

  /** Doubles the step until the minimum lies between the best step so far and another, then shrinks what is between them. */
  private search(origin: Trial, firstStep: number): Trial {
    let low = origin;
    let high: Trial | undefined;
    let step = firstStep;
    while (this.evaluations < maxEvaluations) {
      const trial = this.try(step);
      if (accepts(origin, trial)) return trial;
      // The first step may rise by rounding, where its slope shows that it is not past a rise.
      const isHigher = trial.value >= low.value && (high !== undefined || low !== origin);
      if (!decreases(origin, trial) || isHigher) {
        high = trial;
      } else {
        if (trial.slope * ((high?.step ?? Number.POSITIVE_INFINITY) - low.step) >= 0) high = low;
        low = trial;
      }
      if (high === undefined) {
        step *= 2;
        continue;
      }
      if (Math.abs(high.step - low.step) <= 1e-16 * Math.max(low.step, high.step)) break;
      step = interpolate(low, high);
    }
    return low;
  }

  private try(step: number): Trial {
    this.evaluations += 1;
    for (let index = 0; index < this.point.length; index += 1) {
      this.trialPoint[index] = this.point[index]! + step * this.direction[index]!;
    }
    const value = this.objective(this.trialPoint, this.trialGradient);
    const slope = dot(this.trialGradient, this.direction);
    return Number.isFinite(value) && Number.isFinite(slope)
      ? { step, value, slope }
      : { step, value: Number.POSITIVE_INFINITY, slope: Number.NaN };
  }
}

function decreases(origin: Trial, trial: Trial): boolean {
  return (
    trial.value <= origin.value + sufficientDecrease * trial.step * origin.slope || levels(origin, trial)
  );
}

/** Whether the values are equal to rounding, and the slope shows that the trial is not past a rise. */
function levels(origin: Trial, trial: Trial): boolean {
  return (
    trial.value <= origin.value + 1e-15 * Math.abs(origin.value) &&
    trial.slope <= (2 * sufficientDecrease - 1) * origin.slope
  );
}

function accepts(origin: Trial, trial: Trial): boolean {
  return decreases(origin, trial) && Math.abs(trial.slope) <= remainingSlope * Math.abs(origin.slope);
}

/** The minimum of the cubic through both trials (equation 3.59), kept inside the interval. */
function interpolate(low: Trial, high: Trial): number {
  const width = high.step - low.step;
  const first = low.slope + high.slope - (3 * (low.value - high.value)) / (low.step - high.step);
  const second = Math.sign(width) * Math.sqrt(first * first - low.slope * high.slope);
  const step = high.step - (width * (high.slope + second - first)) / (high.slope - low.slope + 2 * second);
  // Outside the domain the cubic is not a number either, and the interval is halved.
  const share = (step - low.step) / width;
  return share >= 0.05 && share <= 0.95 ? step : low.step + width / 2;
}

/**
 * A function to minimize: returns its value at `point` and fills `gradient`. Both arrays belong to the caller; `point` must
 * not be written. A value that is not finite marks a point outside the function's domain.
 */
export type Objective = (point: Float64Array, gradient: Float64Array) => number;
