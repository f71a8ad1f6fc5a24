import {
  constant,
  piecewiseLinear,
  type Schedule,
  studySchedule,
  warmupStableDecay,
} from '@steepest/lr-schedules';
import { stepOfShare, warmupStepsOf } from '../definition/schedule-shape.ts';
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
  const { decayFraction = 0.2, startFactor = 0.1, endFactor = 0.1 } = settings;
  const warmupSteps = warmupStepsOf(settings, totalSteps);
  switch (settings.type) {
    case 'study':
      return studySchedule({ peak, warmupSteps, totalSteps, startFactor, endFactor, freezeSteps });
    case 'warmupStableDecay':
      return warmupStableDecay({
        peak,
        warmupSteps,
        totalSteps,
        decaySteps: Math.round(decayFraction * totalSteps),
      });
    case 'constant':
      return constant(peak);
    case 'piecewiseLinear':
      return piecewiseLinear({
        points: (settings.points ?? []).map(([share, height]) => [
          stepOfShare(share, totalSteps),
          height * peak,
        ]),
      });
  }
}
