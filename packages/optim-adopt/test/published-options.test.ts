import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Adopt, adoptRule } from '../src/index.ts';

describe('Adopt', () => {
  it('has the defaults of the authors’ code', () => {
    // iShohei220/adopt, adopt.py: lr=1e-3, betas=(0.9, 0.9999), eps=1e-6, clip_lambda=step**0.25, weight_decay=0, decouple=False.
    const { hyperparameters, settings } = recordOf(adoptRule);
    expect(Object.fromEntries(hyperparameters.map((option) => [option.name, option.default]))).toEqual({
      learningRate: 0.001,
      beta1: 0.9,
      beta2: 0.9999,
      epsilon: 1e-6,
      clipExponent: 0.25,
    });
    expect(Object.fromEntries(settings.map((option) => [option.name, option.default]))).toEqual({
      clipQuotients: true,
    });
    expect(adoptRule.defaults).toEqual({ weightDecayMode: 'l2' });
  });

  it.each([
    [{ learningRate: -1 }, 'learningRate must be a finite number and at least 0'],
    [{ beta1: -1 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta1: 1 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta2: -1 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ beta2: 1 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ epsilon: -1 }, 'epsilon must be a finite number and at least 0'],
    [{ clipExponent: -1 }, 'clipExponent must be a finite number and at least 0'],
    [{ clipQuotients: 1 }, 'clipQuotients must be true or false'],
  ] as const)('refuses %o', (options, message) => {
    expect(() => new Adopt(options as object)).toThrow(message);
  });

  it.each([{ learningRate: 0 }, { beta1: 0 }, { beta2: 0 }, { epsilon: 0 }, { clipExponent: 0 }] as const)(
    'accepts %o, at the edge of its range',
    (options) => {
      expect(() => new Adopt(options as object).dispose()).not.toThrow();
    },
  );
});
