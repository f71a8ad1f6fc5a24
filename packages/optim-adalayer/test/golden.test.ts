import {
  goldenChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { Adalayer, type AdalayerOptions } from '../src/index.ts';

function optionsOf(trajectory: Trajectory): AdalayerOptions {
  const { hyper } = trajectory;
  return {
    ...recordedOptions(trajectory),
    beta1: hyper.beta1 as number,
    beta2: hyper.beta2 as number,
    epsilon: hyper.epsilon as number,
    // The recorded runs switch each block structure on by a flag; the default here is the study's.
    groups: [
      { match: { role: 'qkv' }, blocks: hyper.attCorrection ? 'qkv' : 'tensor' },
      { match: { role: 'lastLayer' }, blocks: hyper.lastLayerCorrection ? 'rows' : 'tensor' },
      { match: { role: 'embedding' }, blocks: hyper.firstLayerCorrection ? 'rows' : 'tensor' },
      { match: { role: 'norm' }, trainable: hyper.noNormTraining !== true },
    ],
  };
}

const checks = goldenChecks({
  optimizer: Adalayer,
  trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)),
  optionsOf,
});

for (const check of checks) it(check.name, check.run);
