import { Float64Optimizer, recordOf, type UpdateRule } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Shampoo, type ShampooOptions, shampooRule } from '../src/index.ts';

const defaultsOf = (options: readonly { name: string; default: unknown }[]) =>
  Object.fromEntries(options.map((option) => [option.name, option.default]));

describe('Shampoo', () => {
  it('has as defaults what the authors’ code is used with', () => {
    // facebookresearch/optimizers, README.md, "Usage": lr=1e-3, betas=(0.9, 0.999), epsilon=1e-8, and
    // AdamGraftingConfig(beta2=0.999, epsilon=1e-8).
    expect(defaultsOf(recordOf(shampooRule).hyperparameters)).toEqual({
      learningRate: 1e-3,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      graftBeta2: 0.999,
      graftEpsilon: 1e-8,
    });
  });

  it('has settings of our own choice where the authors’ constructor and examples are for other machines', () => {
    // Those without a comment are as in the constructor of DistributedShampoo; its examples are in distributed_shampoo/README.md, which
    // have an epsilon of 1e-12 where "Usage" has 1e-8.
    expect(defaultsOf(recordOf(shampooRule).settings)).toEqual({
      beta3: null,
      // 1 in the constructor, 100 in the examples. An inverse root of an axis of 512 takes 0.96 s in JavaScript, too long for every
      // step; SOAP, beside which the README puts Shampoo, has 10 as well.
      preconditionFrequency: 10,
      startPreconditioningStep: null,
      biasCorrection: true,
      // None in the constructor; that of Adam in "Usage".
      grafting: 'adam',
      // That of the constructor, not the 8192 of the examples: the time of an inverse root grows with the cube of the axis.
      maxPreconditionerDim: 1024,
      // The constructor merges short axes; here that is asked for, and the README's bytes per parameter are those of the own shape.
      targetRank: null,
      inverseExponents: null,
    });
  });

  const powers = 'inverseExponents must be powers of at least 0 by number of axes and axis';
  it.each([
    [{ beta1: 1 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta2: 1.1 }, 'beta2 must be a finite number, at least 0 and at most 1'],
    [{ epsilon: -1 }, 'epsilon must be a finite number and at least 0'],
    [{ graftBeta2: 1 }, 'graftBeta2 must be a finite number, at least 0 and below 1'],
    [{ graftEpsilon: -1 }, 'graftEpsilon must be a finite number and at least 0'],
    [{ beta3: -0.1 }, 'beta3 must be a number, at least 0 and below 1, or null'],
    [{ beta3: 1 }, 'beta3 must be a number, at least 0 and below 1, or null'],
    [{ preconditionFrequency: 0 }, 'preconditionFrequency must be an integer from 1'],
    [{ startPreconditioningStep: 0 }, 'startPreconditioningStep must be an integer from 1, or null'],
    [{ maxPreconditionerDim: 1.5 }, 'maxPreconditionerDim must be an integer from 1, or null'],
    [{ targetRank: 0 }, 'targetRank must be an integer from 1, or null'],
    [{ grafting: 'sgd' }, 'grafting must be one of none, adagrad, rmsprop, adam'],
    [{ biasCorrection: 1 }, 'biasCorrection must be true or false'],
    [{ inverseExponents: 0.5 }, powers],
    [{ inverseExponents: {} }, powers],
    [{ inverseExponents: { 2: null } }, powers],
    [{ inverseExponents: { 1: { 0: 0.5 }, 2: 0.5 } }, powers],
    [{ inverseExponents: { 2: { 0: 0.5, 1: -1 } } }, powers],
    [{ inverseExponents: { 2: { 0: 0.5, 1: Number.POSITIVE_INFINITY } } }, powers],
  ])('refuses %j', (options, message) => {
    expect(() => new Shampoo(options as object)).toThrow(message);
  });

  it.each<ShampooOptions>([
    { beta2: 1 },
    { beta3: 0 },
    { graftBeta2: 0 },
    { inverseExponents: { 1: { 0: 0 }, 2: { 0: 0.5, 1: 0 } } },
  ])('accepts %j', (options) => {
    expect(() => new Shampoo(options).dispose()).not.toThrow();
  });

  it('keeps no factors of a parameter without elements', () => {
    const engine = new Float64Optimizer([{ rule: shampooRule as unknown as UpdateRule, options: {} }]);
    engine.add({ name: 'weight', shape: [0, 3], size: 0 }, new Float64Array(0));
    engine.step({ weight: [] });
    expect(Object.keys(engine.slots('weight')).sort()).toEqual(['graftSecondMoment', 'momentum']);
  });
});
