import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Adadelta, adadeltaRule } from '../src/index.ts';

describe('Adadelta', () => {
  it('has the defaults of PyTorch', () => {
    // torch.optim.Adadelta: lr=1.0, rho=0.9, eps=1e-6, weight_decay=0.
    const { hyperparameters, settings } = recordOf(adadeltaRule);
    expect(Object.fromEntries(hyperparameters.map((option) => [option.name, option.default]))).toEqual({
      learningRate: 1,
      rho: 0.9,
      epsilon: 1e-6,
    });
    expect(Object.fromEntries(settings.map((option) => [option.name, option.default]))).toEqual({});
    expect(adadeltaRule.defaults).toEqual({ weightDecayMode: 'l2' });
  });

  it.each([
    [{ learningRate: -1 }, 'learningRate must be a finite number and at least 0'],
    [{ rho: -1 }, 'rho must be a finite number, at least 0 and below 1'],
    [{ rho: 1 }, 'rho must be a finite number, at least 0 and below 1'],
    [{ epsilon: -1 }, 'epsilon must be a finite number and at least 0'],
  ] as const)('refuses %o', (options, message) => {
    expect(() => new Adadelta(options as object)).toThrow(message);
  });

  it.each([{ learningRate: 0 }, { rho: 0 }, { epsilon: 0 }] as const)(
    'accepts %o, at the edge of its range',
    (options) => {
      expect(() => new Adadelta(options as object).dispose()).not.toThrow();
    },
  );
});
