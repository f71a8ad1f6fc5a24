import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { RMSprop, rmsPropRule } from '../src/index.ts';

describe('RMSprop', () => {
  it('has the defaults of PyTorch', () => {
    // torch.optim.RMSprop: lr=0.01, alpha=0.99, eps=1e-8, momentum=0, centered=False.
    const { hyperparameters, settings } = recordOf(rmsPropRule);
    expect(Object.fromEntries(hyperparameters.map((option) => [option.name, option.default]))).toEqual({
      learningRate: 0.01,
      beta2: 0.99,
      epsilon: 1e-8,
      momentum: 0,
    });
    expect(Object.fromEntries(settings.map((option) => [option.name, option.default]))).toEqual({
      centered: false,
    });
  });

  it.each([
    [{ learningRate: -1 }, 'learningRate must be a finite number and at least 0'],
    [{ beta2: 1 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ beta2: -0.5 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ epsilon: -1 }, 'epsilon must be a finite number and at least 0'],
    [{ momentum: 1 }, 'momentum must be a finite number, at least 0 and below 1'],
    [{ momentum: -0.5 }, 'momentum must be a finite number, at least 0 and below 1'],
    [{ centered: 'yes' }, 'centered must be true or false'],
    [{ centered: 1 }, 'centered must be true or false'],
  ] as const)('refuses %o', (options, message) => {
    expect(() => new RMSprop(options as object)).toThrow(message);
  });

  // The decay of the second moment is alpha in torch.optim.RMSprop, and rho in Keras.
  it.each(['alpha', 'rho'])('takes %s for beta2, when it is made and when it is changed', (name) => {
    const meant = `rmsprop has no option "${name}"; did you mean "beta2"?`;
    expect(() => new RMSprop({ [name]: 0.9 })).toThrow(meant);
    const optimizer = new RMSprop({});
    expect(() => optimizer.setHyperparameter(name as 'beta2', 0.9)).toThrow(meant);
    optimizer.dispose();
  });

  it.each([
    { learningRate: 0 },
    { beta2: 0 },
    { epsilon: 0 },
    { momentum: 0 },
    { centered: true },
    { centered: false },
  ] as const)('accepts %o, at the edge of its range', (options) => {
    expect(() => new RMSprop(options as object).dispose()).not.toThrow();
  });
});
