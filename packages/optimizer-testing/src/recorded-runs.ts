import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ParameterSelector, WeightDecayMode } from '@steepest/optimizer';
import { checkTrajectory, type Trajectory } from './trajectory.ts';

/**
 * Reads every recorded run (`*.json`) of a folder and the folders in it.
 *
 * @throws Error if there is none, since a suite without runs would pass whatever the optimizer does, or naming a file
 * that holds no run or a malformed one
 */
export function readTrajectories(folder: URL): Trajectory[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.json'),
  );
  if (files.length === 0) throw new Error(`there are no recorded runs in ${folder.href}`);
  return files.sort().map((file) => readTrajectory(new URL(file, folder)));
}

function readTrajectory(file: URL): Trajectory {
  try {
    const run = JSON.parse(readFileSync(file, 'utf8')) as Trajectory;
    checkTrajectory(run);
    return run;
  } catch (cause) {
    throw new Error(`${fileURLToPath(file)}: ${(cause as Error).message}`, { cause });
  }
}

/** Recorded learning rates as a schedule. */
function scheduleOf(rates: readonly number[], title: string): (step: number) => number {
  return (step) => {
    const rate = rates[step - 1];
    if (rate === undefined) throw new Error(`${title} records no learning rate for step ${step}`);
    return rate;
  };
}

/** What a run records of the options that every optimizer has. */
export interface RecordedOptions {
  readonly learningRate: (step: number) => number;
  readonly peakLearningRate: number;
  readonly weightDecay: number;
  readonly weightDecayMode: WeightDecayMode;
  /** One for each of the run's `groupLearningRates`. */
  readonly groups: readonly {
    readonly match: ParameterSelector;
    readonly learningRate: (step: number) => number;
  }[];
}

/** The recorded learning rates and weight decay, as options. */
export function recordedOptions(trajectory: Trajectory): RecordedOptions {
  const { learningRates, groupLearningRates = {}, params, case: title, hyper } = trajectory;
  const { learningRate, weightDecay, weightDecayConvention } = hyper;
  return {
    learningRate: scheduleOf(learningRates, title),
    peakLearningRate: learningRate,
    weightDecay: (weightDecay ?? 0) as number,
    weightDecayMode: (weightDecayConvention ?? 'decoupled') as WeightDecayMode,
    groups: Object.entries(groupLearningRates).map(([group, rates]) => {
      const names = params.filter((p) => p.learningRateGroup === group).map(({ name }) => name);
      return {
        match: ({ name }) => names.includes(name),
        learningRate: scheduleOf(rates, `${title} (${group})`),
      };
    }),
  };
}
