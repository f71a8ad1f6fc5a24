import { scheduleOfRun, usedRunShape } from '@steepest/lr-schedules';
import type { TrialProblem } from './optimizer-problems.ts';
import type { TrialConfig } from './trials.ts';

/** A warm-up, the steps that frozen Adalayer measures in, a decay and corners must fit into the run. */
export function scheduleProblem({
  optimizer,
  recipe,
  schedule,
  budget,
}: TrialConfig): TrialProblem | undefined {
  const path = ['optimizers', optimizer];
  if (schedule.type === 'piecewiseLinear' && schedule.points?.every(([, height]) => height !== 1)) {
    const message =
      'has a schedule whose points never reach 1, the share of the peak that the learning rate names';
    return { path, message };
  }
  try {
    const freezeSteps = freezeStepsOf(recipe);
    scheduleOfRun(usedRunShape(schedule), { peak: 1, totalSteps: budget.steps, freezeSteps });
    return undefined;
  } catch (error) {
    return { path, message: (error as Error).message };
  }
}

/** Steps in which an optimizer only measures; 0 for all but frozen Adalayer. */
export function freezeStepsOf({ members }: TrialConfig['recipe']): number {
  return Math.max(0, ...members.map(({ options }) => Number(options.freezeSteps ?? 0)));
}
