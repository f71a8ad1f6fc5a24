import {
  conformanceChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { Soap, type SoapOptions } from '../src/index.ts';
import { soapReference } from './soap-reference.ts';

function optionsOf(run: Trajectory): SoapOptions {
  const hyper = run.hyper as unknown as Record<string, number>;
  return {
    ...recordedOptions(run),
    weightDecayMode: 'decoupled', // after the update, which is the rule's own
    beta1: hyper.beta1!,
    beta2: hyper.beta2!,
    epsilon: hyper.epsilon!,
    shampooBeta: hyper.shampooBeta!,
    preconditionFrequency: hyper.preconditionFrequency!,
    maxPreconditionerDim: hyper.maxPreconditionerDim!,
  };
}

const checks = conformanceChecks({
  optimizer: Soap,
  reference: soapReference,
  golden: {
    trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)),
    optionsOf,
    // Bases are settled up to signs, and were not recorded; the authors' step does not count the first gradient, which only
    // sets up the bases.
    uncomparedSlots: ['basisAxis0', 'basisAxis1', 'basisAxis2', 'step'],
  },
  releasedStates: new URL('./states/', import.meta.url),
  // Each slice of a gradient shows another direction: an axis with more elements than slices has no certain basis.
  shapes: [
    { shape: [259] },
    { shape: [9, 8], role: 'matrix' },
    { shape: [3, 3, 5, 2] },
    { shape: [2, 1, 3, 2, 5] },
  ],
  variants: [{ name: 'refreshed every third step', options: { preconditionFrequency: 3 } }],
});

for (const check of checks) it(check.name, check.run);
