import { conformanceChecks } from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { ScheduleFreeAdamW } from '../src/index.ts';
import { scheduleFreeReference } from './schedule-free-reference.ts';

const checks = conformanceChecks({
  optimizer: ScheduleFreeAdamW,
  reference: scheduleFreeReference,
  releasedStates: new URL('./states/', import.meta.url),
  variants: [
    {
      name: 'innerMomentum',
      options: { innerMomentum: 0.9, warmupSteps: 5, polynomialPower: 1, weightLrPower: 1 },
    },
  ],
});

for (const check of checks) it(check.name, check.run);
