import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Signum, signumRule } from '../src/index.ts';

describe('Signum', () => {
  it('has the momentum of the paper and the learning rate of Lion', () => {
    // Bernstein et al. 2018, section 5: momentum 0.9. The learning rate is that of Lion, whose steps are as long.
    const { hyperparameters, settings } = recordOf(signumRule);
    expect(Object.fromEntries(hyperparameters.map((option) => [option.name, option.default]))).toEqual({
      learningRate: 0.0001,
      beta1: 0.9,
    });
    expect(Object.fromEntries(settings.map((option) => [option.name, option.default]))).toEqual({});
  });

  it('is recorded as an optimizer that steps by signs', () => {
    expect(recordOf(signumRule).capabilities.signBased).toBe(true);
  });

  it.each([
    [{ learningRate: -1 }, 'learningRate must be a finite number and at least 0'],
    [{ beta1: 1 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta1: -0.5 }, 'beta1 must be a finite number, at least 0 and below 1'],
  ] as const)('refuses %o', (options, message) => {
    expect(() => new Signum(options as object)).toThrow(message);
  });

  it.each([{ learningRate: 0 }, { beta1: 0 }] as const)('accepts %o, at the edge of its range', (options) => {
    expect(() => new Signum(options as object).dispose()).not.toThrow();
  });
});
