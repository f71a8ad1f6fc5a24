import { sum } from '../fitting/numbers.ts';
import type { ScheduleLaw } from '../schedules/schedule-law.ts';
import { curveLaw } from './curves/curve-law.ts';
import type { CurveScale, PointPrediction } from './curves/curve-search.ts';
import { checkRates, type LossCurve } from './curves/loss-curve.ts';

const name = 'annealing';

/**
 * The constants of the annealing law, by their letters in the paper.
 *
 * `L(t) = L0 + A S1(t)^-alpha - C S2(t)`, where S1 is the sum of the learning rate up to step t, warm-up included, and S2
 * the sum of an annealing momentum, `S2(t) = sum over i <= t of m_i` with `m_i = lambda m_(i-1) + (lr_(i-1) - lr_i)`.
 *
 * Annealing begins at the step of the largest rate: m is 0 up to it. L0 is the loss that no amount of training goes below;
 * lambda, between 0 and 1, says how slowly the momentum fades: it lasts about 1 / (1 - lambda) steps.
 * Tissue et al. 2024, arXiv 2408.11029.
 */
export type AnnealingParameters = Readonly<Record<'L0' | 'A' | 'alpha' | 'C' | 'lambda', number>>;

/**
 * Loss curves from the learning rate of every step, by an annealing momentum (Tissue et al. 2024, arXiv 2408.11029).
 *
 * Annealing must be seen for C and lambda to be known: at least one of the curves should fall from its peak.
 */
export const annealingLaw = curveLaw({
  name,
  title: 'Loss curve of a learning-rate schedule: annealing law',
  formula:
    'L(t) = L0 + A S1(t)^-alpha - C S2(t), S1 the sum of lr, S2 that of m_i = lambda m_(i-1) + lr_(i-1) - lr_i',
  source: 'Tissue et al. 2024, arXiv 2408.11029',
  meanings: {
    L0: 'loss that no training removes at the peak rate, nats/token',
    A: 'scale of the loss that the summed rate removes: A S1^-alpha',
    alpha: 'exponent of the summed rate',
    C: 'loss for each unit of the annealing area S2',
    lambda: 'memory of the annealing, which lasts about 1 / (1 - lambda) steps',
  },
  options: {},
  model: {
    // C as the effect of a fall from the peak to 0, and the odds of lambda, 1 / (1 - lambda) - 1.
    searched: { L0: {}, A: {}, alpha: {}, C: {}, '1 / (1 - lambda)': {} },
    grid: {
      alpha: [0.2, 0.5, 0.9],
      '1 / (1 - lambda)': [0.9, 0.99, 0.997, 0.999, 0.9997].map((lambda) => lambda / (1 - lambda)),
    },
    prepare: preparePoints,
    constantsAt: ({ L0, A, alpha, C, '1 / (1 - lambda)': odds }, scale) => {
      const lambda = odds / (1 + odds);
      return { L0, A: A * scale.sum ** alpha, alpha, C: (C * (1 - lambda)) / scale.rate, lambda };
    },
  },
  law: annealingFrom,
});

/** The annealing law with known constants. */
export function annealingFrom({ L0, A, alpha, C, lambda }: AnnealingParameters): ScheduleLaw {
  const predictCurve: ScheduleLaw['predictCurve'] = (rates, steps) => {
    checkRates(name, rates);
    const { rateSums, drops } = annealingAreas(rates, steps, lambda);
    return rateSums.map((own, index) => L0 + A * own ** -alpha - (C * drops[index]!) / (1 - lambda));
  };
  return {
    ...{ law: name, predictCurve },
    finalLoss: (rates, gradient) => {
      const [loss] = predictCurve(rates, [rates.length]);
      if (gradient === undefined) return loss!;
      const bySum = -alpha * A * sum(rates) ** (-alpha - 1);
      const byDrop = C / (1 - lambda);
      const peak = peakStep(rates);
      // A drop at step k has come to the share 1 - lambda^(T-k+1) of its full effect by the last step T.
      const share = (step: number) =>
        step <= peak || step > rates.length ? 0 : 1 - lambda ** (rates.length - step + 1);
      for (let step = 1; step <= rates.length; step++) {
        gradient[step - 1] = bySum - byDrop * (share(step + 1) - share(step));
      }
      return loss!;
    },
  };
}

/** What the annealing law needs to know of a run, at some of its steps. */
interface AnnealingAreas {
  /** S1. */
  readonly rateSums: Float64Array;
  /** `(1 - lambda) S2`: the fall of the rate whose effect has come, in the unit of the rate. */
  readonly drops: Float64Array;
  /** Derivative of `drops` by lambda. */
  readonly dropsByLambda: Float64Array;
}

/** Sums a run's rates in one pass. */
function annealingAreas(rates: ArrayLike<number>, steps: ArrayLike<number>, lambda: number): AnnealingAreas {
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

function preparePoints(curves: readonly LossCurve[], scale: CurveScale): PointPrediction {
  const places = curves.flatMap(({ steps }, curve) => Array.from(steps, (_, index) => ({ curve, index })));
  let areas: AnnealingAreas[] = [];
  let areasAt = Number.NaN;
  return (index, logs, derivatives) => {
    const [limit, A, alpha, fall, odds] = logs.map(Math.exp) as unknown as Five;
    const lambda = odds / (1 + odds);
    if (odds !== areasAt) {
      areas = curves.map(({ rates, steps }) => annealingAreas(rates, steps, lambda));
      areasAt = odds;
    }
    const place = places[index]!;
    const { rateSums, drops, dropsByLambda } = areas[place.curve]!;
    const logSum = Math.log(rateSums[place.index]! / scale.sum);
    const power = A * Math.exp(-alpha * logSum);
    const effect = fall / scale.rate;
    const drop = effect * drops[place.index]!;
    const byOdds = -effect * dropsByLambda[place.index]! * lambda * (1 - lambda);
    derivatives.set([limit, power, -power * alpha * logSum, -drop, byOdds]);
    return limit + power - drop;
  };
}

type Five = [number, number, number, number, number];
