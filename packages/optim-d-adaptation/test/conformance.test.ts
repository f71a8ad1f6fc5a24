import {
  conformanceChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { DAdaptAdam, type DAdaptAdamOptions } from '../src/index.ts';
import { dAdaptationReference } from './d-adaptation-reference.ts';

function optionsOf(trajectory: Trajectory): DAdaptAdamOptions {
  const { hyper } = trajectory;
  return {
    ...recordedOptions(trajectory),
    beta1: hyper.beta1 as number,
    beta2: hyper.beta2 as number,
    epsilon: hyper.epsilon as number,
    initialD: hyper.initialD as number,
    growthRate: hyper.growthRate as number | null,
    biasCorrection: hyper.biasCorrection as boolean,
  };
}

const checks = conformanceChecks({
  optimizer: DAdaptAdam,
  reference: dAdaptationReference,
  golden: {
    trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)),
    optionsOf,
    // Numbers of the group here, repeated for every parameter there.
    uncomparedSlots: ['d', 'numerator'],
  },
  variants: [
    { name: 'with a large first estimate', options: { initialD: 0.5 } },
    { name: 'with a limited growth', options: { biasCorrection: true, growthRate: 40 } },
  ],
  releasedStates: new URL('./states/', import.meta.url),
});

for (const check of checks) it(check.name, check.run);
