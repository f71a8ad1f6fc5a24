import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Dion, dionRule } from '../src/index.ts';

const defaultsOf = (options: readonly { name: string; default: unknown }[]) =>
  Object.fromEntries(options.map((option) => [option.name, option.default]));

describe('Dion', () => {
  it('has the defaults of the authors’ code', () => {
    // microsoft/dion, dion_reference.py: lr=0.01, mu=0.95, betas=(0.9, 0.95), weight_decay=0.01, rank_fraction=1.0,
    // power_iters=1, epsilon=1e-8.
    const { hyperparameters, settings } = recordOf(dionRule);
    expect(defaultsOf(hyperparameters)).toEqual({
      learningRate: 0.01,
      momentum: 0.95,
      epsilon: 1e-8,
      adamBeta1: 0.9,
      adamBeta2: 0.95,
    });
    expect(defaultsOf(settings)).toEqual({ rankFraction: 1, powerIterations: 1, adamw: 'others', noise: 0 });
    expect(dionRule.defaults).toEqual({ weightDecay: 0.01 });
  });

  it.each([
    [{ momentum: 1.5 }, 'momentum must be a finite number, at least 0 and at most 1'],
    [{ epsilon: -1 }, 'epsilon must be a finite number and at least 0'],
    [{ rankFraction: 0 }, 'rankFraction must be a number above 0, up to 1'],
    [{ rankFraction: 1.1 }, 'rankFraction must be a number above 0, up to 1'],
    [{ powerIterations: 0 }, 'powerIterations must be an integer from 1'],
    [{ adamw: 'some' }, 'adamw must be one of never, others, always'],
    [{ noise: 0.5 }, 'noise must be a whole number from 0 to 4294967295'],
  ])('refuses %o', (options, message) => {
    expect(() => new Dion(options as object)).toThrow(message);
  });

  it.each([{ momentum: 0 }, { momentum: 1 }, { rankFraction: 1e-9 }, { epsilon: 0 }])(
    'accepts %o',
    (options) => {
      expect(() => new Dion(options).dispose()).not.toThrow();
    },
  );
});
