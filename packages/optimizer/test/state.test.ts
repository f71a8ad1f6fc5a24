import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it } from 'vitest';
import { decodeState, encodeState, type Optimizer, type OptimizerState } from '../src/index.ts';
import { Descent, Moments, TestModel, trainedValues } from './test-rules.ts';

let model: TestModel | undefined;
afterEach(() => model?.dispose());

const options = { learningRate: (step: number) => 0.1 / step, weightDecay: 0.1, clipGlobalNorm: 1 };

/** Plain data and back, as a file makes it. */
function throughJson(state: OptimizerState): OptimizerState {
  const parameters = Object.entries(state.parameters).map(([name, { step, slots }]) => {
    const copied = Object.entries(slots).map(([slot, { shape, data }]) => {
      return [slot, { shape, data: Float32Array.from(JSON.parse(JSON.stringify([...data]))) }];
    });
    return [name, { step, slots: Object.fromEntries(copied) }];
  });
  return { ...state, parameters: Object.fromEntries(parameters) };
}

async function weightsBetween(from: Optimizer, to: Optimizer): Promise<void> {
  await to.setWeights(await from.getWeights());
}

async function stateBetween(from: Optimizer, to: Optimizer): Promise<void> {
  await to.loadState(throughJson(await from.state()));
}

describe.each([
  ['getWeights and setWeights', weightsBetween],
  ['state and loadState', stateBetween],
])('%s', (_, move) => {
  it('continue bit for bit', async () => {
    const uninterrupted = await trainedValues(new Moments(options), 7);
    model = new TestModel();
    const first = new Moments(options);
    model.train(first, 1, 3);
    const second = new Moments(options);
    await move(first, second);
    first.dispose();
    expect(second.iterations).toBe(3);
    model.train(second, 4, 7);
    expect(await model.values()).toEqual(uninterrupted);
    second.dispose();
  });

  it('continue bit for bit in variables that tfjs named with a suffix, group by group', async () => {
    const grouped = { ...options, groups: [{ match: 'b/weight', learningRate: 0.01 }] };
    const uninterrupted = await trainedValues(new Moments(grouped), 9);
    const original = new TestModel();
    const first = new Moments(grouped);
    original.train(first, 1, 3);
    model = new TestModel({ 'a/weight_1': [3, 2], 'b/weight_1': [4] });
    for (const [index, variable] of model.variables.entries()) variable.assign(original.variables[index]!);
    const second = new Moments(grouped);
    await move(first, second);
    model.train(second, 4, 6);
    // A saved name is the name that its variable has.
    expect(Object.keys((await second.state()).parameters)).toEqual(['a/weight_1', 'b/weight_1']);
    expect(second.stateReport().claimed).toEqual([
      { variable: 'a/weight_1', savedAs: 'a/weight' },
      { variable: 'b/weight_1', savedAs: 'b/weight' },
    ]);
    const third = new Moments(grouped);
    await move(second, third);
    model.train(third, 7, 9);
    expect(await model.values()).toEqual(uninterrupted);
    original.dispose();
    for (const optimizer of [first, second, third]) optimizer.dispose();
  });

  it('keep state that no gradient has called for yet', async () => {
    model = new TestModel();
    const first = new Moments();
    model.train(first, 1, 2);
    const second = new Moments();
    await stateBetween(first, second);
    const third = new Moments();
    await move(second, third);
    expect((await second.state()).parameters).toEqual((await first.state()).parameters);
    for (const optimizer of [first, second, third]) optimizer.dispose();
  });

  it('continue with parameters that do not train', async () => {
    const frozen = { groups: [{ match: 'b/*', trainable: false }] };
    const uninterrupted = await trainedValues(new Moments(frozen), 4);
    model = new TestModel();
    const first = new Moments(frozen);
    model.train(first, 1, 2);
    const second = new Moments(frozen);
    await move(first, second);
    model.train(second, 3, 4);
    expect(await model.values()).toEqual(uninterrupted);
  });
});

it('a suffix that could mean two parameters takes up neither', async () => {
  const original = new TestModel({ layer_1: [2], layer_2: [2] });
  const first = new Moments();
  original.train(first, 1, 2);
  model = new TestModel({ layer_3: [2] });
  const second = new Moments();
  await second.loadState(await first.state());
  model.train(second, 3, 3);
  expect((await second.state()).parameters.layer_3!.step).toBe(1);
  original.dispose();
});

describe('saved state is refused', () => {
  const state: OptimizerState = { schemaVersion: 1, optimizer: 'moments', step: 3, parameters: {} };
  const slot = (shape: number[]) => ({ shape, data: new Float32Array(tf.util.sizeFromShape(shape)) });

  it('of another schema version or another optimizer', async () => {
    await expect(new Moments().loadState({ ...state, schemaVersion: 2 } as never)).rejects.toThrow(
      'optimizer state has schema version 2; this version reads 1',
    );
    await expect(new Descent().loadState(state)).rejects.toThrow(
      'state of "moments" cannot be loaded into "descent"',
    );
  });

  it.each([
    [
      'with other slots',
      { momentum: slot([2]) },
      'saved state of "a" has the slots {momentum}, but moments keeps {momentum, secondMoment}',
    ],
    [
      'with a slot of another shape',
      { momentum: slot([2]), secondMoment: slot([3]) },
      'saved slot "secondMoment" of "a" has shape [3], but [2] is needed',
    ],
  ])('%s, when its parameter comes', async (_, slots, message) => {
    model = new TestModel({ a: [2] });
    const optimizer = new Moments();
    await optimizer.loadState({ ...state, parameters: { a: { step: 3, slots } } });
    const before = tf.memory().numTensors;
    expect(() => model!.train(optimizer, 4, 4)).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('when a weight’s name is not of the form <variable>/<slot>', async () => {
    await expect(new Moments().setWeights([{ name: 'momentum', tensor: tf.scalar(0) }])).rejects.toThrow(
      'optimizer weight "momentum" is not of the form <variable>/<slot>',
    );
  });

  it('that a variable of another suffix has taken up, when its own variable comes', async () => {
    const original = new TestModel({ 'layer/a': [2] });
    const first = new Moments();
    original.train(first, 1, 1);
    model = new TestModel({ 'layer/a_1': [2] });
    const second = new Moments();
    await second.loadState(await first.state());
    model.train(second, 2, 2);
    const before = await second.state();
    expect(() => original.train(second, 3, 3)).toThrow(
      'variable "layer/a_1" has taken up the state saved as "layer/a", because "layer/a" was not trained beside it',
    );
    expect(await second.state()).toEqual(before);
    second.dropState('layer/a');
    original.train(second, 3, 3);
    expect((await second.state()).parameters['layer/a']!.step).toBe(1);
    original.dispose();
    first.dispose();
    second.dispose();
  });
});

it('is that of one moment, although steps are taken while the backend is read', async () => {
  model = new TestModel();
  const optimizer = new Moments(options);
  model.train(optimizer, 1, 2);
  const before = await optimizer.state();
  const reading = optimizer.state();
  model.train(optimizer, 3, 4);
  expect(await reading).toEqual(before);
  // Reading ends for one parameter before the next begins: a step between them tears nothing.
  const { numTensors } = tf.memory();
  const again = optimizer.state();
  await Promise.resolve();
  model.train(optimizer, 5, 5);
  expect((await again).parameters['b/weight']!.step).toBe(4);
  expect(tf.memory().numTensors).toBe(numTensors);
  optimizer.dispose();
});

it('a state file keeps the numbers of groups that JSON does not have', () => {
  const groups = [{ largest: Infinity, least: -Infinity, last: Number.NaN, sum: 1.5 }];
  const state: OptimizerState = { schemaVersion: 1, optimizer: 'moments', step: 3, groups, parameters: {} };
  expect(decodeState(encodeState(state))).toEqual(state);
});

describe('memory', () => {
  it('does not grow from step to step, nor from save to save after the first', async () => {
    model = new TestModel();
    const optimizer = new Moments(options);
    model.train(optimizer, 1, 1);
    await optimizer.getWeights();
    const { numTensors } = tf.memory();
    for (let step = 2; step <= 5; step++) {
      model.train(optimizer, step, step);
      await optimizer.getWeights();
      await optimizer.state();
      await optimizer.gradientNorm();
      expect(tf.memory().numTensors).toBe(numTensors);
    }
    optimizer.dispose();
  });

  it('is all given back by dispose, also when the steps were inside tf.tidy', async () => {
    model = new TestModel();
    const { numTensors } = tf.memory();
    const optimizer = new Moments(options);
    tf.tidy(() => model!.train(optimizer, 1, 3));
    model.train(optimizer, 4, 4);
    await optimizer.getWeights();
    expect(optimizer.stateBytes()).toBe(2 * 4 * (6 + 4));
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(numTensors);
    expect(optimizer.stateBytes()).toBe(0);
  });

  it('does not grow when state is loaded again and again', async () => {
    model = new TestModel();
    const optimizer = new Moments(options);
    model.train(optimizer, 1, 2);
    const state = await optimizer.state();
    const { numTensors } = tf.memory();
    for (let time = 0; time < 3; time++) {
      await optimizer.loadState(state);
      model.train(optimizer, 3, 3);
    }
    expect(tf.memory().numTensors).toBe(numTensors);
    optimizer.dispose();
  });
});
