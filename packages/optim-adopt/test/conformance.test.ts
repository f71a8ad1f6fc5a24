import {
  conformanceChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { Adopt, type AdoptOptions } from '../src/index.ts';
import { adoptReference } from './adopt-reference.ts';

function optionsOf(trajectory: Trajectory): AdoptOptions {
  const { hyper } = trajectory;
  return {
    ...recordedOptions(trajectory),
    beta1: hyper.beta1 as number,
    beta2: hyper.beta2 as number,
    epsilon: hyper.epsilon as number,
    ...(hyper.clipExponent === null
      ? { clipQuotients: false }
      : { clipExponent: hyper.clipExponent as number }),
  };
}

const checks = conformanceChecks({
  optimizer: Adopt,
  reference: adoptReference,
  golden: { trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)), optionsOf },
  variants: [{ name: 'without clipping', options: { clipQuotients: false } }],
  releasedStates: new URL('./states/', import.meta.url),
});

for (const check of checks) it(check.name, check.run);
