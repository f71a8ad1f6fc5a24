import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Adamax, adamaxRule } from '../src/index.ts';

describe('Adamax', () => {
  it('has the defaults of PyTorch', () => {
    // torch.optim.Adamax: lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.
    const { hyperparameters, settings } = recordOf(adamaxRule);
    expect(Object.fromEntries(hyperparameters.map((option) => [option.name, option.default]))).toEqual({
      learningRate: 0.002,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
    });
    expect(Object.fromEntries(settings.map((option) => [option.name, option.default]))).toEqual({});
    expect(adamaxRule.defaults).toEqual({ weightDecayMode: 'l2' });
  });

  it.each([
    [{ learningRate: -1 }, 'learningRate must be a finite number and at least 0'],
    [{ beta1: -1 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta1: 1 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta2: -1 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ beta2: 1 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ epsilon: -1 }, 'epsilon must be a finite number and at least 0'],
  ] as const)('refuses %o', (options, message) => {
    expect(() => new Adamax(options as object)).toThrow(message);
  });

  it.each([{ learningRate: 0 }, { beta1: 0 }, { beta2: 0 }, { epsilon: 0 }] as const)(
    'accepts %o, at the edge of its range',
    (options) => {
      expect(() => new Adamax(options as object).dispose()).not.toThrow();
    },
  );
});
