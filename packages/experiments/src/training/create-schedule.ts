import { type Schedule, scheduleOfRun, usedRunShape } from '@steepest/lr-schedules';
import type { ScheduleSettings } from '../definition/schema.ts';

/**
 * A learning rate of a trial over its steps, peaking at `peak`; fractions of the run become whole steps.
 * @param freezeSteps Steps in which frozen Adalayer measures before anything moves
 */
export function createSchedule(
  settings: ScheduleSettings,
  peak: number,
  totalSteps: number,
  freezeSteps = 0,
): Schedule {
  return scheduleOfRun(usedRunShape(settings), { peak, totalSteps, freezeSteps });
}
