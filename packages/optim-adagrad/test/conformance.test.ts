import {
  conformanceChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { Adagrad, type AdagradOptions } from '../src/index.ts';
import { adagradReference } from './adagrad-reference.ts';

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

const checks = conformanceChecks({
  optimizer: Adagrad,
  reference: adagradReference,
  golden: { trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)), optionsOf },
  variants: [{ name: 'learning-rate decay', options: { learningRateDecay: 0.2, initialAccumulator: 0.5 } }],
  releasedStates: new URL('./states/', import.meta.url),
});

for (const check of checks) it(check.name, check.run);
