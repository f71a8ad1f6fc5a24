import {
  goldenChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { Sgd, type SgdOptions } from '../src/index.ts';

function optionsOf(trajectory: Trajectory): SgdOptions {
  const { hyper } = trajectory;
  return {
    ...recordedOptions(trajectory),
    momentum: hyper.momentum as number,
    dampening: hyper.dampening as number,
    momentumForm: hyper.nesterov ? 'nesterov' : 'heavyBall',
  };
}

const checks = goldenChecks({
  optimizer: Sgd,
  trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)),
  optionsOf,
  // Momentum nearly cancels in a one-element tensor, so that rounding is large relative to what is left.
  float32Tolerance: 5e-5,
});

for (const check of checks) it(check.name, check.run);
