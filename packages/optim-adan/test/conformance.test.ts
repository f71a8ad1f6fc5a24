import {
  conformanceChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { Adan, type AdanOptions } from '../src/index.ts';
import { adanReference } from './adan-reference.ts';

function optionsOf(trajectory: Trajectory): AdanOptions {
  const { hyper } = trajectory;
  return {
    ...recordedOptions(trajectory),
    weightDecayMode: 'decoupled',
    proximalDecay: hyper.noProx === false,
    beta1: hyper.beta1 as number,
    beta2: hyper.beta2 as number,
    beta3: hyper.beta3 as number,
    epsilon: hyper.epsilon as number,
    // The source adds its epsilon to the norm; a limit of 0 is none.
    clipGlobalNorm: (hyper.maxGradNorm as number) || undefined,
    clipEpsilon: hyper.epsilon as number,
  };
}

const checks = conformanceChecks({
  optimizer: Adan,
  reference: adanReference,
  golden: { trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)), optionsOf },
  variants: [{ name: 'decay before the update', options: { proximalDecay: false } }],
  releasedStates: new URL('./states/', import.meta.url),
});

for (const check of checks) it(check.name, check.run);
