import { bootstrap } from '../../fitting/bootstrap.ts';
import { type Goodness, goodnessOf } from '../../fitting/goodness.ts';
import { countWarning } from '../../fitting/identifiability.ts';
import { checkKeys, checkPositive, checkWhole, type Filled } from '../../options.ts';
import { type ConvergenceParameters, convergedLoss, fitConvergence } from './convergence.ts';
import { type EscapeParameters, escapes, fitEscape } from './escape.ts';
import { courseOf, type ScheduleCandidate, type ScheduleRun } from './schedule-run.ts';

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

/** Options of {@link fitConvergenceEscapeLaw}. */
export interface ConvergenceEscapeOptions {
  /** Residual of the log of the loss beyond which a run counts linearly; by default 0.01. */
  readonly delta?: number | undefined;
  /** Steps of the average that a rate is compared with to see how fast it rises; by default 20, Adam's memory at beta2 0.95. */
  readonly adaptationSteps?: number | undefined;
}

/** The convergence-escape law, fitted. */
export interface ConvergenceEscapeFit extends SchedulePredictor {
  readonly law: 'convergence-escape law';
  readonly convergence: ConvergenceParameters;
  readonly escape: EscapeParameters;
  readonly adaptationSteps: number;
  /** Sum over the runs that did not diverge of Huber_delta(log prediction - log loss), and what is known beforehand. */
  readonly objective: number;
  /** Of the losses of the runs that did not diverge. */
  readonly goodness: Goodness;
  readonly warnings: readonly string[];
}

/**
 * Fits a law of how schedules end on the runs of a sweep: the final loss of those that converge, and which diverge.
 *
 * In the spirit of Opt-Laws (Xie et al. 2024, arXiv 2409.04777), which predict both from a stochastic differential equation
 * of training. Their formula is not used here: the features are this package's own, and stated with their reasons at
 * {@link ConvergenceParameters} and {@link EscapeParameters}.
 *
 * @param runs of several peaks, shapes and warm-ups; more of them than constants, and ten or more that converged
 * @throws Error when a run or an option is unusable
 */
export function fitConvergenceEscapeLaw(
  runs: readonly ScheduleRun[],
  options: ConvergenceEscapeOptions = {},
): ConvergenceEscapeFit {
  const law = 'convergence-escape law';
  checkKeys(law, options, ['delta', 'adaptationSteps']);
  const { delta = 0.01, adaptationSteps = 20 } = options;
  checkPositive(law, 'delta', delta);
  checkWhole(law, 'adaptationSteps', adaptationSteps, 1);
  const read = readRuns(law, runs, adaptationSteps);
  const { constants, found, minimum, warnings } = fitParts(read, { delta, adaptationSteps });
  const count = found + escapeConstants;
  if (read.length <= count) {
    throw new Error(
      `${law}: ${count} constants cannot be fitted on ${read.length} runs: at least ${count + 1} are needed, and ` +
        `${2 * count} to trust them`,
    );
  }
  const converged = read.flatMap(({ course, loss }) => (loss === null ? [] : [{ course, loss }]));
  const { convergence } = constants;
  return {
    law,
    ...constants,
    objective: minimum.value,
    goodness: goodnessOf(
      converged.map(({ loss }) => loss),
      converged.map(({ course }) => convergedLoss(convergence, convergence, course)),
    ),
    warnings: [
      ...(minimum.converged ? [] : ['the fit of the loss stopped before it converged']),
      ...countWarning({ constants: count }, read.length, 'runs'),
      ...warnings,
      ...(read.some(({ diverged }) => diverged)
        ? []
        : ['no run diverged, so that the divergence of others is little more than a guess']),
    ],
    ...convergenceEscapeFrom(constants),
  };
}

/** h, p, q and n. */
const escapeConstants = 4;

type ReadRun = ReturnType<typeof readRuns>[number];

function fitParts(
  read: readonly ReadRun[],
  { delta, adaptationSteps }: Filled<ConvergenceEscapeOptions>,
  near?: ConvergenceEscapeConstants,
) {
  const converged = read.flatMap(({ course, loss }) => (loss === null ? [] : [{ course, loss }]));
  const {
    parameters: convergence,
    minimum,
    constants: found,
    warnings,
  } = fitConvergence(converged, delta, near?.convergence);
  const { parameters: risks } = fitEscape(read);
  return { constants: { convergence, escape: risks, adaptationSteps }, found, minimum, warnings };
}

/**
 * The constants on resamples of runs, each search beginning at those of all of them.
 *
 * @throws Error when more than a tenth of the resamples cannot be fitted
 */
export function resampleConstants(
  runs: readonly ScheduleRun[],
  near: ConvergenceEscapeConstants,
  { delta = 0.01, samples, seed }: { readonly delta?: number | undefined; samples: number; seed: number },
): ConvergenceEscapeConstants[] {
  const { adaptationSteps } = near;
  const read = readRuns('convergence-escape law', runs, adaptationSteps);
  const drawn: ConvergenceEscapeConstants[] = [];
  bootstrap(
    read,
    (sample) => {
      const { constants } = fitParts(sample, { delta, adaptationSteps }, near);
      const numbers = { ...constants.convergence, ...constants.escape };
      if (Object.values(numbers).every(Number.isFinite)) drawn.push(constants);
      return numbers;
    },
    { samples, seed },
  );
  return drawn;
}

/** The constants of the convergence-escape law. */
export type ConvergenceEscapeConstants = Pick<
  ConvergenceEscapeFit,
  'convergence' | 'escape' | 'adaptationSteps'
>;

/** The convergence-escape law with known constants. */
export function convergenceEscapeFrom(constants: ConvergenceEscapeConstants): SchedulePredictor {
  const { convergence, escape: risks, adaptationSteps } = constants;
  return {
    predict: (candidate) => {
      const course = courseOf('convergence-escape law', candidate, adaptationSteps);
      return {
        loss: convergedLoss(convergence, convergence, course),
        divergence: -Math.expm1(-escapes(risks, course)),
      };
    },
  };
}

/** Reads and checks the runs of a sweep. */
export function readRuns(law: string, runs: readonly ScheduleRun[], adaptationSteps: number) {
  const read = runs.map((run, index) => {
    const where = `${law}: runs[${index}]`;
    const course = courseOf(where, run, adaptationSteps);
    if (run.diverged) return { course, loss: null, diverged: true };
    if (!(Number.isFinite(run.loss) && run.loss! > 0)) {
      throw new Error(
        `${where}: the loss of a run that did not diverge must be a positive number, got ${run.loss}`,
      );
    }
    return { course, loss: run.loss!, diverged: false };
  });
  const converged = read.filter(({ diverged }) => !diverged).length;
  if (converged < 10) {
    throw new Error(
      `${law}: needs at least 10 runs that did not diverge, got ${converged} of ${runs.length}`,
    );
  }
  return read;
}
