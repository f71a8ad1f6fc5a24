import { readdirSync, readFileSync } from 'node:fs';
import type { WeightDecayMode } from '@steepest/optimizer';
import type { Trajectory } from './trajectory.ts';

/**
 * Reads every recorded run (`*.json`) of a folder and the folders in it.
 *
 * @throws Error if there is none: a suite without runs would pass whatever the optimizer does.
 */
export function readTrajectories(folder: URL): Trajectory[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.json'),
  );
  if (files.length === 0) throw new Error(`there are no recorded runs in ${folder.href}`);
  return files.sort().map((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Trajectory);
}

/** The learning rates of a recorded run as a schedule. */
function recordedLearningRate(trajectory: Trajectory): (step: number) => number {
  return (step) => {
    const rate = trajectory.learningRates[step - 1];
    if (rate === undefined) throw new Error(`${trajectory.case} records no learning rate for step ${step}`);
    return rate;
  };
}

/** What a run records of the options that every optimizer has. */
export interface RecordedOptions {
  readonly learningRate: (step: number) => number;
  readonly peakLearningRate: number;
  readonly weightDecay: number;
  readonly weightDecayMode: WeightDecayMode;
}

/** The recorded learning rates and weight decay, as options. */
export function recordedOptions(trajectory: Trajectory): RecordedOptions {
  const { learningRate, weightDecay, weightDecayConvention } = trajectory.hyper;
  return {
    learningRate: recordedLearningRate(trajectory),
    peakLearningRate: learningRate,
    weightDecay: (weightDecay ?? 0) as number,
    weightDecayMode: (weightDecayConvention ?? 'decoupled') as WeightDecayMode,
  };
}
