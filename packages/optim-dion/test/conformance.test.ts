import type { NoiseDraw } from '@steepest/matrix-rules';
import {
  conformanceChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { Dion, type DionOptions } from '../src/index.ts';
import { dionReference } from './dion-reference.ts';

function optionsOf(run: Trajectory): DionOptions {
  const hyper = run.hyper as unknown as Record<string, number>;
  const { initialQ } = run as Trajectory & { readonly initialQ: readonly (readonly number[] | null)[] };
  return {
    ...recordedOptions(run),
    momentum: hyper.mu!,
    epsilon: hyper.epsilon!,
    rankFraction: hyper.rankFraction!,
    powerIterations: hyper.powerIterations!,
    adamBeta1: hyper.auxBeta1!,
    adamBeta2: hyper.auxBeta2!,
    noise: ({ name }: NoiseDraw) => initialQ[run.params.findIndex((parameter) => parameter.name === name)]!,
  };
}

const checks = conformanceChecks({
  optimizer: Dion,
  reference: dionReference,
  golden: {
    trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)),
    optionsOf,
    // Settled up to signs of its columns, and not recorded.
    uncomparedSlots: ['rightFactor'],
  },
  releasedStates: new URL('./states/', import.meta.url),
  shapes: [
    { shape: [17] },
    { shape: [1, 33] },
    { shape: [35, 1] },
    { shape: [3, 41] },
    { shape: [17, 19], role: 'matrix' },
    { shape: [3, 2, 3, 2] },
  ],
  variants: [
    { name: 'half the rank', options: { rankFraction: 0.5, powerIterations: 2 } },
    { name: 'matrices only', options: { adamw: 'never', rankFraction: 0.3 } },
  ],
});

for (const check of checks) it(check.name, check.run);
