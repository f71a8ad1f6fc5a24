import { readdirSync, readFileSync } from 'node:fs';
import { goldenChecks, recordedLearningRate, type Trajectory } from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { Adalayer, type AdalayerOptions } from '../src/index.ts';

function optionsOf(trajectory: Trajectory): AdalayerOptions {
  const { hyper } = trajectory;
  return {
    learningRate: recordedLearningRate(trajectory),
    beta1: hyper.beta1 as number,
    beta2: hyper.beta2 as number,
    epsilon: hyper.epsilon as number,
    weightDecay: hyper.weightDecay as number,
    weightDecayMode: (hyper.weightDecayConvention ?? 'independent') as 'independent' | 'decoupled' | 'l2',
    peakLearningRate: hyper.learningRate,
    // The recorded runs switch each block structure on by a flag; the default here is the study's.
    groups: [
      { match: { role: 'qkv' }, blocks: hyper.attCorrection ? 'qkv' : 'tensor' },
      { match: { role: 'lastLayer' }, blocks: hyper.lastLayerCorrection ? 'rows' : 'tensor' },
      { match: { role: 'embedding' }, blocks: hyper.firstLayerCorrection ? 'rows' : 'tensor' },
      { match: { role: 'norm' }, trainable: hyper.noNormTraining !== true },
    ],
  };
}

const fixtures = new URL('./fixtures/', import.meta.url);
const trajectories = readdirSync(fixtures, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.json'))
  .map((file) => JSON.parse(readFileSync(new URL(file, fixtures), 'utf8')) as Trajectory);

const checks = goldenChecks({
  optimizer: Adalayer,
  trajectories,
  optionsOf,
});

it('has recorded runs to check', () => {
  expect(checks.length).toBeGreaterThan(0);
});
for (const check of checks) it(check.name, check.run);
