import { conformanceChecks } from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { Sophia } from '../src/index.ts';
import { sophiaReference } from './sophia-reference.ts';

const checks = conformanceChecks({
  optimizer: Sophia,
  reference: sophiaReference,
  releasedStates: new URL('./states/', import.meta.url),
});

for (const check of checks) it(check.name, check.run);
