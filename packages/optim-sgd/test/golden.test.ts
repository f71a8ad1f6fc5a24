import { readdirSync, readFileSync } from 'node:fs';
import { goldenChecks, recordedLearningRate, type Trajectory } from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { Sgd, type SgdOptions } from '../src/index.ts';

function optionsOf(trajectory: Trajectory): SgdOptions {
  const { hyper } = trajectory;
  return {
    learningRate: recordedLearningRate(trajectory),
    momentum: hyper.momentum as number,
    dampening: hyper.dampening as number,
    momentumForm: hyper.nesterov ? 'nesterov' : 'heavyBall',
    weightDecay: hyper.weightDecay as number,
    weightDecayMode: (hyper.weightDecayConvention ?? 'independent') as 'independent' | 'decoupled' | 'l2',
    peakLearningRate: hyper.learningRate,
  };
}

const fixtures = new URL('./fixtures/', import.meta.url);
const trajectories = readdirSync(fixtures, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.json'))
  .map((file) => JSON.parse(readFileSync(new URL(file, fixtures), 'utf8')) as Trajectory);

const checks = goldenChecks({
  optimizer: Sgd,
  trajectories,
  optionsOf,
  // Momentum nearly cancels in a one-element tensor, so that rounding is large relative to what is left.
  float32Tolerance: 5e-5,
});

it('has recorded runs to check', () => {
  expect(checks.length).toBeGreaterThan(0);
});
for (const check of checks) it(check.name, check.run);
