import {
  conformanceChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { Adamax, type AdamaxOptions } from '../src/index.ts';
import { adamaxReference } from './adamax-reference.ts';

function optionsOf(trajectory: Trajectory): AdamaxOptions {
  const { hyper } = trajectory;
  return {
    ...recordedOptions(trajectory),
    beta1: hyper.beta1 as number,
    beta2: hyper.beta2 as number,
    epsilon: hyper.epsilon as number,
  };
}

const checks = conformanceChecks({
  optimizer: Adamax,
  reference: adamaxReference,
  golden: { trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)), optionsOf },
  releasedStates: new URL('./states/', import.meta.url),
});

for (const check of checks) it(check.name, check.run);
