import {
  conformanceChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { RMSprop, type RMSpropOptions } from '../src/index.ts';
import { rmsPropReference } from './rmsprop-reference.ts';

function optionsOf(trajectory: Trajectory): RMSpropOptions {
  const { hyper } = trajectory;
  // These runs were recorded with no options at all.
  if (trajectory.case === 'torch-defaults') return {};
  return {
    ...recordedOptions(trajectory),
    beta2: hyper.beta2 as number,
    epsilon: hyper.epsilon as number,
    momentum: hyper.momentum as number,
    centered: hyper.centered as boolean,
  };
}

/** The state as this package keeps it when centered: the variance, which is the mean square less the squared mean. */
function withVariance(trajectory: Trajectory): Trajectory {
  const { gradAverage, secondMoment, ...state } = trajectory.expected.state;
  if (gradAverage === undefined) return trajectory;
  const gradientVariance = gradAverage.map(
    (averages, tensor) => averages?.map((average, i) => secondMoment![tensor]![i]! - average ** 2) ?? null,
  );
  return {
    ...trajectory,
    expected: { ...trajectory.expected, state: { ...state, gradientAverage: gradAverage, gradientVariance } },
  };
}

const checks = conformanceChecks({
  optimizer: RMSprop,
  reference: rmsPropReference,
  golden: {
    trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)).map(withVariance),
    optionsOf,
  },
  variants: [
    { name: 'momentum', options: { momentum: 0.9 } },
    { name: 'centered', options: { centered: true } },
    { name: 'centered momentum', options: { centered: true, momentum: 0.9 } },
  ],
  releasedStates: new URL('./states/', import.meta.url),
});

for (const check of checks) it(check.name, check.run);
