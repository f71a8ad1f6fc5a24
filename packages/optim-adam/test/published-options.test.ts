import { recordOf } from '@steepest/optimizer';
import { weightsAfter } from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Adam, AdamW, AMSGrad, adamRule, adamWRule, amsGradRule } from '../src/index.ts';

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
  ] as const)('accepts %o, at the edge of its range', (options) => {
    expect(() => new Adam(options as object).dispose()).not.toThrow();
  });

  it('adds weight decay to the gradient unless told otherwise', async () => {
    // As in PyTorch: g = 0.5 * 1, and the first step is learningRate * sign(g).
    const weights = await weightsAfter(new Adam({ learningRate: 0.1, weightDecay: 0.5 }), [1], [[0]]);
    expect(weights[0]).toBeCloseTo(0.9, 5);
  });
});

describe('AdamW', () => {
  it('has the defaults of Adam', () => {
    // torch.optim.AdamW: as Adam.
    const { hyperparameters, settings } = recordOf(adamWRule);
    expect(hyperparameters).toEqual(recordOf(adamRule).hyperparameters);
    expect(settings).toEqual(recordOf(adamRule).settings);
  });

  it('decays weights by learningRate * 0.01 of themselves unless told otherwise', async () => {
    // torch.optim.AdamW: weight_decay=1e-2.
    const weights = await weightsAfter(new AdamW({ learningRate: 0.5 }), [1], [[0]]);
    expect(weights[0]).toBeCloseTo(1 - 0.5 * 0.01, 6);
  });
});

describe('AMSGrad', () => {
  it('is Adam that divides by the largest second moment so far', async () => {
    const options = { learningRate: 0.1, beta1: 0, beta2: 0, epsilon: 0 };
    // Of gradients 4 and 1, Adam's second step is 0.1 * 1 / 1, and that of AMSGrad 0.1 * 1 / 4.
    expect((await weightsAfter(new Adam(options), [0], [[4], [1]]))[0]).toBeCloseTo(-0.2, 6);
    expect((await weightsAfter(new AMSGrad(options), [0], [[4], [1]]))[0]).toBeCloseTo(-0.125, 6);
    expect(recordOf(amsGradRule).settings.map((option) => [option.name, option.default])).toEqual([
      ['amsgrad', true],
    ]);
  });
});
