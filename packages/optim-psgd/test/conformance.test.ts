import type { NoiseDraw } from '@steepest/matrix-rules';
import {
  conformanceChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { type MemorySaveMode, PsgdKron, type PsgdKronOptions } from '../src/index.ts';
import { psgdKronReference } from './psgd-kron-reference.ts';

/** What a run records besides what others do: the noise, and when the factors were balanced. */
interface KronTrajectory extends Trajectory {
  readonly noise: readonly (readonly (readonly number[] | null)[])[];
  readonly balanceUpdates: readonly boolean[];
}

function optionsOf(run: Trajectory): PsgdKronOptions {
  const hyper = run.hyper as unknown as Record<string, number>;
  const { noise, balanceUpdates } = run as KronTrajectory;
  return {
    ...recordedOptions(run),
    weightDecayMode: 'decoupled', // of matrices only, which is the rule's own
    momentum: hyper.momentum!,
    updateProbability: hyper.updateProbability!,
    balanceProbability: (step) => (balanceUpdates[step - 1] ? 1 : 0),
    maxTriangularSize: hyper.maxTriangularSize!,
    minTriangularRank: hyper.minTriangularRank!,
    memorySaveMode: (run.hyper.memorySaveMode ?? 'none') as MemorySaveMode,
    momentumIntoPreconditioner: run.hyper.momentumIntoPreconditioner as boolean,
    preconditionerLearningRate: hyper.preconditionerLearningRate!,
    initialScale: hyper.initialScale!,
    rmsClip: hyper.rmsClip!,
    noise: ({ name, shape, step }: NoiseDraw) => {
      const index = run.params.findIndex((parameter) => parameter.name === name);
      // Drawn only for an update of the factors; elsewhere nothing reads it.
      return noise[step - 1]![index] ?? new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(Number.NaN);
    },
  };
}

const checks = conformanceChecks({
  optimizer: PsgdKron,
  reference: psgdKronReference,
  golden: { trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)), optionsOf },
  // The reference keeps every factor as a full matrix.
  shapes: [
    { shape: [37], role: 'bias' },
    { shape: [1, 33] },
    { shape: [35, 1] },
    { shape: [17, 19], role: 'matrix' },
    { shape: [3, 2, 3, 2] },
    { shape: [2, 1, 3, 2, 3] },
  ],
  releasedStates: new URL('./states/', import.meta.url),
  variants: [
    {
      name: 'on every third gradient, balanced',
      options: { updateProbability: 0.4, balanceProbability: 0.5, momentumIntoPreconditioner: false },
    },
    { name: 'one diagonal', options: { memorySaveMode: 'one_diag', initialScale: 0.5 } },
    { name: 'smart diagonal', options: { memorySaveMode: 'smart_one_diag', maxTriangularSize: 5 } },
    { name: 'triangular vectors', options: { minTriangularRank: 1, maxTriangularSize: 36 } },
    { name: 'all diagonal', options: { memorySaveMode: 'all_diag' } },
  ],
});

for (const check of checks) it(check.name, check.run);
