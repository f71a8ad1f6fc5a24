import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import {
  ScheduleFreeAdamW,
  ScheduleFreeRAdam,
  ScheduleFreeSgd,
  scheduleFreeAdamWRule,
  scheduleFreeRAdamRule,
  scheduleFreeSgdRule,
} from '../src/index.ts';

describe('Schedule-free AdamW', () => {
  it('has the defaults of the authors’ code', () => {
    // facebookresearch/schedule_free, AdamWScheduleFree: lr=0.0025, betas=(0.9, 0.999), eps=1e-8, warmup_steps=0, r=0, weight_lr_power=2.
    const { hyperparameters, settings } = recordOf(scheduleFreeAdamWRule);
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

describe('Schedule-free SGD', () => {
  it('has the defaults of the authors’ code', () => {
    // facebookresearch/schedule_free, SGDScheduleFree: lr=1.0, momentum=0.9, warmup_steps=0, r=0, weight_lr_power=2.
    const { hyperparameters, settings } = recordOf(scheduleFreeSgdRule);
    expect(Object.fromEntries(hyperparameters.map((option) => [option.name, option.default]))).toEqual({
      learningRate: 1,
      warmupSteps: 0,
      polynomialPower: 0,
      weightLrPower: 2,
    });
    expect(Object.fromEntries(settings.map((option) => [option.name, option.default]))).toEqual({
      momentum: 0.9,
    });
  });

  it('refuses a momentum that loses the average, and accepts the edges of its range', () => {
    expect(() => new ScheduleFreeSgd({ momentum: 0 })).toThrow('momentum must be a number from 0.01 to 1');
    for (const momentum of [0.01, 1]) {
      expect(() => new ScheduleFreeSgd({ momentum }).dispose()).not.toThrow();
    }
  });
});

describe('Schedule-free RAdam', () => {
  it('has the defaults of the authors’ code', () => {
    // facebookresearch/schedule_free, RAdamScheduleFree: lr=0.0025, betas=(0.9, 0.999), eps=1e-8, r=0, weight_lr_power=2,
    // silent_sgd_phase=True.
    const { hyperparameters, settings } = recordOf(scheduleFreeRAdamRule);
    expect(Object.fromEntries(hyperparameters.map((option) => [option.name, option.default]))).toEqual({
      learningRate: 0.0025,
      beta2: 0.999,
      epsilon: 1e-8,
      polynomialPower: 0,
      weightLrPower: 2,
    });
    expect(Object.fromEntries(settings.map((option) => [option.name, option.default]))).toEqual({
      beta1: 0.9,
      silentSgdPhase: true,
    });
  });

  it.each([
    [{ beta2: 1 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ epsilon: -1 }, 'epsilon must be a finite number and at least 0'],
    [
      { beta2: 0.6 },
      'with silentSgdPhase nothing would ever move at a beta2 of 0.6 or less, got 0.6; set silentSgdPhase to false',
    ],
    [{ silentSgdPhase: 1 }, 'silentSgdPhase must be true or false'],
    [{ warmupSteps: 5 }, 'has no option "warmupSteps"'],
  ])('refuses %o', (options, message) => {
    expect(() => new ScheduleFreeRAdam(options as object)).toThrow(message);
  });

  it.each([{ beta2: 0.61 }, { beta2: 0.6, silentSgdPhase: false }])('accepts %o', (options) => {
    expect(() => new ScheduleFreeRAdam(options).dispose()).not.toThrow();
  });
});
