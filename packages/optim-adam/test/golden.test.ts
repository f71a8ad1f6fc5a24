import {
  goldenChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { Adam, type AdamOptions } from '../src/index.ts';

function optionsOf(trajectory: Trajectory): AdamOptions {
  const { hyper } = trajectory;
  const undecayed = [
    ...(hyper.decayNormAndBias === false ? ['norm', 'bias'] : []),
    ...(hyper.decayEmbeddings === false ? ['embedding'] : []),
  ];
  return {
    ...recordedOptions(trajectory),
    beta1: hyper.beta1 as number,
    beta2: hyper.beta2 as number,
    epsilon: hyper.epsilon as number,
    amsgrad: hyper.amsgrad === true,
    groups: undecayed.length === 0 ? [] : [{ match: { role: undecayed }, weightDecay: 0 }],
  };
}

const checks = goldenChecks({
  optimizer: Adam,
  trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)),
  optionsOf,
});

for (const check of checks) it(check.name, check.run);
