import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it } from 'vitest';
import { defineUpdateRule, optimizerClass } from '../src/index.ts';
import { Descent, descentRule, Moments, TestModel, trainedValues } from './test-rules.ts';

let model: TestModel | undefined;
afterEach(() => model?.dispose());

describe('gradients', () => {
  it('find their state by name: a shuffled order of the keys changes no bit', async () => {
    const ordered = await trainedValues(new Moments({ clipGlobalNorm: 0.5 }), 6);
    const optimizer = new Moments({ clipGlobalNorm: 0.5 });
    model = new TestModel();
    for (let step = 1; step <= 6; step++) {
      tf.tidy(() => {
        const entries = Object.entries(model!.gradients(step));
        optimizer.applyGradients(Object.fromEntries(step % 2 === 0 ? entries.reverse() : entries));
      });
    }
    expect(await model.values()).toEqual(ordered);
    optimizer.dispose();
  });

  it('may come as a list, as minimize makes it', async () => {
    const asMap = await trainedValues(new Moments(), 3);
    model = new TestModel();
    const optimizer = new Moments();
    for (let step = 1; step <= 3; step++) {
      tf.tidy(() =>
        optimizer.applyGradients(
          Object.entries(model!.gradients(step)).map(([name, tensor]) => ({ name, tensor })),
        ),
      );
    }
    expect(await model.values()).toEqual(asMap);
    optimizer.dispose();
  });

  it.each([
    ['missing', (gradients: tf.NamedTensorMap) => ({ 'a/weight': gradients['a/weight']! })],
    ['null', (gradients: tf.NamedTensorMap) => ({ ...gradients, 'b/weight': null })],
    ['undefined', (gradients: tf.NamedTensorMap) => ({ ...gradients, 'b/weight': undefined })],
  ])('that are %s leave the variable, its state and its step count alone', async (_, withoutB) => {
    model = new TestModel();
    const optimizer = new Moments({ weightDecay: 0.1 });
    model.train(optimizer, 1, 2);
    const [, before] = await model.values();
    const stateBefore = (await optimizer.state()).parameters['b/weight'];
    tf.tidy(() => optimizer.applyGradients(withoutB(model!.gradients(3))));
    expect((await model.values())[1]).toEqual(before);
    const state = await optimizer.state();
    expect(state.parameters['b/weight']).toEqual(stateBefore);
    expect([state.step, state.parameters['a/weight']!.step]).toEqual([3, 3]);
    optimizer.dispose();
  });

  it.each([
    ['a promise of them', Promise.resolve({}), 'a promise'],
    ['a Map', new Map([['a/weight', 1]]), '{} (object)'],
    ['nothing', undefined, 'undefined (undefined)'],
    ['a number', 0, '0'],
  ])('that are %s are refused, rather than counted as a step of none', (_, given, shown) => {
    const optimizer = new Moments();
    expect(() => optimizer.applyGradients(given as never)).toThrow(
      `gradients must be tensors by the names of variables, or a list of { name, tensor }, got ${shown}`,
    );
    expect(optimizer.iterations).toBe(0);
    optimizer.dispose();
  });

  it.each<[string, (tensor: tf.Tensor) => unknown, string]>([
    ['a tensor', (tensor) => tensor, 'a tensor'],
    ['a pair of gradient and variable, as in Keras', (tensor) => [tensor, tensor], 'a list'],
    [
      'a gradient under another key',
      (tensor) => ({ name: 'b/weight', gradient: tensor }),
      'an object with name, gradient',
    ],
    ['a tensor without a name', (tensor) => ({ tensor }), 'an object with tensor'],
    ['a name alone', () => ({ name: 'b/weight' }), 'an object with name'],
    ['a text', () => 'b/weight', '"b/weight" (string)'],
    ['nothing', () => undefined, 'undefined (undefined)'],
  ])('of which an entry is %s are refused, rather than counted as a step of none', (_, entry, shown) => {
    model = new TestModel();
    const optimizer = new Moments();
    const tensor = tf.zeros([4]);
    expect(() => optimizer.applyGradients([{ name: 'b/weight', tensor }, entry(tensor)] as never)).toThrow(
      `gradients[1] must be { name, tensor }, got ${shown}`,
    );
    expect(optimizer.iterations).toBe(0);
    tensor.dispose();
    optimizer.dispose();
  });

  it('that are disposed or no tensors are refused by name, and nothing changes', async () => {
    model = new TestModel();
    const optimizer = new Moments();
    const before = await model.values();
    const gradients = model.gradients(1);
    gradients['b/weight']!.dispose();
    expect(() => optimizer.applyGradients(gradients)).toThrow('the gradient of "b/weight" is disposed');
    const number = { ...gradients, 'b/weight': 5 as never };
    expect(() => optimizer.applyGradients(number)).toThrow('the gradient of "b/weight" is no tensor: 5');
    expect(await model.values()).toEqual(before);
    expect([optimizer.iterations, optimizer.stateBytes()]).toEqual([0, 0]);
    tf.dispose(gradients);
    optimizer.dispose();
  });

  it('that come late start at a step count of 1, as if the parameter were new', async () => {
    const [, fresh] = await trainedValues(new Moments(), 1);
    model = new TestModel();
    const optimizer = new Moments();
    tf.tidy(() => optimizer.applyGradients({ 'a/weight': model!.gradients(1)['a/weight']! }));
    tf.tidy(() => optimizer.applyGradients({ 'b/weight': model!.gradients(1)['b/weight']! }));
    expect((await model.values())[1]).toEqual(fresh);
    optimizer.dispose();
  });
});

describe('a gradient is refused', () => {
  it.each([
    [
      'for an unknown variable',
      { lost: () => tf.scalar(1) },
      'gradient for unknown variable "lost": no variable of that name is registered with tfjs',
    ],
    [
      'of another shape than its variable',
      { 'a/weight': () => tf.zeros([2, 3]) },
      'gradient of "a/weight" has shape [2,3], but the variable has shape [3,2]',
    ],
    [
      'for an int32 variable',
      { counter: () => tf.zeros([2]) },
      'variable "counter" is int32; only float32 variables can be optimized',
    ],
  ])('%s', (_, given, message) => {
    model = new TestModel();
    const counter = tf.variable(tf.zeros([2], 'int32'), true, 'counter');
    const optimizer = new Descent();
    const gradients = Object.fromEntries(
      Object.entries<() => tf.Tensor>(given).map(([name, make]) => [name, make()]),
    );
    expect(() => optimizer.applyGradients(gradients)).toThrow(message);
    expect(optimizer.iterations).toBe(0);
    counter.dispose();
  });

  it('twice for one variable', () => {
    model = new TestModel();
    const tensor = tf.zeros([4]);
    expect(() =>
      new Descent().applyGradients([
        { name: 'b/weight', tensor },
        { name: 'b/weight', tensor },
      ]),
    ).toThrow('two gradients are given for variable "b/weight"');
  });

  it('when a variable of that name had another shape before', () => {
    model = new TestModel({ reused: [2] });
    const optimizer = new Descent();
    model.train(optimizer, 1, 1);
    model.dispose();
    model = new TestModel({ reused: [3] });
    expect(() => model!.train(optimizer, 2, 2)).toThrow(
      'variable "reused" had shape [2] before and has [3] now',
    );
  });
});

describe('clipping by global norm', () => {
  it('with a limit no gradient reaches equals no clipping, bit for bit', async () => {
    expect(await trainedValues(new Moments({ clipGlobalNorm: 1e6 }), 5)).toEqual(
      await trainedValues(new Moments(), 5),
    );
  });

  it('scales all gradients by min(1, limit / (norm + 1e-6)), and reports the norm', async () => {
    model = new TestModel({ a: [1], b: [1] });
    const before = await model.values();
    const optimizer = new Descent({ learningRate: 1, clipGlobalNorm: 1 });
    expect(await optimizer.gradientNorm()).toBeUndefined();
    tf.tidy(() => optimizer.applyGradients({ a: tf.tensor1d([3]), b: tf.tensor1d([4]) }));
    expect(await optimizer.gradientNorm()).toBe(5);
    const after = await model.values();
    const factor = 1 / (5 + 1e-6);
    // Six digits: float32 values near 1.
    expect(before[0]![0]! - after[0]![0]!).toBeCloseTo(3 * factor, 6);
    expect(before[1]![0]! - after[1]![0]!).toBeCloseTo(4 * factor, 6);
    optimizer.dispose();
  });

  it('leaves out the gradients of parameters that do not train', async () => {
    model = new TestModel({ a: [1], b: [1] });
    const optimizer = new Descent({ clipGlobalNorm: 1, groups: [{ match: 'b', trainable: false }] });
    tf.tidy(() => optimizer.applyGradients({ a: tf.tensor1d([3]), b: tf.tensor1d([4]) }));
    expect(await optimizer.gradientNorm()).toBe(3);
    optimizer.dispose();
  });
});

describe('a rule that refuses a parameter', () => {
  const rule = defineUpdateRule({
    ...descentRule,
    name: 'matrices-only',
    slots: ({ parameter }) => {
      if (parameter.shape.length < 2) throw new Error(`${parameter.name} is not a matrix`);
      return {};
    },
  });
  const MatricesOnly = optimizerClass(rule, 'SteepestTestMatricesOnly');

  it('does so before any parameter has moved', async () => {
    const mixed = new TestModel({ a: [2, 2], b: [3] });
    model = mixed;
    const before = await mixed.values();
    const optimizer = new MatricesOnly();
    expect(() => mixed.train(optimizer, 1, 1)).toThrow('b is not a matrix');
    expect(await mixed.values()).toEqual(before);
    expect(optimizer.iterations).toBe(0);
    optimizer.dispose();
  });
});
