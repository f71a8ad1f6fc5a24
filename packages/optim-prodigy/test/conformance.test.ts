import {
  conformanceChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { Prodigy, type ProdigyOptions } from '../src/index.ts';
import { prodigyReference } from './prodigy-reference.ts';

function optionsOf(trajectory: Trajectory): ProdigyOptions {
  const { hyper } = trajectory;
  return {
    ...recordedOptions(trajectory),
    beta1: hyper.beta1 as number,
    beta2: hyper.beta2 as number,
    beta3: hyper.beta3 as number | null,
    epsilon: hyper.epsilon as number,
    dCoefficient: hyper.dCoefficient as number,
    initialD: hyper.initialD as number,
    growthRate: hyper.growthRate as number | null,
    safeguardWarmup: hyper.safeguardWarmup as boolean,
    biasCorrection: hyper.biasCorrection as boolean,
    sliceStride: hyper.sliceStride as number,
  };
}

const checks = conformanceChecks({
  optimizer: Prodigy,
  reference: prodigyReference,
  golden: {
    trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)),
    optionsOf,
    // In float32 a weight of about 1 keeps no more than a digit of a first move of 1e-6, which the estimate is made of. The weights
    // themselves agree to 2e-5: see limits.test.ts.
    float32Tolerance: 2e-3,
    // Numbers of the group here, repeated for every parameter there.
    uncomparedSlots: ['d', 'dNumerator', 'dMax'],
  },
  variants: [
    { name: 'with a large first estimate', options: { initialD: 0.5, safeguardWarmup: true } },
    { name: 'as for diffusion models', options: { initialD: 1e-2, biasCorrection: true, growthRate: 1.1 } },
    { name: 'of every third element', options: { initialD: 0.25, sliceStride: 3, beta3: 0.9 } },
  ],
  releasedStates: new URL('./states/', import.meta.url),
});

for (const check of checks) it(check.name, check.run);
