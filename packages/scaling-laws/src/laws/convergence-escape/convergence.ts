import { geometricMean, rangeOf } from '../../fitting/numbers.ts';
import { linearStarts, type SearchedConstant, searchLaw } from '../../law/search.ts';
import type { ReadRun, RunCourse } from './schedule-run.ts';

/**
 * The part of the convergence-escape law that predicts the final loss, from how a stochastic differential equation of
 * training converges:
 *
 * `L = E + F (N / N0)^(-1/3) + A S^-alpha + V (B0 / B) sum over k of lr_k^2 (1 + S_k / c)^-b`
 *
 * - `S = sum over k of lr_k / (1 + (lr_k / edge)^2)`: how far the drift has carried the run. Well above the stability edge
 *   a step goes back and forth rather than forward. `edge = edge0 (N / N0)^-epsilon`: larger models bear smaller rates.
 * - The last sum is the noise that is left: a step adds variance in proportion to its rate squared, and the rates after it,
 *   which sum to S_k, contract that by a power, as they do the errors of a quadratic loss with a power law of curvatures.
 *   They begin to contract it when they sum to c.
 * - B is the tokens of a step, whose noise falls with their number. N is the model's parameters. N0, B0 are those of the
 *   runs fitted on, in the mean of logs. Where all runs are of one size, F and epsilon are 0.
 */
export type ConvergenceParameters = Constants & Reference;

/** The constants of the search, in its order, with how much is believed of exponents before seeing runs. */
const searched = {
  ...{ E: {}, A: {}, alpha: { typical: [0.5, 2] }, V: {}, b: { typical: [1, 2] }, c: {}, edge: {}, F: {} },
  epsilon: { scale: 'plain', typical: [0.3, Number.POSITIVE_INFINITY] },
} satisfies Record<string, SearchedConstant>;
type Constants = Readonly<Record<keyof typeof searched, number>>;
type Reference = Readonly<Record<'N0' | 'B0', number>>;

/** Exponent of the model's size, not fitted: sweeps of schedules rarely hold the sizes that would determine it. */
const sizeExponent = 1 / 3;

/** Predicted final loss; fills the derivatives by the constants of the search, by their logs but for epsilon. */
export function convergedLoss(
  constants: Constants,
  { N0, B0 }: Reference,
  run: RunCourse,
  derivatives?: Float64Array,
): number {
  const { E, A, alpha, V, b, c, edge, F, epsilon } = constants;
  const logSize = Math.log(run.parameters / N0);
  const ownEdge = edge * Math.exp(-epsilon * logSize);
  let [drift, driftByEdge, noise, noiseByB, noiseByC] = [0, 0, 0, 0, 0];
  for (let index = 0; index < run.counts.length; index++) {
    const rate = run.rates[index]!;
    const count = run.counts[index]!;
    const excess = (rate / ownEdge) ** 2;
    drift += (count * rate) / (1 + excess);
    driftByEdge += (2 * count * rate * excess) / (1 + excess) ** 2;
    const growth = run.sumsAfter[index]! / c;
    const logGrown = Math.log1p(growth);
    const left = count * rate * rate * Math.exp(-b * logGrown);
    noise += left;
    noiseByB -= left * b * logGrown;
    noiseByC += (left * b * growth) / (1 + growth);
  }
  const scale = (V * B0) / run.tokensPerStep;
  const bias = A * drift ** -alpha;
  const size = F * Math.exp(-sizeExponent * logSize);
  const byEdge = (-alpha * bias * driftByEdge) / drift;
  derivatives?.set([
    E,
    bias,
    -bias * alpha * Math.log(drift),
    scale * noise,
    scale * noiseByB,
    scale * noiseByC,
    byEdge,
    size,
    -byEdge * logSize,
  ]);
  return E + size + bias + scale * noise;
}

/**
 * Fits the loss part on the runs that did not diverge.
 *
 * @param delta residual of the log of the loss beyond which a run counts linearly
 */
export function fitConvergence(runs: readonly ReadRun[], delta: number) {
  const endedOf = (sample: readonly ReadRun[]) =>
    sample.flatMap(({ course, loss }) => (loss === null ? [] : [{ course, loss }]));
  const ended = endedOf(runs);
  const courses = ended.map(({ course }) => course);
  const reference: Reference = {
    N0: geometricMean(courses.map(({ parameters }) => parameters)),
    B0: geometricMean(courses.map(({ tokensPerStep }) => tokensPerStep)),
  };
  const { F, epsilon, ...ofOneSize } = searched;
  const hasSizes = courses.some(({ parameters }) => Math.abs(Math.log(parameters / reference.N0)) > 1e-9);
  const constants: Readonly<Record<string, SearchedConstant>> = hasSizes ? searched : ofOneSize;
  const slopes = new Float64Array(Object.keys(searched).length);
  const search = {
    ...{ constants, delta, finish: 4, maxIterations: 200, valueTolerance: 1e-7 },
    // As an error of delta of one run, for each spread that an exponent is off.
    typicalExponents: 1 / ended.length,
    predict({ course }: Pick<ReadRun, 'course'>, point: Float64Array, gradient: Float64Array) {
      const [E, A, alpha, V, b, c, edge, F = 0] = Array.from(point, Math.exp) as Eight;
      const tried = { E, A, alpha, V, b, c, edge, F, epsilon: point[8] ?? 0 };
      const predicted = convergedLoss(tried, reference, course, slopes);
      for (let index = 0; index < gradient.length; index++) gradient[index] = slopes[index]! / predicted;
      return Math.log(predicted);
    },
  };
  const { low, high } = rangeOf(courses.map(({ peak }) => peak));
  const sums = geometricMean(courses.map(({ rateSum }) => rateSum));
  const starts = linearStarts(ended, search, {
    ...{ alpha: [0.3, 0.6], b: [0.7, 1.5], c: [0.01 * sums, 0.1 * sums] },
    ...{ edge: [Math.sqrt(low * high), high, 3 * high], epsilon: [0.3] },
  });
  const found = searchLaw(ended, starts, search);
  const parametersOf = (values: Readonly<Record<string, number>>) =>
    ({ F: 0, epsilon: 0, ...values, ...reference }) as ConvergenceParameters;
  return {
    ...found,
    parameters: parametersOf(found.constants),
    count: Object.keys(constants).length,
    again: (sample: readonly ReadRun[]) => parametersOf(found.again(endedOf(sample))),
  };
}

type Eight = [number, number, number, number, number, number, number, number?];
