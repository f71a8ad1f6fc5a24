import type { Range } from '../fitting/compass-search.ts';
import { nearestNonIncreasing } from '../fitting/isotonic.ts';
import { norm } from '../fitting/numbers.ts';
import type { ScheduleLaw } from './schedule-law.ts';

/** What a free-form schedule must keep to. */
export interface FreeFormLimits {
  /** Steps of the linear warm-up, which follows the first rate after it. */
  readonly warmupSteps: number;
  readonly peak: Range;
  /** No rate after the warm-up is below it. */
  readonly smallestRate: number;
}

const maxIterations = 400;

/**
 * Lowers a law's final loss over the rates of every step, from a schedule that begins within the limits: gradient descent
 * with momentum on the logs of the rates, projected onto those that never increase after the warm-up.
 *
 * The momentum is Nesterov's, begun again wherever the loss rises (O'Donoghue and Candès 2015); the step is halved until it
 * lowers the loss as far as the slope promises (Beck and Teboulle 2009, FISTA with backtracking).
 *
 * @returns Rates whose predicted loss is at most that of the start, of which rates below the smallest were lifted to it
 */
export function freeForm(law: ScheduleLaw, start: ArrayLike<number>, limits: FreeFormLimits): Float64Array {
  const top = Math.max(limits.warmupSteps, 1) - 1;
  const [low, high] = [Math.log(limits.smallestRate), Math.log(limits.peak.to)];
  const floorOfPeak = Math.log(limits.peak.from);
  const project = (logs: Float64Array) => {
    const nearest = nearestNonIncreasing(logs, low, high);
    nearest[0] = Math.max(nearest[0]!, floorOfPeak);
    return nearest;
  };
  const evaluate = (logs: Float64Array) => evaluateAt(law, logs, top, start.length);
  let point = project(
    Float64Array.from(Array.from(start).slice(top), (rate) => Math.log(Math.max(rate, limits.smallestRate))),
  );
  let current = evaluate(point);
  let best = { point, value: current.value };
  let look = point;
  let atLook = current;
  let momentum = 1;
  let step = 1 / (norm(current.gradient) + Number.MIN_VALUE);
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    const moved = descend(look, atLook, step, project, evaluate);
    if (moved === undefined) break;
    step = moved.step * 1.5;
    const nextMomentum = (1 + Math.sqrt(1 + 4 * momentum * momentum)) / 2;
    const restart = moved.value > current.value;
    const share = restart ? 0 : (momentum - 1) / nextMomentum;
    momentum = restart ? 1 : nextMomentum;
    const previous = point;
    point = moved.point;
    current = { value: moved.value, gradient: moved.gradient };
    if (current.value < best.value) best = { point, value: current.value };
    look = point.map((log, index) => log + share * (log - previous[index]!));
    look = share === 0 ? point : project(look);
    atLook = share === 0 ? current : evaluate(look);
  }
  return ratesOf(best.point, top, start.length);
}

interface Evaluation {
  readonly value: number;
  /** By the log of the rate of the peak and of every step after it. */
  readonly gradient: Float64Array;
}

function descend(
  from: Float64Array,
  { value, gradient }: Evaluation,
  firstStep: number,
  project: (logs: Float64Array) => Float64Array,
  evaluate: (logs: Float64Array) => Evaluation,
): (Evaluation & { readonly point: Float64Array; readonly step: number }) | undefined {
  for (let step = firstStep; step > 1e-12 * firstStep; step /= 2) {
    const point = project(from.map((log, index) => log - step * gradient[index]!));
    let [slope, squares] = [0, 0];
    for (let index = 0; index < point.length; index++) {
      const change = point[index]! - from[index]!;
      slope += gradient[index]! * change;
      squares += change * change;
    }
    if (squares < 1e-20) return undefined;
    const reached = evaluate(point);
    if (reached.value <= value + slope + squares / (2 * step)) return { ...reached, point, step };
  }
  return undefined;
}

function evaluateAt(law: ScheduleLaw, logs: Float64Array, top: number, steps: number): Evaluation {
  const rates = ratesOf(logs, top, steps);
  const byRate = new Float64Array(steps);
  const value = law.finalLoss(rates, byRate);
  const gradient = Float64Array.from(logs, (_, index) => byRate[top + index]! * rates[top + index]!);
  for (let index = 0; index < top; index++) gradient[0]! += byRate[index]! * rates[index]!;
  return { value, gradient };
}

/** A linear warm-up to the first of the rates, then the rates. */
function ratesOf(logs: Float64Array, top: number, steps: number): Float64Array {
  const rates = new Float64Array(steps);
  for (let index = 0; index < steps; index++) {
    rates[index] =
      index < top ? (Math.exp(logs[0]!) * (index + 1)) / (top + 1) : Math.exp(logs[index - top]!);
  }
  return rates;
}
