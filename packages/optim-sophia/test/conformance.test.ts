import {
  conformanceChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { Sophia, type SophiaOptions } from '../src/index.ts';
import { sophiaReference, sophiaReferenceRefresh } from './sophia-reference.ts';

function optionsOf(trajectory: Trajectory): SophiaOptions {
  const { hyper } = trajectory;
  return {
    ...recordedOptions(trajectory),
    beta1: hyper.beta1 as number,
    beta2: hyper.beta2 as number,
    rho: hyper.rho as number,
    batchTokens: hyper.batchTokens as number,
    // The authors' code has it as a constant.
    ...(hyper.epsilon === undefined ? {} : { epsilon: hyper.epsilon as number }),
  };
}

const checks = conformanceChecks({
  optimizer: Sophia,
  reference: sophiaReference,
  refreshReference: sophiaReferenceRefresh,
  golden: { trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)), optionsOf },
  releasedStates: new URL('./states/', import.meta.url),
});

for (const check of checks) it(check.name, check.run);
