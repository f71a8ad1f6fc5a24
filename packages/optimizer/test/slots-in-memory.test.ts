import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  add,
  defineUpdateRule,
  likeParameter,
  mul,
  type Optimizer,
  optimizerClass,
  sub,
} from '../src/index.ts';
import { Descent } from './test-rules.ts';

/** Momentum without a buffer where it is the constant 0, a refresh, and an average of its own. */
const Kept = optimizerClass(
  defineUpdateRule({
    name: 'kept',
    title: 'Kept',
    paper: { authors: 'nobody', year: 2000, title: 'A rule for tests', source: 'none' },
    hyperparameters: {
      learningRate: { default: 1, minimum: 0, description: 'Step size' },
      momentum: { default: 0.5, minimum: 0, below: 1, description: 'Decay of the momentum' },
    },
    slots: ({ constant }) => ({
      total: likeParameter,
      ...(constant('momentum') === 0 ? {} : { velocity: likeParameter }),
    }),
    update({ parameter, gradient, total, velocity }, { learningRate, momentum }) {
      const moved = velocity === undefined ? gradient : add(mul(momentum, velocity), gradient);
      return {
        parameter: sub(parameter, mul(learningRate, moved)),
        total: add(total!, gradient),
        ...(velocity === undefined ? {} : { velocity: moved }),
      };
    },
    refresh: ({ gradient, total }, { step }) => ({ total: add(mul(total!, step), gradient) }),
    average: ({ parameter, total }, { step, learningRate }) =>
      add(mul(parameter, step), mul(total!, learningRate)),
  }),
  'SteepestTestKept',
);

afterAll(async () => {
  await tf.setBackend('cpu');
});

describe.each(['cpu', 'wasm'])('on %s', (backend) => {
  let a: tf.Variable;
  let b: tf.Variable;
  beforeEach(async () => {
    await tf.setBackend(backend);
    [a, b] = ['a', 'b'].map((name) => tf.variable(tf.tensor1d([8, 4]), true, name)) as [
      tf.Variable,
      tf.Variable,
    ];
  });
  afterEach(() => tf.dispose([a, b]));

  const step = (optimizer: Optimizer, names: readonly string[] = ['a'], gradient = [1, 2]): void =>
    tf.tidy(() =>
      optimizer.applyGradients(Object.fromEntries(names.map((name) => [name, tf.tensor1d(gradient)]))),
    );
  const valuesOf = (variable: tf.Variable): number[] => [...variable.dataSync()];
  async function slotsOf(optimizer: Optimizer): Promise<Record<string, number[]>> {
    const { slots } = (await optimizer.state()).parameters.a!;
    return Object.fromEntries(Object.entries(slots).map(([name, { data }]) => [name, [...data]]));
  }

  it('an average of the rule takes the place of the parameter and leaves it and its slots what they are', async () => {
    const optimizer = new Kept({ momentum: 0, learningRate: (now) => 2 ** -now });
    step(optimizer);
    step(optimizer);
    expect(valuesOf(a)).toEqual([8 - 0.75, 4 - 1.5]);
    const slots = await slotsOf(optimizer);
    expect(slots).toEqual({ total: [2, 4] });
    const { numTensors } = tf.memory();
    optimizer.swapInAverage();
    // The parameter times its steps and the total times the rate of the last step.
    expect(valuesOf(a)).toEqual([2 * 7.25 + 2 * 0.25, 2 * 2.5 + 4 * 0.25]);
    optimizer.swapOutAverage();
    expect(valuesOf(a)).toEqual([7.25, 2.5]);
    expect(await slotsOf(optimizer)).toEqual(slots);
    expect(tf.memory().numTensors).toBe(numTensors);
    optimizer.dispose();
  });

  it('a parameter that has taken no step is its own average', () => {
    const optimizer = new Kept({ groups: [{ match: 'b', trainable: false }] });
    step(optimizer, ['a', 'b']);
    optimizer.swapInAverage();
    expect(valuesOf(b)).toEqual([8, 4]);
    expect(valuesOf(a)).toEqual([7 + 1, 2 + 2]);
    optimizer.dispose();
    expect(valuesOf(a)).toEqual([7, 2]);
  });

  it('an average that stands in for a variable that is disposed is freed', () => {
    const { numTensors } = tf.memory();
    const optimizer = new Descent({ learningRate: 1, averageDecay: 0.5 });
    step(optimizer, ['a', 'b']);
    optimizer.swapInAverage();
    expect(valuesOf(b)).toEqual([7.5, 3]);
    a.dispose();
    optimizer.swapOutAverage();
    expect(valuesOf(b)).toEqual([7, 2]);
    optimizer.dispose();
    // One variable less.
    expect(tf.memory().numTensors).toBe(numTensors - 1);
  });

  it('a slot that an option switches off is freed at the next step, and one that it switches on starts at 0', async () => {
    const optimizer = new Kept();
    step(optimizer);
    const { numTensors } = tf.memory();
    expect(optimizer.stateBytes()).toBe(2 * 2 * 4);
    optimizer.momentum = 0;
    step(optimizer);
    expect(tf.memory().numTensors).toBe(numTensors - 1);
    expect(optimizer.stateBytes()).toBe(2 * 4);
    expect(await slotsOf(optimizer)).toEqual({ total: [2, 4] });
    optimizer.momentum = 0.25;
    step(optimizer);
    expect(await slotsOf(optimizer)).toEqual({ total: [3, 6], velocity: [1, 2] });
    expect(tf.memory().numTensors).toBe(numTensors);
    optimizer.dispose();
  });

  it('a refresh sees the steps that were taken, and leaves every other slot and the parameter', async () => {
    const optimizer = new Kept();
    step(optimizer);
    step(optimizer);
    const [values, { velocity }] = [valuesOf(a), await slotsOf(optimizer)];
    const { numTensors } = tf.memory();
    tf.tidy(() => optimizer.applyRefresh({ a: tf.tensor1d([10, 20]) }));
    expect(await slotsOf(optimizer)).toEqual({ total: [2 * 2 + 10, 4 * 2 + 20], velocity });
    expect(valuesOf(a)).toEqual(values);
    expect(tf.memory().numTensors).toBe(numTensors);
    expect([optimizer.iterations, (await optimizer.state()).parameters.a!.step]).toEqual([2, 2]);
    optimizer.dispose();
  });

  it('a refresh before any step makes the slots, of trained parameters only', async () => {
    const optimizer = new Kept({ groups: [{ match: 'b', trainable: false }] });
    tf.tidy(() => optimizer.applyRefresh({ a: tf.tensor1d([10, 20]), b: tf.tensor1d([1, 1]) }));
    expect(await slotsOf(optimizer)).toEqual({ total: [10, 20], velocity: [0, 0] });
    expect(optimizer.stateBytes()).toBe(2 * 2 * 4);
    // Nothing to refresh is no error.
    optimizer.applyRefresh({});
    optimizer.applyRefresh({ a: null });
    optimizer.dispose();
  });

  it('a refresh that is not finite is left out and counted, under skipNonFinite', async () => {
    const optimizer = new Kept({ skipNonFinite: true });
    step(optimizer);
    const before = await slotsOf(optimizer);
    tf.tidy(() => optimizer.applyRefresh({ a: tf.tensor1d([Number.NaN, 1]) }));
    expect([await slotsOf(optimizer), optimizer.skippedSteps]).toEqual([before, 1]);
    tf.tidy(() => optimizer.applyRefresh({ a: tf.tensor1d([1, 1]) }));
    expect([await slotsOf(optimizer), optimizer.skippedSteps]).toEqual([{ ...before, total: [2, 3] }, 1]);
    optimizer.dispose();
  });

  it('gradients that wait are state, which loading puts in the place of others', async () => {
    const optimizer = new Descent({ learningRate: 1, accumulationSteps: 3 });
    step(optimizer);
    expect(optimizer.stateBytes()).toBe(2 * 4);
    const state = await optimizer.state();
    step(optimizer, ['a', 'b']);
    const { numTensors } = tf.memory();
    expect(optimizer.stateBytes()).toBe(2 * 2 * 4);
    await optimizer.loadState(state);
    optimizer.claimState([a]);
    expect(await slotsOf(optimizer)).toEqual({ accumulatedGradient: [1, 2] });
    expect(tf.memory().numTensors).toBe(numTensors - 1);
    // Two more, of the mean of three: 8 - (1 + 1 + 1) / 3.
    step(optimizer);
    step(optimizer);
    expect(valuesOf(a)).toEqual([7, 2]);
    expect(optimizer.stateBytes()).toBe(0);
    optimizer.dispose();
  });

  it('gradients that wait are refused in another shape, or where none may wait', async () => {
    const optimizer = new Descent({ accumulationSteps: 2 });
    step(optimizer);
    const state = await optimizer.state();
    const withoutAny = new Descent();
    await expect(withoutAny.loadState(state)).rejects.toThrow(
      'stops after 1 micro-batches of a step; it needs accumulationSteps above that, not 1',
    );
    await expect(withoutAny.loadState({ ...state, microStep: 0 })).rejects.toThrow(
      'has a gradient of "a" that waits for the rest of its step, but no microStep says how many came',
    );
    const slot = { shape: [1, 2], data: Float32Array.of(1, 1) };
    const turned = { a: { step: 0, slots: { accumulatedGradient: slot } } };
    await expect(optimizer.loadState({ ...state, parameters: turned })).rejects.toThrow(
      'saved slot "accumulatedGradient" of "a" has shape [1,2], but [2] is needed',
    );
    optimizer.dispose();
  });
});
