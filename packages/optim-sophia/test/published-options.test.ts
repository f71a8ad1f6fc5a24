import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Sophia, sophiaRule } from '../src/index.ts';

describe('Sophia', () => {
  it('has the defaults of the authors’ code', () => {
    // Liuhong99/Sophia, sophia.py: lr=1e-4, betas=(0.965, 0.99), rho=0.04, and 1e-15 in the step.
    const { hyperparameters, settings } = recordOf(sophiaRule);
    expect(Object.fromEntries(hyperparameters.map((option) => [option.name, option.default]))).toEqual({
      learningRate: 0.0001,
      beta1: 0.965,
      beta2: 0.99,
      rho: 0.04,
      batchTokens: 1,
      epsilon: 1e-15,
    });
    expect(Object.fromEntries(settings.map((option) => [option.name, option.default]))).toEqual({});
  });

  it('is recorded as an optimizer that steps by signs', () => {
    expect(recordOf(sophiaRule).capabilities.signBased).toBe(true);
  });

  it.each([
    [{ learningRate: -1 }, 'learningRate must be a finite number and at least 0'],
    [{ beta1: 1 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta1: -0.5 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta2: 1 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ beta2: -0.5 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ rho: -1 }, 'rho must be a finite number and at least 0'],
    [{ batchTokens: -1 }, 'batchTokens must be a finite number and at least 0'],
    [{ epsilon: -1 }, 'epsilon must be a finite number and at least 0'],
  ] as const)('refuses %o', (options, message) => {
    expect(() => new Sophia(options as object)).toThrow(message);
  });

  it.each([
    { learningRate: 0 },
    { beta1: 0 },
    { beta2: 0 },
    { rho: 0 },
    { batchTokens: 0 },
    { epsilon: 0 },
  ] as const)('accepts %o, at the edge of its range', (options) => {
    expect(() => new Sophia(options as object).dispose()).not.toThrow();
  });
});
