import {
  conformanceChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { AdEMAMix, type AdEMAMixOptions } from '../src/index.ts';
import { ademamixReference } from './ademamix-reference.ts';

function optionsOf(trajectory: Trajectory): AdEMAMixOptions {
  const { hyper } = trajectory;
  return {
    ...recordedOptions(trajectory),
    beta1: hyper.beta1 as number,
    beta2: hyper.beta2 as number,
    beta3: hyper.beta3 as number,
    alpha: hyper.alpha as number,
    alphaWarmupSteps: (hyper.alphaWarmupSteps ?? 0) as number,
    beta3WarmupSteps: (hyper.beta3WarmupSteps ?? 0) as number,
    epsilon: hyper.epsilon as number,
  };
}

const checks = conformanceChecks({
  optimizer: AdEMAMix,
  reference: ademamixReference,
  golden: { trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)), optionsOf },
  variants: [{ name: 'with warm-ups', options: { alphaWarmupSteps: 10, beta3WarmupSteps: 15 } }],
  releasedStates: new URL('./states/', import.meta.url),
});

for (const check of checks) it(check.name, check.run);
