import {
  conformanceChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { AdaBelief, type AdaBeliefOptions } from '../src/index.ts';
import { adabeliefReference } from './adabelief-reference.ts';

function optionsOf(trajectory: Trajectory): AdaBeliefOptions {
  const { hyper } = trajectory;
  return {
    ...recordedOptions(trajectory),
    beta1: hyper.beta1 as number,
    beta2: hyper.beta2 as number,
    epsilon: hyper.epsilon as number,
    rectify: hyper.rectify as boolean,
    degenerateToSgd: hyper.degenerateToSgd as boolean,
    amsgrad: hyper.amsgrad as boolean,
  };
}

const checks = conformanceChecks({
  optimizer: AdaBelief,
  reference: adabeliefReference,
  golden: { trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)), optionsOf },
  variants: [
    { name: 'rectified early', options: { beta2: 0.9, degenerateToSgd: false } },
    { name: 'not rectified', options: { rectify: false } },
    { name: 'amsgrad', options: { rectify: false, amsgrad: true } },
  ],
  releasedStates: new URL('./states/', import.meta.url),
});

for (const check of checks) it(check.name, check.run);
