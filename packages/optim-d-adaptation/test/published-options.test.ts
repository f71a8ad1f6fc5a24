import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { DAdaptAdam, dAdaptAdamRule } from '../src/index.ts';

describe('DAdaptAdam', () => {
  it('has the defaults of the authors’ code', () => {
    // facebookresearch/dadaptation 3.2, DAdaptAdam: lr=1, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, decouple=False,
    // use_bias_correction=False, d0=1e-6, growth_rate=inf.
    const { hyperparameters, settings } = recordOf(dAdaptAdamRule);
    expect(Object.fromEntries(hyperparameters.map((option) => [option.name, option.default]))).toEqual({
      learningRate: 1,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
    });
    expect(Object.fromEntries(settings.map((option) => [option.name, option.default]))).toEqual({
      initialD: 1e-6,
      growthRate: null,
      biasCorrection: false,
    });
    expect(dAdaptAdamRule.defaults).toEqual({ weightDecayMode: 'l2' });
  });

  it.each([
    [{ learningRate: -1 }, 'learningRate must be a finite number and at least 0'],
    [{ beta1: -1 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta1: 1 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta2: -1 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ beta2: 1 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ epsilon: -1 }, 'epsilon must be a finite number and at least 0'],
    [{ initialD: 0 }, 'initialD must be a positive number, got 0'],
    [{ initialD: Infinity }, 'initialD must be a positive number, got Infinity'],
    [{ initialD: '1' }, 'initialD must be a positive number, got "1"'],
    [{ growthRate: 1 }, 'growthRate must be a number above 1, or null, got 1'],
    [{ growthRate: Infinity }, 'growthRate must be a number above 1, or null, got Infinity'],
    [{ growthRate: '2' }, 'growthRate must be a number above 1, or null, got "2"'],
    [{ biasCorrection: 1 }, 'biasCorrection must be true or false'],
  ] as const)('refuses %o', (options, message) => {
    expect(() => new DAdaptAdam(options as object)).toThrow(message);
  });

  it.each([
    { learningRate: 0 },
    { beta1: 0 },
    { beta2: 0 },
    { epsilon: 0 },
    { growthRate: 1.0001 },
    { initialD: 1e-12 },
  ] as const)('accepts %o, at the edge of its range', (options) => {
    expect(() => new DAdaptAdam(options as object).dispose()).not.toThrow();
  });
});
