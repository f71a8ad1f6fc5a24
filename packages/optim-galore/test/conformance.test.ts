import {
  conformanceChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { GaLoreAdamW, type GaLoreAdamWOptions, type Projection } from '../src/index.ts';
import { galoreAdamWReference } from './galore-reference.ts';
import { recordedProjectors } from './recorded-projectors.ts';

function optionsOf(run: Trajectory): GaLoreAdamWOptions {
  const hyper = run.hyper as unknown as Record<string, number>;
  const projectors = recordedProjectors(run);
  return {
    ...recordedOptions(run),
    weightDecayMode: 'decoupled', // after the update, which is the rule's own
    beta1: hyper.beta1!,
    beta2: hyper.beta2!,
    epsilon: hyper.epsilon!,
    scale: hyper.scale!,
    rank: hyper.rank!,
    projectionGap: hyper.projectionGap!,
    projection: run.hyper.projection as Projection,
    // The solver of the authors' run chose signs, which count once moments outlive their projector.
    projector: ({ name, step }) =>
      projectors.get(name)![Math.floor((step - 1) / hyper.projectionGap!)]!.columns,
  };
}

const checks = conformanceChecks({
  optimizer: GaLoreAdamW,
  reference: galoreAdamWReference,
  golden: {
    trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)),
    optionsOf,
    // Compared where they were made: see projectors.test.ts.
    uncomparedSlots: ['projector'],
  },
  releasedStates: new URL('./states/', import.meta.url),
  shapes: [
    { shape: [17] },
    { shape: [1, 33] },
    { shape: [35, 1] },
    { shape: [3, 41] },
    { shape: [11, 9], role: 'matrix' },
    { shape: [3, 2, 3, 2] },
  ],
  variants: [
    { name: 'rank 2, renewed every third gradient', options: { rank: 2, projectionGap: 3 } },
    { name: 'the longer side', options: { rank: 3, projection: 'reverse_std', projectionGap: 2 } },
    { name: 'rows only', options: { rank: 2, projection: 'left', scale: 1 } },
  ],
});

for (const check of checks) it(check.name, check.run);
