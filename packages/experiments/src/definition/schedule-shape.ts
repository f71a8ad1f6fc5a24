import { type Schedule, scheduleOfRun, usedRunShape } from '@steepest/lr-schedules';
import type { TrialProblem } from './optimizer-problems.ts';
import type { TrialConfig } from './trials.ts';

/** A warm-up, the steps that frozen Adalayer measures in, a decay and corners must fit into the run. */
export function scheduleProblem(trial: TrialConfig): TrialProblem | undefined {
  const { optimizer, schedule } = trial;
  const path = ['optimizers', optimizer];
  if (schedule.type === 'piecewiseLinear' && schedule.points?.every(([, height]) => height !== 1)) {
    const message =
      'has a schedule whose points never reach 1, the share of the peak that the learning rate names';
    return { path, message };
  }
  try {
    scheduleOfPeakOne(trial);
    return undefined;
  } catch (error) {
    return { path, message: (error as Error).message };
  }
}

/**
 * The schedule of a trial, peaking at 1 whatever its learning rate is.
 *
 * @throws Error saying what does not fit into the run
 */
export function scheduleOfPeakOne({ recipe, schedule, budget }: TrialConfig): Schedule {
  const freezeSteps = freezeStepsOf(recipe);
  return scheduleOfRun(usedRunShape(schedule), { peak: 1, totalSteps: budget.steps, freezeSteps });
}

/** Steps in which an optimizer only measures; 0 for all but frozen Adalayer. */
export function freezeStepsOf({ members }: TrialConfig['recipe']): number {
  return Math.max(0, ...members.map(({ options }) => Number(options.freezeSteps ?? 0)));
}
