import { type ConvergenceParameters, convergedLoss } from './convergence.ts';
import { type EscapeParameters, escapes } from './escape.ts';
import { courseOf, type RunCourse, type ScheduleCandidate, type ScheduleRun } from './schedule-run.ts';

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

/** A run of a sweep, read step by step. */
export interface ReadRun {
  readonly course: RunCourse;
  /** `null` where it diverged. */
  readonly loss: number | null;
  readonly diverged: boolean;
}

/** Reads and checks the runs of a sweep. */
export function readRuns(law: string, runs: readonly ScheduleRun[], adaptationSteps: number): ReadRun[] {
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
