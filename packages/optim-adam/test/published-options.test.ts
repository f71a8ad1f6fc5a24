import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Adam, adamRule, adamWRule, amsGradRule } from '../src/index.ts';

describe('Adam', () => {
  it('has the defaults of PyTorch', () => {
    // torch.optim.Adam: lr=1e-3, betas=(0.9, 0.999), eps=1e-8, amsgrad=False.
    const { hyperparameters, settings } = recordOf(adamRule);
    expect(Object.fromEntries(hyperparameters.map((option) => [option.name, option.default]))).toEqual({
      learningRate: 0.001,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
    });
    expect(Object.fromEntries(settings.map((option) => [option.name, option.default]))).toEqual({
      amsgrad: false,
      epsilonPlacement: 'corrected',
    });
  });

  it.each([
    [{ learningRate: -1 }, 'learningRate must be a finite number and at least 0'],
    [{ beta1: 1 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta1: -0.5 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta2: 1 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ beta2: -0.5 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ epsilon: -1 }, 'epsilon must be a finite number and at least 0'],
    [{ amsgrad: 'yes' }, 'amsgrad must be true or false'],
    [{ amsgrad: 1 }, 'amsgrad must be true or false'],
    [{ epsilonPlacement: 'inside' }, 'epsilonPlacement must be one of corrected, uncorrected'],
  ] as const)('refuses %o', (options, message) => {
    expect(() => new Adam(options as object)).toThrow(message);
  });

  it.each([
    { learningRate: 0 },
    { beta1: 0 },
    { beta2: 0 },
    { epsilon: 0 },
    { amsgrad: true },
    { amsgrad: false },
    { epsilonPlacement: 'uncorrected' },
  ] as const)('accepts %o, at the edge of its range', (options) => {
    expect(() => new Adam(options as object).dispose()).not.toThrow();
  });
});

describe('AdamW', () => {
  it('has the defaults of Adam', () => {
    // torch.optim.AdamW: as Adam.
    const { hyperparameters, settings } = recordOf(adamWRule);
    expect(hyperparameters).toEqual(recordOf(adamRule).hyperparameters);
    expect(settings).toEqual(recordOf(adamRule).settings);
  });
});

describe('AMSGrad', () => {
  it('has the defaults of Adam, with amsgrad', () => {
    // torch.optim.Adam with amsgrad=True.
    const { hyperparameters, settings } = recordOf(amsGradRule);
    expect(hyperparameters).toEqual(recordOf(adamRule).hyperparameters);
    expect(settings.map((option) => [option.name, option.default])).toEqual([
      ['amsgrad', true],
      ['epsilonPlacement', 'corrected'],
    ]);
  });
});
