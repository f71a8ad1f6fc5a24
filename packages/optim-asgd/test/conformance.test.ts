import {
  conformanceChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { Asgd, type AsgdOptions } from '../src/index.ts';
import { asgdAverage, asgdReference } from './asgd-reference.ts';

function optionsOf(trajectory: Trajectory): AsgdOptions {
  const { hyper } = trajectory;
  return {
    ...recordedOptions(trajectory),
    lambda: hyper.lambda as number,
    alpha: hyper.alpha as number,
    averageStart: hyper.averageStart as number,
  };
}

/** PyTorch's average is part of its state, which is on record after the last step. */
function withAverage(trajectory: Trajectory): Trajectory {
  const { steps, state } = trajectory.expected;
  const last = state.average! as readonly (readonly number[])[];
  const averages = steps.map((step) => (step === trajectory.grads.length ? last : null));
  return { ...trajectory, expected: { ...trajectory.expected, averages } };
}

const checks = conformanceChecks({
  optimizer: Asgd,
  reference: asgdReference,
  averageReference: asgdAverage,
  golden: {
    trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)).map(withAverage),
    optionsOf,
    // Follows from the count of gradients, and is not kept here.
    uncomparedSlots: ['mu'],
  },
  variants: [{ name: 'averaging early', options: { averageStart: 3, lambda: 0.2 } }],
  releasedStates: new URL('./states/', import.meta.url),
});

for (const check of checks) it(check.name, check.run);
