import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Adagrad, adagradRule } from '../src/index.ts';

describe('Adagrad', () => {
  it('has the defaults of PyTorch', () => {
    // torch.optim.Adagrad: lr=0.01, lr_decay=0, initial_accumulator_value=0, eps=1e-10.
    const { hyperparameters, settings } = recordOf(adagradRule);
    expect(Object.fromEntries(hyperparameters.map((option) => [option.name, option.default]))).toEqual({
      learningRate: 0.01,
      learningRateDecay: 0,
      epsilon: 1e-10,
    });
    expect(Object.fromEntries(settings.map((option) => [option.name, option.default]))).toEqual({
      initialAccumulator: 0,
    });
  });

  it.each([
    [{ learningRate: -1 }, 'learningRate must be a finite number and at least 0'],
    [{ learningRateDecay: -1 }, 'learningRateDecay must be a finite number and at least 0'],
    [{ epsilon: -1 }, 'epsilon must be a finite number and at least 0'],
    [{ initialAccumulator: -1 }, 'initialAccumulator must be a finite number of at least 0'],
    [{ initialAccumulator: '1' }, 'initialAccumulator must be a finite number of at least 0'],
    [{ initialAccumulator: Number.NaN }, 'initialAccumulator must be a finite number of at least 0'],
    [
      { initialAccumulator: Number.POSITIVE_INFINITY },
      'initialAccumulator must be a finite number of at least 0',
    ],
  ] as const)('refuses %o', (options, message) => {
    expect(() => new Adagrad(options as object)).toThrow(message);
  });

  it.each([
    { learningRate: 0 },
    { learningRateDecay: 0 },
    { epsilon: 0 },
    { initialAccumulator: 0 },
  ] as const)('accepts %o, at the edge of its range', (options) => {
    expect(() => new Adagrad(options as object).dispose()).not.toThrow();
  });
});
