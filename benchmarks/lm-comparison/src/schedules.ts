import { constant, type Schedule, studySchedule, warmupStableDecay } from '@steepest/lr-schedules';
import type { ScheduleSettings } from './experiment/index.ts';

/** The learning rate of a trial over its steps, peaking at `peak`; fractions of the run become whole steps. */
export function createSchedule(settings: ScheduleSettings, peak: number, totalSteps: number): Schedule {
  const { warmupFraction = 0.1, decayFraction = 0.2, startFactor = 0.1, endFactor = 0.1 } = settings;
  const warmupSteps = Math.round(warmupFraction * totalSteps);
  switch (settings.type) {
    case 'study':
      return studySchedule({ peak, warmupSteps, totalSteps, startFactor, endFactor });
    case 'warmupStableDecay':
      return warmupStableDecay({
        peak,
        warmupSteps,
        totalSteps,
        decaySteps: Math.round(decayFraction * totalSteps),
      });
    case 'constant':
      return constant(peak);
  }
}
