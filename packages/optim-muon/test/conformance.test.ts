import { conformanceChecks } from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { Muon } from '../src/index.ts';
import { muonReference } from './muon-reference.ts';

const checks = conformanceChecks({
  optimizer: Muon,
  reference: muonReference,
  releasedStates: new URL('./states/', import.meta.url),
  variants: [
    { name: 'without Nesterov', options: { nesterov: false } },
    { name: 'inputs first', options: { updateScale: 'columns' } },
    { name: 'scaled as AdamW', options: { updateScale: 'rms' } },
  ],
});

for (const check of checks) it(check.name, check.run);
