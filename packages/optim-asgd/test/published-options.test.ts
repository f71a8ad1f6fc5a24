import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Asgd, asgdRule } from '../src/index.ts';

describe('Asgd', () => {
  it('has the defaults of PyTorch', () => {
    // torch.optim.ASGD: lr=1e-2, lambd=1e-4, alpha=0.75, t0=1e6, weight_decay=0.
    const { hyperparameters, settings } = recordOf(asgdRule);
    expect(Object.fromEntries(hyperparameters.map((option) => [option.name, option.default]))).toEqual({
      learningRate: 0.01,
      lambda: 1e-4,
      alpha: 0.75,
      averageStart: 1e6,
    });
    expect(Object.fromEntries(settings.map((option) => [option.name, option.default]))).toEqual({});
    expect(asgdRule.defaults).toEqual({ weightDecayMode: 'l2' });
  });

  it.each([
    [{ learningRate: -1 }, 'learningRate must be a finite number and at least 0'],
    [{ lambda: -1 }, 'lambda must be a finite number and at least 0'],
    [{ alpha: -1 }, 'alpha must be a finite number and at least 0'],
    [{ averageStart: -1 }, 'averageStart must be a finite number and at least 0'],
  ] as const)('refuses %o', (options, message) => {
    expect(() => new Asgd(options as object)).toThrow(message);
  });

  it.each([{ learningRate: 0 }, { lambda: 0 }, { alpha: 0 }, { averageStart: 0 }] as const)(
    'accepts %o, at the edge of its range',
    (options) => {
      expect(() => new Asgd(options as object).dispose()).not.toThrow();
    },
  );
});
