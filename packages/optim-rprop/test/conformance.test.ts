import {
  conformanceChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { Rprop, type RpropOptions } from '../src/index.ts';
import { rpropReference } from './rprop-reference.ts';

function optionsOf(trajectory: Trajectory): RpropOptions {
  const { hyper } = trajectory;
  return {
    ...recordedOptions(trajectory),
    decreaseFactor: hyper.decreaseFactor as number,
    increaseFactor: hyper.increaseFactor as number,
    minimumStep: hyper.minimumStep as number,
    maximumStep: hyper.maximumStep as number,
  };
}

const checks = conformanceChecks({
  optimizer: Rprop,
  reference: rpropReference,
  golden: { trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)), optionsOf },
  variants: [{ name: 'narrow bounds', options: { minimumStep: 0.008, maximumStep: 0.03 } }],
  releasedStates: new URL('./states/', import.meta.url),
});

for (const check of checks) it(check.name, check.run);
