import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { AdaBelief, adabeliefRule } from '../src/index.ts';

describe('AdaBelief', () => {
  it('has the defaults of the authors’ code', () => {
    // adabelief-pytorch 0.2.1: lr=1e-3, betas=(0.9, 0.999), eps=1e-16, weight_decay=0, amsgrad=False, weight_decouple=True, rectify=True, degenerated_to_sgd=True.
    const { hyperparameters, settings } = recordOf(adabeliefRule);
    expect(Object.fromEntries(hyperparameters.map((option) => [option.name, option.default]))).toEqual({
      learningRate: 0.001,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-16,
    });
    expect(Object.fromEntries(settings.map((option) => [option.name, option.default]))).toEqual({
      rectify: true,
      degenerateToSgd: true,
      amsgrad: false,
    });
    expect(adabeliefRule.defaults).toEqual(undefined);
  });

  it.each([
    [{ learningRate: -1 }, 'learningRate must be a finite number and at least 0'],
    [{ beta1: -1 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta1: 1 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta2: -1 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ beta2: 1 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ epsilon: -1 }, 'epsilon must be a finite number and at least 0'],
    [{ rectify: 1 }, 'rectify must be true or false'],
    [{ degenerateToSgd: 1 }, 'degenerateToSgd must be true or false'],
    [{ amsgrad: 1 }, 'amsgrad must be true or false'],
  ] as const)('refuses %o', (options, message) => {
    expect(() => new AdaBelief(options as object)).toThrow(message);
  });

  it.each([{ learningRate: 0 }, { beta1: 0 }, { beta2: 0 }, { epsilon: 0 }] as const)(
    'accepts %o, at the edge of its range',
    (options) => {
      expect(() => new AdaBelief(options as object).dispose()).not.toThrow();
    },
  );
});
