import { conformanceChecks, readTrajectories } from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { Muon, muonVariants } from '../src/index.ts';
import { muonReference } from './muon-reference.ts';
import { optionsOf } from './recorded-options.ts';

const checks = conformanceChecks({
  optimizer: Muon,
  reference: muonReference,
  golden: {
    trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)),
    optionsOf,
    // Counted by the authors' AdamW, or for it alone.
    uncomparedSlots: ['step'],
  },
  releasedStates: new URL('./states/', import.meta.url),
  variants: [
    { name: 'without Nesterov', options: { nesterov: false } },
    { name: 'inputs first', options: { updateScale: 'columns' } },
    { name: 'moonlight', options: { ...muonVariants.moonlight, learningRate: 0.02 } },
    {
      name: 'polarExpress',
      options: { coefficients: 'polarExpress', updateScale: 'spectral', epsilonMode: 'floor' },
    },
    { name: 'normuon', options: { normalize: 'rows' } },
    { name: 'normuon, inputs first', options: { normalize: 'columns', newtonSchulzSteps: 3 } },
    { name: 'AdamW', options: { adamw: 'always' } },
  ],
});

for (const check of checks) it(check.name, check.run);
