import {
  conformanceChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { Signum, type SignumOptions } from '../src/index.ts';
import { signumReference } from './signum-reference.ts';

function optionsOf(trajectory: Trajectory): SignumOptions {
  return { ...recordedOptions(trajectory), beta1: trajectory.hyper.beta1 as number };
}

const checks = conformanceChecks({
  optimizer: Signum,
  reference: signumReference,
  golden: { trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)), optionsOf },
  releasedStates: new URL('./states/', import.meta.url),
});

for (const check of checks) it(check.name, check.run);
