import {
  conformanceChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { Lars, type LarsOptions } from '../src/index.ts';
import { larsReference } from './lars-reference.ts';

function optionsOf(trajectory: Trajectory): LarsOptions {
  const { hyper } = trajectory;
  return {
    ...recordedOptions(trajectory),
    momentum: hyper.momentum as number,
    dampening: hyper.dampening as number,
    nesterov: hyper.nesterov as boolean,
    trustCoefficient: hyper.trustCoefficient as number,
    epsilon: hyper.epsilon as number,
    trustClip: hyper.trustClip as boolean,
    alwaysAdapt: hyper.alwaysAdapt as boolean,
  };
}

const checks = conformanceChecks({
  optimizer: Lars,
  reference: larsReference,
  golden: { trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)), optionsOf },
  variants: [
    { name: 'always adapted, with momentum', options: { alwaysAdapt: true, momentum: 0.9, dampening: 0.25 } },
    {
      name: 'clipped, with nesterov',
      options: { alwaysAdapt: true, trustClip: true, momentum: 0.9, nesterov: true },
    },
  ],
  releasedStates: new URL('./states/', import.meta.url),
});

for (const check of checks) it(check.name, check.run);
