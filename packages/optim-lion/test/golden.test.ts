import { readdirSync, readFileSync } from 'node:fs';
import { goldenChecks, recordedLearningRate, type Trajectory } from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { Lion, type LionOptions } from '../src/index.ts';

function optionsOf(trajectory: Trajectory): LionOptions {
  const { hyper } = trajectory;
  return {
    learningRate: recordedLearningRate(trajectory),
    beta1: hyper.beta1 as number,
    beta2: hyper.beta2 as number,
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
  optimizer: Lion,
  trajectories,
  optionsOf,
});

it('has recorded runs to check', () => {
  expect(checks.length).toBeGreaterThan(0);
});
for (const check of checks) it(check.name, check.run);
