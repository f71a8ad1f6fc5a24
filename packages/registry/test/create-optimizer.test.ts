import { AdamW, AMSGrad } from '@steepest/optim-adam';
import { Lion } from '@steepest/optim-lion';
import { optimizerClass } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { createOptimizer, listOptimizers, optimizerByName, optimizerRecord } from '../src/index.ts';

await tf.setBackend('cpu');

describe('the list of optimizers', () => {
  it('holds every optimizer of the imported packages, by name', () => {
    expect(listOptimizers()).toEqual(['adam', 'adamw', 'amsgrad', 'lion']);
  });

  it('is narrowed by a glob', () => {
    expect(listOptimizers('*ada*')).toEqual(['adam', 'adamw']);
    expect(listOptimizers('{lion,a?sgrad}')).toEqual(['amsgrad', 'lion']);
    expect(listOptimizers('muon')).toEqual([]);
  });
});

describe('an optimizer made by name', () => {
  it('is that of its class with the same options', () => {
    const options = { learningRate: 0.25, weightDecay: 0.5 };
    const named = createOptimizer('lion', options);
    // tf.Optimizer calls everything that can minimize an instance of itself.
    expect(named.constructor).toBe(Lion);
    const steps = [named, new Lion(options)].map((optimizer) => {
      const weight = tf.variable(tf.tensor1d([1, -2]));
      optimizer.minimize(() => tf.sum(tf.square(weight)));
      return weight.arraySync();
    });
    // 1 - 0.25 * 0.5 = 0.875 of the weight, less 0.25 against its sign.
    expect(steps).toEqual([
      [0.625, -1.5],
      [0.625, -1.5],
    ]);
  });

  it('has its own defaults where no options are given', () => {
    expect(createOptimizer('amsgrad').constructor).toBe(AMSGrad);
    expect(optimizerByName('adamw')).toBe(AdamW);
  });

  it('checks its options', () => {
    expect(() => createOptimizer('lion', { beta3: 0.9 })).toThrow(
      'lion has no option "beta3". Known options: ',
    );
    expect(() => createOptimizer('lion', { learningRate: -1 })).toThrow('lion: learningRate must be');
  });
});

it('gives the record of a name', () => {
  expect(optimizerRecord('lion')).toEqual(new Lion().describe());
  expect(optimizerRecord('adamw').paper.source).toBe('arXiv 1711.05101');
});

describe('a name that nothing has', () => {
  it('is answered with the nearest and all known', () => {
    const message =
      'no optimizer is called "loin"; did you mean "lion"? Known optimizers: adam, adamw, amsgrad, lion';
    for (const ask of [createOptimizer, optimizerRecord, optimizerByName]) {
      expect(() => ask('loin')).toThrow(new Error(message));
      expect(() => ask('LION')).toThrow(new Error(message.replace('loin', 'LION')));
    }
  });

  it('must be a string', () => {
    const ask = (name: unknown) => () => createOptimizer(name as string);
    expect(ask(undefined)).toThrow('must be a string such as "lion", got undefined');
    expect(ask({ name: 'lion' })).toThrow('must be a string such as "lion", got {"name":"lion"}');
    // Names that every object has are no optimizers.
    expect(ask('constructor')).toThrow('no optimizer is called "constructor"');
  });
});

it('refuses a name that two classes have, and names both', () => {
  optimizerClass(Lion.rule, 'RegistryTestLion');
  expect(() => createOptimizer('lion')).toThrow(
    '"lion" is the name of 2 optimizers: of the class SteepestLion and of the class RegistryTestLion; remove all but one',
  );
});
