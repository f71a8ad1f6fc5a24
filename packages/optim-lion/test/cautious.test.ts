import { goldenChecks, readTrajectories, recordedOptions } from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { describe, it } from 'vitest';
import { Lion } from '../src/index.ts';

describe('Lion with cautious updates', () => {
  const checks = goldenChecks({
    optimizer: Lion,
    trajectories: readTrajectories(new URL('./cautious/', import.meta.url)),
    optionsOf: (trajectory) => ({
      ...recordedOptions(trajectory),
      beta1: trajectory.hyper.beta1 as number,
      beta2: trajectory.hyper.beta2 as number,
      cautious: 'count' as const,
    }),
  });
  for (const check of checks) it(check.name, check.run);
});
