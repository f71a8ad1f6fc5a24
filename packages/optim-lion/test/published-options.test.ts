import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Lion, lionRule } from '../src/index.ts';

describe('Lion', () => {
  it('has the defaults of the authors’ code', () => {
    // google/automl, lion/lion_pytorch.py: lr=1e-4, betas=(0.9, 0.99).
    const { hyperparameters, settings } = recordOf(lionRule);
    expect(Object.fromEntries(hyperparameters.map((option) => [option.name, option.default]))).toEqual({
      learningRate: 0.0001,
      beta1: 0.9,
      beta2: 0.99,
    });
    expect(Object.fromEntries(settings.map((option) => [option.name, option.default]))).toEqual({});
  });

  it('is recorded as an optimizer that steps by signs', () => {
    expect(recordOf(lionRule).capabilities.signBased).toBe(true);
  });

  it.each([
    [{ learningRate: -1 }, 'learningRate must be a finite number and at least 0'],
    [{ beta1: 1 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta1: -0.5 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta2: 1 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ beta2: -0.5 }, 'beta2 must be a finite number, at least 0 and below 1'],
  ] as const)('refuses %o', (options, message) => {
    expect(() => new Lion(options as object)).toThrow(message);
  });

  it.each([{ learningRate: 0 }, { beta1: 0 }, { beta2: 0 }] as const)(
    'accepts %o, at the edge of its range',
    (options) => {
      expect(() => new Lion(options as object).dispose()).not.toThrow();
    },
  );
});
