import {
  goldenChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { Adagrad, type AdagradOptions } from '../src/index.ts';

function optionsOf(trajectory: Trajectory): AdagradOptions {
  const { hyper } = trajectory;
  // These runs were recorded with no options at all.
  if (trajectory.case === 'torch-defaults') return {};
  return {
    ...recordedOptions(trajectory),
    learningRateDecay: hyper.learningRateDecay as number,
    epsilon: hyper.epsilon as number,
    initialAccumulator: hyper.initialAccumulator as number,
  };
}

const checks = goldenChecks({
  optimizer: Adagrad,
  trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)),
  optionsOf,
});

for (const check of checks) it(check.name, check.run);
