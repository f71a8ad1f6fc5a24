import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Rprop, rpropRule } from '../src/index.ts';

describe('Rprop', () => {
  it('has the defaults of PyTorch', () => {
    // torch.optim.Rprop: lr=1e-2, etas=(0.5, 1.2), step_sizes=(1e-6, 50).
    const { hyperparameters, settings } = recordOf(rpropRule);
    expect(Object.fromEntries(hyperparameters.map((option) => [option.name, option.default]))).toEqual({
      learningRate: 0.01,
      decreaseFactor: 0.5,
      increaseFactor: 1.2,
      minimumStep: 1e-6,
      maximumStep: 50,
    });
    expect(Object.fromEntries(settings.map((option) => [option.name, option.default]))).toEqual({});
    expect(rpropRule.defaults).toEqual(undefined);
    // A rounding error near 0 turns a whole step.
    expect(recordOf(rpropRule).capabilities.signBased).toBe(true);
  });

  it.each([
    [{ learningRate: -1 }, 'learningRate must be a finite number and at least 0'],
    [{ decreaseFactor: -1 }, 'decreaseFactor must be a finite number, at least 0 and below 1'],
    [{ decreaseFactor: 1 }, 'decreaseFactor must be a finite number, at least 0 and below 1'],
    [{ increaseFactor: 1 - 1 }, 'increaseFactor must be a finite number and at least 1'],
    [{ minimumStep: -1 }, 'minimumStep must be a finite number and at least 0'],
    [{ maximumStep: -1 }, 'maximumStep must be a finite number and at least 0'],
  ] as const)('refuses %o', (options, message) => {
    expect(() => new Rprop(options as object)).toThrow(message);
  });

  it.each([
    { learningRate: 0 },
    { decreaseFactor: 0 },
    { increaseFactor: 1 },
    { minimumStep: 0 },
    { maximumStep: 0 },
  ] as const)('accepts %o, at the edge of its range', (options) => {
    expect(() => new Rprop(options as object).dispose()).not.toThrow();
  });
});
