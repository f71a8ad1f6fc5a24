import { minimize } from '../../fitting/minimize.ts';
import { geometricMean } from '../../fitting/numbers.ts';
import { type ConvergenceParameters, convergedLoss } from './convergence.ts';
import {
  courseOf,
  type ReadRun,
  type RunCourse,
  type ScheduleCandidate,
  type ScheduleRun,
} from './schedule-run.ts';

/** What a predictor says of a schedule before it is run. */
export interface ScheduleOutcome {
  /** Final loss if the run does not diverge, in nats per token. */
  readonly loss: number;
  /** Probability that it does, from 0 to 1. */
  readonly divergence: number;
}

/** Predicts how schedules end. */
export interface SchedulePredictor {
  predict(candidate: ScheduleCandidate): ScheduleOutcome;
}

/** The constants of the convergence-escape law. */
export interface ConvergenceEscapeConstants {
  readonly convergence: ConvergenceParameters;
  readonly escape: EscapeParameters;
  /** Steps of the average that a rate is compared with to see how fast it rises. */
  readonly adaptationSteps: number;
}

/** The convergence-escape law with known constants. */
export function convergenceEscapeFrom(constants: ConvergenceEscapeConstants): SchedulePredictor {
  const { convergence, escape: risks, adaptationSteps } = constants;
  return {
    predict: (candidate) => {
      const course = courseOf('convergence-escape', candidate, adaptationSteps);
      return {
        loss: convergedLoss(convergence, convergence, course),
        divergence: -Math.expm1(-escapes(risks, course)),
      };
    },
  };
}

/** Reads and checks the runs of a sweep. */
export function readRuns(law: string, runs: readonly ScheduleRun[], adaptationSteps: number): ReadRun[] {
  const read = runs.map((run, index) => {
    const where = `${law}: runs[${index}]`;
    const course = courseOf(where, run, adaptationSteps);
    if (run.diverged) return { course, loss: null };
    if (!(Number.isFinite(run.loss) && run.loss! > 0)) {
      throw new Error(
        `${where}: the loss of a run that did not diverge must be a positive number, got ${run.loss}`,
      );
    }
    return { course, loss: run.loss };
  });
  const converged = read.filter(({ loss }) => loss !== null).length;
  if (converged < 10) {
    throw new Error(
      `${law}: needs at least 10 runs that did not diverge, got ${converged} of ${runs.length}`,
    );
  }
  return read;
}

/**
 * The part of the convergence-escape law that predicts divergence, from the time it takes noise to throw a run out of the
 * valley it is in: every step carries a risk, and risks add up,
 *
 * `P(diverges) = 1 - exp(-sum over k of exp(h + p log lr_k / lr0 + q log rise_k + n log N / N0))`
 *
 * - The risk of a step grows as a power p of its rate: above the stability edge it explodes, below it is nothing.
 * - `rise_k` is the rate over the average rate of the last steps. Where the rate outruns what the run has settled to, as in a
 *   short warm-up, the curvature is still that of smaller rates and the edge is lower.
 * - n: larger models bear smaller rates.
 * - lr0 and N0: rate and size at which the risk of a steady step is exp(h), the means, in logs, of the runs fitted on.
 */
export type EscapeParameters = Readonly<Record<'h' | 'p' | 'q' | 'n' | 'lr0' | 'N0', number>>;

/** The expected number of escapes in a run; fills the derivatives by h, p, q and n. */
function escapes(
  { h, p, q, n, lr0, N0 }: EscapeParameters,
  run: RunCourse,
  derivatives?: Float64Array,
): number {
  const logSize = Math.log(run.parameters / N0);
  let [sum, byP, byQ] = [0, 0, 0];
  for (let index = 0; index < run.counts.length; index++) {
    const rate = run.rates[index]!;
    if (rate === 0) continue;
    const logRate = Math.log(rate / lr0);
    const risk = run.counts[index]! * Math.exp(h + p * logRate + q * run.logRises[index]! + n * logSize);
    sum += risk;
    byP += risk * logRate;
    byQ += risk * run.logRises[index]!;
  }
  derivatives?.set([sum, byP, byQ, sum * logSize]);
  return sum;
}

/** What is believed of h, p, q and n before seeing runs, and how far off that may well be. */
const beliefs: readonly (readonly [value: number, spread: number])[] = [
  [-6, 10],
  [4, 3],
  [1, 1.5],
  [0.5, 1],
];

/** Fits the divergence part by maximum likelihood with the beliefs as a normal prior, which keeps it finite. */
export function fitEscape(runs: readonly ReadRun[]): EscapeParameters {
  const lr0 = geometricMean(runs.map(({ course }) => course.peak));
  const N0 = geometricMean(runs.map(({ course }) => course.parameters));
  const at = ([h, p, q, n]: Float64Array) => ({ h: h!, p: p!, q: q!, n: n!, lr0, N0 });
  const slopes = new Float64Array(4);
  const { point: best } = minimize(
    (point, gradient) => {
      let value = 0;
      beliefs.forEach(([belief, spread], index) => {
        const off = (point[index]! - belief) / spread;
        value += (off * off) / 2;
        gradient[index] = off / spread;
      });
      for (const { course, loss } of runs) {
        const sum = escapes(at(point), course, slopes);
        value += loss === null ? -Math.log(-Math.expm1(-sum)) : sum;
        const slope = loss === null ? -1 / Math.expm1(sum) : 1;
        for (let index = 0; index < 4; index++) gradient[index]! += slope * slopes[index]!;
      }
      return value;
    },
    beliefs.map(([belief]) => belief),
    { gradientTolerance: 1e-6 },
  );
  return at(best);
}
