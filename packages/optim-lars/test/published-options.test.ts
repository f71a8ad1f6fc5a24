import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Lars, larsRule } from '../src/index.ts';

describe('Lars', () => {
  it('has the defaults of timm', () => {
    // timm 1.0.31, optim/lars.py: lr=1.0, momentum=0, dampening=0, weight_decay=0, nesterov=False, trust_coeff=0.001, eps=1e-8.
    const { hyperparameters, settings } = recordOf(larsRule);
    expect(Object.fromEntries(hyperparameters.map((option) => [option.name, option.default]))).toEqual({
      learningRate: 1,
      momentum: 0,
      dampening: 0,
      trustCoefficient: 0.001,
      epsilon: 1e-8,
    });
    expect(Object.fromEntries(settings.map((option) => [option.name, option.default]))).toEqual({
      nesterov: false,
      trustClip: false,
      alwaysAdapt: false,
    });
    expect(larsRule.defaults).toEqual({ weightDecayMode: 'l2' });
  });

  it.each([
    [{ learningRate: -1 }, 'learningRate must be a finite number and at least 0'],
    [{ momentum: -1 }, 'momentum must be a finite number, at least 0 and below 1'],
    [{ momentum: 1 }, 'momentum must be a finite number, at least 0 and below 1'],
    [{ dampening: -1 }, 'dampening must be a finite number, at least 0 and at most 1'],
    [{ trustCoefficient: -1 }, 'trustCoefficient must be a finite number and at least 0'],
    [{ epsilon: -1 }, 'epsilon must be a finite number and at least 0'],
    [{ trustClip: 1 }, 'trustClip must be true or false'],
    [{ alwaysAdapt: 1 }, 'alwaysAdapt must be true or false'],
    [{ nesterov: 1 }, 'nesterov must be true or false'],
  ] as const)('refuses %o', (options, message) => {
    expect(() => new Lars(options as object)).toThrow(message);
  });

  it.each([
    { learningRate: 0 },
    { momentum: 0 },
    { dampening: 0 },
    { trustCoefficient: 0 },
    { epsilon: 0 },
  ] as const)('accepts %o, at the edge of its range', (options) => {
    expect(() => new Lars(options as object).dispose()).not.toThrow();
  });
});
