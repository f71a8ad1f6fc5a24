import {
  conformanceChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { Lamb, type LambOptions } from '../src/index.ts';
import { lambReference } from './lamb-reference.ts';

function optionsOf(trajectory: Trajectory): LambOptions {
  const { hyper } = trajectory;
  return {
    ...recordedOptions(trajectory),
    weightDecayMode: hyper.decoupled === true ? 'decoupled' : 'l2',
    beta1: hyper.beta1 as number,
    beta2: hyper.beta2 as number,
    epsilon: hyper.epsilon as number,
    biasCorrection: hyper.biasCorrection as boolean,
    gradientAveraging: hyper.gradientAveraging as boolean,
    trustClip: hyper.trustClip as boolean,
    alwaysAdapt: hyper.alwaysAdapt as boolean,
    clipEpsilon: 0,
  };
}

const checks = conformanceChecks({
  optimizer: Lamb,
  reference: lambReference,
  golden: { trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)), optionsOf },
  variants: [
    { name: 'always adapted, clipped', options: { weightDecay: 0, alwaysAdapt: true, trustClip: true } },
    { name: 'plain', options: { weightDecay: 0, biasCorrection: false, gradientAveraging: false } },
  ],
  releasedStates: new URL('./states/', import.meta.url),
});

for (const check of checks) it(check.name, check.run);
