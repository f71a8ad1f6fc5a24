import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { NAdam, nadamRule } from '../src/index.ts';

describe('NAdam', () => {
  it('has the defaults of PyTorch', () => {
    // torch.optim.NAdam: lr=2e-3, betas=(0.9, 0.999), eps=1e-8, momentum_decay=4e-3.
    const { hyperparameters, settings } = recordOf(nadamRule);
    expect(Object.fromEntries(hyperparameters.map((option) => [option.name, option.default]))).toEqual({
      learningRate: 0.002,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      momentumDecay: 0.004,
    });
    expect(Object.fromEntries(settings.map((option) => [option.name, option.default]))).toEqual({
      variant: 'corrected',
    });
  });

  it.each([
    [{ learningRate: -1 }, 'learningRate must be a finite number and at least 0'],
    [{ beta1: 1 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta1: -0.5 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta2: 1 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ beta2: -0.5 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ epsilon: -1 }, 'epsilon must be a finite number and at least 0'],
    [{ momentumDecay: -1 }, 'momentumDecay must be a finite number and at least 0'],
    [{ variant: 'torch' }, 'variant must be one of corrected, torch-1.13'],
    [{ variant: 1.13 }, 'variant must be one of corrected, torch-1.13'],
  ] as const)('refuses %o', (options, message) => {
    expect(() => new NAdam(options as object)).toThrow(message);
  });

  it.each([
    { learningRate: 0 },
    { beta1: 0 },
    { beta2: 0 },
    { epsilon: 0 },
    { momentumDecay: 0 },
    { variant: 'corrected' },
    { variant: 'torch-1.13' },
  ] as const)('accepts %o, at the edge of its range', (options) => {
    expect(() => new NAdam(options as object).dispose()).not.toThrow();
  });
});
