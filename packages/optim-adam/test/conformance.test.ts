import {
  conformanceChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { describe, it } from 'vitest';
import { Adam, type AdamOptions, AdamW, AMSGrad } from '../src/index.ts';
import { adamReference } from './adam-reference.ts';

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

describe.each([
  [
    'Adam',
    Adam,
    'adam',
    [
      { name: 'AMSGrad', options: { amsgrad: true } },
      { name: 'uncorrected epsilon', options: { epsilonPlacement: 'uncorrected' } },
    ],
  ],
  ['AdamW', AdamW, 'adamw', []],
  ['AMSGrad', AMSGrad, 'amsgrad', []],
] as const)('%s', (_, optimizer, folder, variants) => {
  const checks = conformanceChecks({
    optimizer,
    reference: adamReference,
    // Every option is given, so that the three classes do the same.
    golden: { trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)), optionsOf },
    releasedStates: new URL(`./states/${folder}/`, import.meta.url),
    variants,
  });
  for (const check of checks) it(check.name, check.run);
});
