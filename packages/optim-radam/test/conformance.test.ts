import {
  conformanceChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { RAdam, type RAdamOptions } from '../src/index.ts';
import { radamReference } from './radam-reference.ts';

function optionsOf(trajectory: Trajectory): RAdamOptions {
  const { hyper } = trajectory;
  // These runs were recorded with no options at all.
  if (trajectory.case === 'torch-defaults') return {};
  return {
    ...recordedOptions(trajectory),
    beta1: hyper.beta1 as number,
    beta2: hyper.beta2 as number,
    epsilon: hyper.epsilon as number,
  };
}

const checks = conformanceChecks({
  optimizer: RAdam,
  reference: radamReference,
  golden: { trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)), optionsOf },
  releasedStates: new URL('./states/', import.meta.url),
});

for (const check of checks) it(check.name, check.run);
