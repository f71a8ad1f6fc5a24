import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { AdEMAMix, ademamixRule } from '../src/index.ts';

describe('AdEMAMix', () => {
  it('has the defaults of the authors’ code', () => {
    // apple/ml-ademamix, pytorch/ademamix.py: lr=1e-3, betas=(0.9, 0.999, 0.9999), alpha=2.0, no warm-ups, eps=1e-8, weight_decay=0.
    const { hyperparameters, settings } = recordOf(ademamixRule);
    expect(Object.fromEntries(hyperparameters.map((option) => [option.name, option.default]))).toEqual({
      learningRate: 0.001,
      beta1: 0.9,
      beta2: 0.999,
      beta3: 0.9999,
      alpha: 2,
      alphaWarmupSteps: 0,
      beta3WarmupSteps: 0,
      epsilon: 1e-8,
    });
    expect(Object.fromEntries(settings.map((option) => [option.name, option.default]))).toEqual({});
    expect(ademamixRule.defaults).toEqual(undefined);
  });

  it.each([
    [{ learningRate: -1 }, 'learningRate must be a finite number and at least 0'],
    [{ beta1: -1 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta1: 1 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta2: -1 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ beta2: 1 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ beta3: -1 }, 'beta3 must be a finite number, at least 0 and below 1'],
    [{ beta3: 1 }, 'beta3 must be a finite number, at least 0 and below 1'],
    [{ alpha: -1 }, 'alpha must be a finite number and at least 0'],
    [{ alphaWarmupSteps: -1 }, 'alphaWarmupSteps must be a finite number and at least 0'],
    [{ beta3WarmupSteps: -1 }, 'beta3WarmupSteps must be a finite number and at least 0'],
    [{ epsilon: -1 }, 'epsilon must be a finite number and at least 0'],
  ] as const)('refuses %o', (options, message) => {
    expect(() => new AdEMAMix(options as object)).toThrow(message);
  });

  it.each([
    { learningRate: 0 },
    { beta1: 0 },
    { beta2: 0 },
    { beta3: 0 },
    { alpha: 0 },
    { alphaWarmupSteps: 0 },
    { beta3WarmupSteps: 0 },
    { epsilon: 0 },
  ] as const)('accepts %o, at the edge of its range', (options) => {
    expect(() => new AdEMAMix(options as object).dispose()).not.toThrow();
  });
});
