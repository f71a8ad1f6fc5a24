import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Adan, adanRule } from '../src/index.ts';

describe('Adan', () => {
  it('has the defaults of the authors’ code', () => {
    // sail-sg/Adan, adan.py: lr=1e-3, betas=(0.98, 0.92, 0.99), eps=1e-8, weight_decay=0, max_grad_norm=0, no_prox=False.
    const { hyperparameters, settings } = recordOf(adanRule);
    expect(Object.fromEntries(hyperparameters.map((option) => [option.name, option.default]))).toEqual({
      learningRate: 0.001,
      beta1: 0.98,
      beta2: 0.92,
      beta3: 0.99,
      epsilon: 1e-8,
    });
    expect(Object.fromEntries(settings.map((option) => [option.name, option.default]))).toEqual({
      proximalDecay: true,
    });
    expect(adanRule.defaults).toEqual(undefined);
  });

  it.each([
    [{ learningRate: -1 }, 'learningRate must be a finite number and at least 0'],
    [{ beta1: -1 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta1: 1 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta2: -1 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ beta2: 1 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ beta3: -1 }, 'beta3 must be a finite number, at least 0 and below 1'],
    [{ beta3: 1 }, 'beta3 must be a finite number, at least 0 and below 1'],
    [{ epsilon: -1 }, 'epsilon must be a finite number and at least 0'],
    [{ proximalDecay: 1 }, 'proximalDecay must be true or false'],
  ] as const)('refuses %o', (options, message) => {
    expect(() => new Adan(options as object)).toThrow(message);
  });

  it.each([{ learningRate: 0 }, { beta1: 0 }, { beta2: 0 }, { beta3: 0 }, { epsilon: 0 }] as const)(
    'accepts %o, at the edge of its range',
    (options) => {
      expect(() => new Adan(options as object).dispose()).not.toThrow();
    },
  );
});
