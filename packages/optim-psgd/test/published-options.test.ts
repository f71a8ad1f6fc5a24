import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { PsgdKron, psgdKronRule } from '../src/index.ts';

const defaultsOf = (options: readonly { name: string; default: unknown }[]) =>
  Object.fromEntries(options.map((option) => [option.name, option.default]));

describe('PSGD Kron', () => {
  it('has the defaults of the authors’ code, but for a constant updateProbability', () => {
    // kron_torch, Kron: lr=3e-4, b1=0.9, weight_decay=0, max_size_triangular=8192, min_ndim_triangular=2,
    // memory_save_mode=None, momentum_into_precond_update=True, precond_lr=0.1, precond_init_scale=1; balanced with 0.01.
    const { hyperparameters, settings } = recordOf(psgdKronRule);
    expect(defaultsOf(hyperparameters)).toEqual({
      learningRate: 3e-4,
      momentum: 0.9,
      preconditionerLearningRate: 0.1,
      updateProbability: 1,
      balanceProbability: 0.01,
      rmsClip: 1.1,
    });
    expect(defaultsOf(settings)).toEqual({
      maxTriangularSize: 8192,
      minTriangularRank: 2,
      memorySaveMode: 'none',
      momentumIntoPreconditioner: true,
      initialScale: 1,
      noise: 0,
    });
  });

  it.each([
    [{ momentum: 1 }, 'momentum must be a finite number, at least 0 and below 1'],
    [{ updateProbability: 1.5 }, 'updateProbability must be a finite number, at least 0 and at most 1'],
    [{ balanceProbability: -1 }, 'balanceProbability must be a finite number, at least 0 and at most 1'],
    [{ rmsClip: -1 }, 'rmsClip must be a finite number and at least 0'],
    [{ maxTriangularSize: 0 }, 'maxTriangularSize must be an integer from 1'],
    [{ memorySaveMode: 'diag' }, 'memorySaveMode must be one of none, one_diag, smart_one_diag, all_diag'],
    [{ momentumIntoPreconditioner: 1 }, 'momentumIntoPreconditioner must be true or false'],
    [{ initialScale: 0 }, 'initialScale must be a positive number'],
    [
      { noise: -1 },
      'noise must be a whole number from 0 to 4294967295, or a function that returns the noise',
    ],
    [{ noise: 2 ** 32 }, 'noise must be a whole number from 0 to 4294967295'],
  ])('refuses %o', (options, message) => {
    expect(() => new PsgdKron(options as object)).toThrow(message);
  });

  it.each([{ updateProbability: 0 }, { noise: 2 ** 32 - 1 }, { noise: () => [] }, { initialScale: 1e-3 }])(
    'accepts %o, at the edge of its range',
    (options) => {
      expect(() => new PsgdKron(options).dispose()).not.toThrow();
    },
  );
});
