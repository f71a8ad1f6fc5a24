import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Prodigy, prodigyRule } from '../src/index.ts';

describe('Prodigy', () => {
  it('has the defaults of the authors’ code', () => {
    // konstmish/prodigy, prodigyopt 1.1.2: lr=1, betas=(0.9, 0.999), beta3=None, eps=1e-8, weight_decay=0, decouple=True,
    // use_bias_correction=False, safeguard_warmup=False, d0=1e-6, d_coef=1, growth_rate=inf, slice_p=1.
    const { hyperparameters, settings } = recordOf(prodigyRule);
    expect(Object.fromEntries(hyperparameters.map((option) => [option.name, option.default]))).toEqual({
      learningRate: 1,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      dCoefficient: 1,
    });
    expect(Object.fromEntries(settings.map((option) => [option.name, option.default]))).toEqual({
      beta3: null,
      initialD: 1e-6,
      growthRate: null,
      safeguardWarmup: false,
      biasCorrection: false,
      sliceStride: 1,
    });
    expect(prodigyRule.defaults).toEqual(undefined);
  });

  it.each([
    [{ learningRate: -1 }, 'learningRate must be a finite number and at least 0'],
    [{ beta1: -1 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta1: 1 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta2: -1 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ beta2: 1 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ epsilon: -1 }, 'epsilon must be a finite number and at least 0'],
    [{ dCoefficient: -1 }, 'dCoefficient must be a finite number and at least 0'],
    [{ beta3: 1 }, 'beta3 must be a number, at least 0 and below 1, or null, got 1'],
    [{ beta3: -0.5 }, 'beta3 must be a number, at least 0 and below 1, or null, got -0.5'],
    [{ beta3: '0.9' }, 'beta3 must be a number, at least 0 and below 1, or null, got "0.9"'],
    [{ initialD: 0 }, 'initialD must be a positive number, got 0'],
    [{ initialD: Infinity }, 'initialD must be a positive number, got Infinity'],
    [{ initialD: '1' }, 'initialD must be a positive number, got "1"'],
    [{ growthRate: 1 }, 'growthRate must be a number above 1, or null, got 1'],
    [{ growthRate: Infinity }, 'growthRate must be a number above 1, or null, got Infinity'],
    [{ safeguardWarmup: 1 }, 'safeguardWarmup must be true or false'],
    [{ biasCorrection: 1 }, 'biasCorrection must be true or false'],
    [{ sliceStride: 0 }, 'sliceStride must be an integer from 1'],
    [{ sliceStride: 1.5 }, 'sliceStride must be an integer from 1'],
  ] as const)('refuses %o', (options, message) => {
    expect(() => new Prodigy(options as object)).toThrow(message);
  });

  it.each([
    { learningRate: 0 },
    { beta1: 0 },
    { beta2: 0 },
    { beta3: 0 },
    { epsilon: 0 },
    { dCoefficient: 0 },
    { growthRate: 1.0001 },
    { initialD: 1e-12 },
  ] as const)('accepts %o, at the edge of its range', (options) => {
    expect(() => new Prodigy(options as object).dispose()).not.toThrow();
  });
});
