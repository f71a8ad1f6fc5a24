import { checkRates } from './loss-curve.ts';
import type { ScheduleLaw } from './schedule-law.ts';

/**
 * The constants of the annealing law, by their letters in the paper.
 *
 * `L(t) = L0 + A S1(t)^-alpha - C S2(t)`, where S1 is the sum of the learning rate up to step t, warm-up included, and S2
 * the sum of an annealing momentum, `S2(t) = sum over i <= t of m_i` with `m_i = lambda m_(i-1) + (lr_(i-1) - lr_i)`.
 *
 * Annealing begins at the step of the largest rate: m is 0 up to it.
 * Tissue et al. 2024, arXiv 2408.11029.
 */
export interface AnnealingParameters {
  /** Loss that no amount of training goes below. */
  readonly L0: number;
  readonly A: number;
  readonly alpha: number;
  readonly C: number;
  /** How slowly the momentum of the annealing fades, between 0 and 1: it lasts about 1 / (1 - lambda) steps. */
  readonly lambda: number;
}

/** The annealing law with known constants. */
export function annealingFrom({ L0, A, alpha, C, lambda }: AnnealingParameters): ScheduleLaw {
  const law = 'annealing law';
  return {
    law,
    predictCurve: (rates, steps) => {
      checkRates(law, rates);
      const { rateSums, drops } = annealingAreas(rates, steps, lambda);
      return rateSums.map((sum, index) => L0 + A * sum ** -alpha - (C * drops[index]!) / (1 - lambda));
    },
    finalLoss: (rates, gradient) => {
      checkRates(law, rates);
      const { rateSums, drops } = annealingAreas(rates, [rates.length], lambda);
      const sum = rateSums[0]!;
      if (gradient !== undefined) {
        const byDrop = C / (1 - lambda);
        const peak = peakStep(rates);
        // A drop at step k has come to the share 1 - lambda^(T-k+1) of its full effect by the last step T.
        const share = (step: number) =>
          step <= peak || step > rates.length ? 0 : 1 - lambda ** (rates.length - step + 1);
        for (let step = 1; step <= rates.length; step++) {
          gradient[step - 1] = -alpha * A * sum ** (-alpha - 1) - byDrop * (share(step + 1) - share(step));
        }
      }
      return L0 + A * sum ** -alpha - (C * drops[0]!) / (1 - lambda);
    },
  };
}

/** What the annealing law needs to know of a run, at some of its steps. */
export interface AnnealingAreas {
  /** S1. */
  readonly rateSums: Float64Array;
  /** `(1 - lambda) S2`: the fall of the rate whose effect has come, in the unit of the rate. */
  readonly drops: Float64Array;
  /** Derivative of `drops` by lambda. */
  readonly dropsByLambda: Float64Array;
}

/** Sums a run's rates in one pass. */
export function annealingAreas(
  rates: ArrayLike<number>,
  steps: ArrayLike<number>,
  lambda: number,
): AnnealingAreas {
  const rateSums = new Float64Array(steps.length);
  const drops = new Float64Array(steps.length);
  const dropsByLambda = new Float64Array(steps.length);
  const peak = peakStep(rates);
  let [sum, momentum, area, momentumByLambda, areaByLambda] = [0, 0, 0, 0, 0];
  let next = 0;
  for (let step = 1; step <= rates.length && next < steps.length; step++) {
    const rate = rates[step - 1]!;
    sum += rate;
    if (step > peak) {
      momentumByLambda = lambda * momentumByLambda + momentum;
      momentum = lambda * momentum + rates[step - 2]! - rate;
      areaByLambda += momentumByLambda;
      area += momentum;
    }
    if (step !== steps[next]) continue;
    rateSums[next] = sum;
    drops[next] = (1 - lambda) * area;
    dropsByLambda[next] = (1 - lambda) * areaByLambda - area;
    next++;
  }
  return { rateSums, drops, dropsByLambda };
}

/** The first step with the largest rate. */
function peakStep(rates: ArrayLike<number>): number {
  let peak = 1;
  for (let step = 2; step <= rates.length; step++) if (rates[step - 1]! > rates[peak - 1]!) peak = step;
  return peak;
}
