import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Lamb, lambRule } from '../src/index.ts';

describe('Lamb', () => {
  it('has the defaults of timm', () => {
    // timm 1.0.31, optim/lamb.py: lr=1e-3, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.01, bias_correction=True, grad_averaging=True.
    const { hyperparameters, settings } = recordOf(lambRule);
    expect(Object.fromEntries(hyperparameters.map((option) => [option.name, option.default]))).toEqual({
      learningRate: 0.001,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-6,
    });
    expect(Object.fromEntries(settings.map((option) => [option.name, option.default]))).toEqual({
      biasCorrection: true,
      gradientAveraging: true,
      trustClip: false,
      alwaysAdapt: false,
    });
    expect(lambRule.defaults).toEqual({ weightDecay: 0.01, weightDecayMode: 'l2' });
  });

  it.each([
    [{ learningRate: -1 }, 'learningRate must be a finite number and at least 0'],
    [{ beta1: -1 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta1: 1 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta2: -1 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ beta2: 1 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ epsilon: -1 }, 'epsilon must be a finite number and at least 0'],
    [{ biasCorrection: 1 }, 'biasCorrection must be true or false'],
    [{ gradientAveraging: 1 }, 'gradientAveraging must be true or false'],
    [{ trustClip: 1 }, 'trustClip must be true or false'],
    [{ alwaysAdapt: 1 }, 'alwaysAdapt must be true or false'],
  ] as const)('refuses %o', (options, message) => {
    expect(() => new Lamb(options as object)).toThrow(message);
  });

  it.each([{ learningRate: 0 }, { beta1: 0 }, { beta2: 0 }, { epsilon: 0 }] as const)(
    'accepts %o, at the edge of its range',
    (options) => {
      expect(() => new Lamb(options as object).dispose()).not.toThrow();
    },
  );
});
