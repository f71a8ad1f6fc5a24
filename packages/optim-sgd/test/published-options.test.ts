import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Sgd, sgdRule } from '../src/index.ts';

describe('SGD', () => {
  it('has the defaults of Keras and PyTorch', () => {
    // Keras 3, SGD: learning_rate=0.01, momentum=0.0. PyTorch has dampening=0.
    const { hyperparameters, settings } = recordOf(sgdRule);
    expect(Object.fromEntries(hyperparameters.map((option) => [option.name, option.default]))).toEqual({
      learningRate: 0.01,
      momentum: 0,
      dampening: 0,
    });
    expect(Object.fromEntries(settings.map((option) => [option.name, option.default]))).toEqual({
      momentumForm: 'heavyBall',
    });
  });

  it.each([
    [{ learningRate: -1 }, 'learningRate must be a finite number and at least 0'],
    [{ momentum: 1 }, 'momentum must be a finite number, at least 0 and below 1'],
    [{ momentum: -0.5 }, 'momentum must be a finite number, at least 0 and below 1'],
    [{ dampening: -0.5 }, 'dampening must be a finite number, at least 0 and at most 1'],
    [{ dampening: 1.5 }, 'dampening must be a finite number, at least 0 and at most 1'],
    [{ momentumForm: 'Nesterov' }, 'momentumForm must be one of heavyBall, nesterov, average'],
    [{ momentumForm: true }, 'momentumForm must be one of heavyBall, nesterov, average'],
  ] as const)('refuses %o', (options, message) => {
    expect(() => new Sgd(options as object)).toThrow(message);
  });

  it.each([
    { learningRate: 0 },
    { momentum: 0 },
    { dampening: 0 },
    { dampening: 1 },
    { momentumForm: 'heavyBall' },
    { momentumForm: 'nesterov', momentum: 0.9 },
    { momentumForm: 'average' },
  ] as const)('accepts %o, at the edge of its range', (options) => {
    expect(() => new Sgd(options as object).dispose()).not.toThrow();
  });
});
