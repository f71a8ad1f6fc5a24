import {
  goldenChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { Adafactor, type AdafactorOptions } from '../src/index.ts';

function optionsOf(trajectory: Trajectory): AdafactorOptions {
  const { hyper } = trajectory;
  return {
    ...recordedOptions(trajectory),
    beta1: hyper.beta1 as number,
    beta2: hyper.beta2 as number,
    epsilon: hyper.epsilon as number,
    neuronOnly: hyper.neuronOnly as boolean,
  };
}

const checks = goldenChecks({
  optimizer: Adafactor,
  trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)),
  optionsOf,
});

for (const check of checks) it(check.name, check.run);
