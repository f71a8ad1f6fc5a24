import {
  conformanceChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { Sgd, type SgdOptions } from '../src/index.ts';
import { sgdReference } from './sgd-reference.ts';

function optionsOf(trajectory: Trajectory): SgdOptions {
  const { hyper } = trajectory;
  return {
    ...recordedOptions(trajectory),
    momentum: hyper.momentum as number,
    dampening: hyper.dampening as number,
    momentumForm: hyper.nesterov ? 'nesterov' : 'heavyBall',
  };
}

const checks = conformanceChecks({
  optimizer: Sgd,
  reference: sgdReference,
  golden: {
    trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)),
    optionsOf,
    // Momentum nearly cancels in a one-element tensor, so that rounding is large relative to what is left.
    float32Tolerance: 5e-5,
  },
  releasedStates: new URL('./states/', import.meta.url),
  variants: [
    { name: 'heavy ball', options: { momentum: 0.9 } },
    { name: 'dampened heavy ball', options: { momentum: 0.9, dampening: 0.5 } },
    { name: 'Nesterov', options: { momentum: 0.9, momentumForm: 'nesterov' } },
    { name: 'average', options: { momentum: 0.9, momentumForm: 'average' } },
  ],
});

for (const check of checks) it(check.name, check.run);
