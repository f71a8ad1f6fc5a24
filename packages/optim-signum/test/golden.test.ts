import {
  goldenChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { Signum, type SignumOptions } from '../src/index.ts';

function optionsOf(trajectory: Trajectory): SignumOptions {
  const { hyper } = trajectory;
  return {
    ...recordedOptions(trajectory),
    beta1: hyper.beta1 as number,
  };
}

const checks = goldenChecks({
  optimizer: Signum,
  trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)),
  optionsOf,
});

for (const check of checks) it(check.name, check.run);
