import {
  goldenChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { Lion, type LionOptions } from '../src/index.ts';

function optionsOf(trajectory: Trajectory): LionOptions {
  const { hyper } = trajectory;
  return {
    ...recordedOptions(trajectory),
    beta1: hyper.beta1 as number,
    beta2: hyper.beta2 as number,
  };
}

const checks = goldenChecks({
  optimizer: Lion,
  trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)),
  optionsOf,
});

for (const check of checks) it(check.name, check.run);
