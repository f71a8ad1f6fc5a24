import {
  conformanceChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { Adalayer, type AdalayerOptions, type AfterFreeze } from '../src/index.ts';
import { adalayerReference } from './adalayer-reference.ts';

function optionsOf(trajectory: Trajectory): AdalayerOptions {
  const { hyper } = trajectory;
  const updating = (does: unknown): AfterFreeze => (does === true ? 'updating' : 'frozen');
  return {
    ...recordedOptions(trajectory),
    beta1: hyper.beta1 as number,
    beta2: hyper.beta2 as number,
    epsilon: hyper.epsilon as number,
    freezeSteps: (hyper.freezeSteps ?? 0) as number,
    // The recorded runs switch each block structure on by a flag; the default here is the study's.
    groups: [
      { match: { role: 'qkv' }, blocks: hyper.attCorrection ? 'qkv' : 'tensor' },
      {
        match: { role: 'lastLayer' },
        blocks: hyper.lastLayerCorrection ? 'rows' : 'tensor',
        // Without a block a row, the authors' code freezes the last layer whatever it was told.
        afterFreeze: updating(hyper.lastLayerCorrection && hyper.updateLast),
      },
      {
        match: { role: 'embedding' },
        blocks: hyper.firstLayerCorrection ? 'rows' : 'tensor',
        afterFreeze: updating(hyper.firstLayerCorrection),
      },
      {
        match: { role: 'norm' },
        trainable: hyper.noNormTraining !== true,
        afterFreeze: updating(hyper.updateNorm),
      },
    ],
  };
}

const checks = conformanceChecks({
  optimizer: Adalayer,
  reference: adalayerReference,
  golden: { trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)), optionsOf },
  releasedStates: new URL('./states/', import.meta.url),
  variants: [
    { name: 'by rows', options: { blocks: 'rows' } },
    { name: 'frozen', options: { freezeSteps: 4 } },
    { name: 'updating after the freeze', options: { freezeSteps: 4, afterFreeze: 'updating' } },
  ],
});

for (const check of checks) it(check.name, check.run);
