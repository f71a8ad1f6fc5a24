import {
  conformanceChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { Adadelta, type AdadeltaOptions } from '../src/index.ts';
import { adadeltaReference } from './adadelta-reference.ts';

function optionsOf(trajectory: Trajectory): AdadeltaOptions {
  const { hyper } = trajectory;
  return {
    ...recordedOptions(trajectory),
    rho: hyper.rho as number,
    epsilon: hyper.epsilon as number,
  };
}

const checks = conformanceChecks({
  optimizer: Adadelta,
  reference: adadeltaReference,
  golden: { trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)), optionsOf },
  releasedStates: new URL('./states/', import.meta.url),
});

for (const check of checks) it(check.name, check.run);
