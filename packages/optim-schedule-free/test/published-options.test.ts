import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { ScheduleFreeAdamW, scheduleFreeRule } from '../src/index.ts';

describe('Schedule-free AdamW', () => {
  it('has the defaults of the authors’ code', () => {
    // facebookresearch/schedule_free, AdamWScheduleFree: lr=0.0025, betas=(0.9, 0.999), eps=1e-8, warmup_steps=0, r=0, weight_lr_power=2.
    const { hyperparameters, settings } = recordOf(scheduleFreeRule);
    expect(Object.fromEntries(hyperparameters.map((option) => [option.name, option.default]))).toEqual({
      learningRate: 0.0025,
      beta2: 0.999,
      epsilon: 1e-8,
      warmupSteps: 0,
      polynomialPower: 0,
      weightLrPower: 2,
      innerMomentum: 0,
    });
    expect(Object.fromEntries(settings.map((option) => [option.name, option.default]))).toEqual({
      beta1: 0.9,
    });
  });

  it.each([
    [{ learningRate: -1 }, 'learningRate must be a finite number and at least 0'],
    [{ beta2: 1 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ beta2: -0.5 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ epsilon: -1 }, 'epsilon must be a finite number and at least 0'],
    [{ warmupSteps: -1 }, 'warmupSteps must be a finite number and at least 0'],
    [{ polynomialPower: -1 }, 'polynomialPower must be a finite number and at least 0'],
    [{ weightLrPower: -1 }, 'weightLrPower must be a finite number and at least 0'],
    [{ innerMomentum: 1 }, 'innerMomentum must be a finite number, at least 0 and below 1'],
    [{ innerMomentum: -0.5 }, 'innerMomentum must be a finite number, at least 0 and below 1'],
    [{ beta1: 0.009 }, 'beta1 must be a number from 0.01 to 1'],
    [{ beta1: 1.001 }, 'beta1 must be a number from 0.01 to 1'],
    [{ beta1: '0.9' }, 'beta1 must be a number from 0.01 to 1'],
  ] as const)('refuses %o', (options, message) => {
    expect(() => new ScheduleFreeAdamW(options as object)).toThrow(message);
  });

  it.each([
    { learningRate: 0 },
    { beta2: 0 },
    { epsilon: 0 },
    { warmupSteps: 0 },
    { polynomialPower: 0 },
    { weightLrPower: 0 },
    { innerMomentum: 0 },
    { beta1: 0.01 },
    { beta1: 1 },
  ] as const)('accepts %o, at the edge of its range', (options) => {
    expect(() => new ScheduleFreeAdamW(options as object).dispose()).not.toThrow();
  });
});
