import * as tf from '@tensorflow/tfjs';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { describeOnWebgpu } from '../../backend/test/webgpu/webgpu.ts';
import {
  add,
  defineUpdateRule,
  likeParameter,
  mul,
  type Optimizer,
  optimizerClass,
  sub,
} from '../src/index.ts';
import { registerImitation } from './imitation-backend.ts';
import { Descent, Moments } from './test-rules.ts';

/** A sum of gradients given to `applyRefresh`, by which the parameter moves. */
const Summed = optimizerClass(
  defineUpdateRule({
    name: 'summed',
    title: 'Summed',
    paper: { authors: 'nobody', year: 2000, title: 'A rule for tests', source: 'none' },
    hyperparameters: { learningRate: { default: 1, minimum: 0, description: 'Step size' } },
    slots: () => ({ total: likeParameter }),
    update: ({ parameter, gradient, ...slots }, { learningRate }) => ({
      parameter: sub(parameter, mul(learningRate, add(gradient, slots.total!))),
      total: slots.total!,
    }),
    refresh: ({ gradient, ...slots }) => ({ total: add(slots.total!, gradient) }),
  }),
  'SteepestTestSummed',
);

type Gradients = Readonly<Record<string, readonly number[]>>;

const shapes = { a: 2, b: 3 };
let variables: tf.Variable[] = [];
let heldBefore = 0;

function start(): void {
  heldBefore = tf.memory().numTensors;
  variables = Object.entries(shapes).map(([name, size]) =>
    tf.tidy(() => tf.variable(tf.ones([size]), true, name)),
  );
}

afterEach(() => {
  tf.dispose(variables);
  variables = [];
});

const valuesOf = async (): Promise<number[][]> =>
  Promise.all(variables.map(async (variable) => [...(await variable.data())]));

/** Calls with tensors that are gone once the call has returned, settled or not. */
function given<Result>(gradients: Gradients, call: (tensors: tf.NamedTensorMap) => Result): Result {
  const tensors = Object.fromEntries(
    Object.entries(gradients).map(([name, data]) => [name, tf.tensor1d([...data])]),
  );
  try {
    return call(tensors);
  } finally {
    tf.dispose(tensors);
  }
}

const step = (optimizer: Optimizer, gradients: Gradients): Promise<void> =>
  given(gradients, (tensors) => optimizer.applyGradientsAsync(tensors));

const good = (k: number): Gradients => ({ a: [k, 2], b: [1, -k, 0] });
const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

function claims(): void {
  it.each([nan, inf, -inf])('skip a step with %d, and change nothing but the count', async (bad) => {
    start();
    const optimizer = new Moments({ skipNonFinite: true, clipGlobalNorm: 1, weightDecay: 0.1 });
    const heard = vi.fn();
    optimizer.addStepHook({ afterStep: ({ step: number }) => heard(number) });
    // The first step of all may be the bad one: it makes no state.
    await step(optimizer, { a: [0, bad], b: [1, 1, 1] });
    expect(await optimizer.state()).toEqual({
      schemaVersion: 1,
      optimizer: 'moments',
      step: 0,
      skippedSteps: 1,
      parameters: {},
    });
    await step(optimizer, good(1));
    const [values, { skippedSteps: _, ...state }] = [await valuesOf(), await optimizer.state()];
    await step(optimizer, { a: [1, 1], b: [bad, 1, 1] });
    expect(await valuesOf()).toEqual(values);
    expect(await optimizer.state()).toEqual({ ...state, skippedSteps: 2 });
    await step(optimizer, good(2));
    expect([optimizer.iterations, optimizer.skippedSteps]).toEqual([2, 2]);
    expect(heard.mock.calls).toEqual([[1], [2]]);
    const skipping = await valuesOf();
    optimizer.dispose();
    tf.dispose(variables);
    expect(tf.memory().numTensors).toBe(heldBefore);

    start();
    const plain = new Moments({ clipGlobalNorm: 1, weightDecay: 0.1 });
    for (const k of [1, 2]) given(good(k), (tensors) => plain.applyGradients(tensors));
    expect(skipping).toEqual(await valuesOf());
    plain.dispose();
  });

  it('skip no step for what is frozen, missing or large', async () => {
    start();
    const groups = [{ match: 'b', trainable: false }];
    const optimizer = new Descent({ learningRate: 1, skipNonFinite: true, groups });
    await step(optimizer, { a: [2, 3e38], b: [nan, 0, 0] });
    await optimizer.applyGradientsAsync({ a: null });
    expect(optimizer.skippedSteps).toBe(0);
    expect(await valuesOf()).toEqual([
      [-1, Math.fround(1 - 3e38)],
      [1, 1, 1],
    ]);
    optimizer.dispose();
  });

  it('leave a bad micro-batch out, and drop a sum that is not finite', async () => {
    start();
    const optimizer = new Descent({ learningRate: 1, skipNonFinite: true, accumulationSteps: 2 });
    await step(optimizer, { a: [1, 1] });
    await step(optimizer, { a: [nan, 1] });
    expect([optimizer.iterations, optimizer.skippedSteps]).toEqual([0, 1]);
    await step(optimizer, { a: [3, 5], b: [2, 0, 0] });
    // The mean of two, of which the second alone has gradients of b.
    expect(await valuesOf()).toEqual([
      [1 - 2, 1 - 3],
      [1 - 1, 1, 1],
    ]);
    for (let i = 0; i < 2; i++) await step(optimizer, { a: [3e38, 0] });
    expect([optimizer.iterations, optimizer.skippedSteps]).toEqual([1, 2]);
    expect(await valuesOf()).toEqual([
      [-1, -2],
      [0, 1, 1],
    ]);
    await step(optimizer, { a: [4, 0] });
    expect(await optimizer.applyAccumulatedAsync()).toBe(1);
    expect(await optimizer.applyAccumulatedAsync()).toBe(0);
    expect((await valuesOf())[0]).toEqual([-1 - 4, -2]);
    optimizer.dispose();
  });

  it('leave a bad refresh out', async () => {
    start();
    const optimizer = new Summed({ skipNonFinite: true });
    await given({ a: [2, 2] }, (tensors) => optimizer.applyRefreshAsync(tensors));
    await given({ a: [1, inf] }, (tensors) => optimizer.applyRefreshAsync(tensors));
    await step(optimizer, { a: [0, 1] });
    expect((await valuesOf())[0]).toEqual([1 - 2, 1 - 3]);
    expect(optimizer.skippedSteps).toBe(1);
    optimizer.dispose();
  });

  it('minimize a loss, and return it', async () => {
    start();
    const [a] = variables;
    const optimizer = new Descent({ learningRate: 0.25, skipNonFinite: true });
    const loss = (): tf.Scalar => tf.sum(tf.square(a!));
    const { numTensors } = tf.memory();
    const cost = await optimizer.minimizeAsync(loss, true, [a!]);
    expect((await cost!.data())[0]).toBe(2);
    cost!.dispose();
    expect(await optimizer.minimizeAsync(loss)).toBe(null);
    // Each step takes half of the parameter away.
    expect((await valuesOf())[0]).toEqual([0.25, 0.25]);
    expect(tf.memory().numTensors).toBe(numTensors);
    optimizer.dispose();
  });
}

/** What a step that is not awaited keeps others from. */
function refusals(): void {
  it('refuse to train, load or save until the step before has settled', async () => {
    start();
    const optimizer = new Moments({ skipNonFinite: true });
    await step(optimizer, good(1));
    const saved = await optimizer.state();
    const pending = step(optimizer, good(2));
    const message = (action: string): string =>
      `moments cannot ${action} while a step waits for its gradients; await that first`;
    // Started before anything is awaited, by which the step might settle.
    const refused: [Promise<unknown>, string][] = [
      [step(optimizer, good(3)), 'take a step'],
      [optimizer.applyAccumulatedAsync(), 'take a step'],
      [optimizer.applyRefreshAsync({}), 'take a step'],
      [optimizer.state(), 'be saved'],
      [optimizer.getWeights(), 'be saved'],
    ];
    const calls: [() => unknown, string][] = [
      [() => given(good(3), (tensors) => optimizer.applyGradients(tensors)), 'take a step'],
      [() => optimizer.applyAccumulated(), 'take a step'],
      [() => optimizer.dropAccumulated(), 'drop micro-batches'],
      [() => optimizer.applyRefresh({}), 'refresh'],
      [() => optimizer.swapInAverage(), 'swap the average in'],
      [() => optimizer.dropState('a'), 'drop state'],
      [() => optimizer.claimState(variables), 'restore state'],
    ];
    for (const [call, action] of calls) expect(call).toThrow(message(action));
    await Promise.all(refused.map(([promise, action]) => expect(promise).rejects.toThrow(message(action))));
    await pending;
    expect(optimizer.iterations).toBe(2);
    await optimizer.loadState(saved);
    optimizer.dispose();
  });

  it('end with an error if the optimizer is disposed meanwhile', async () => {
    start();
    const optimizer = new Moments({ skipNonFinite: true });
    const pending = step(optimizer, good(1));
    optimizer.dispose();
    await expect(pending).rejects.toThrow('moments was disposed while a step was awaited');
    expect(await valuesOf()).toEqual([
      [1, 1],
      [1, 1, 1],
    ]);
    tf.dispose(variables);
    expect(tf.memory().numTensors).toBe(heldBefore);
  });

  it('reject wrong gradients as at once, and then take right ones', async () => {
    start();
    const optimizer = new Descent({ learningRate: 1, skipNonFinite: true });
    await expect(step(optimizer, { c: [1] })).rejects.toThrow('gradient for unknown variable "c"');
    await step(optimizer, { a: [1, 0] });
    expect((await valuesOf())[0]).toEqual([0, 1]);
    optimizer.dispose();
  });
}

describe('awaited steps on cpu', () => {
  beforeAll(() => tf.setBackend('cpu'));
  claims();
});

describe('awaited steps on a backend that throws when it is read at once', () => {
  let restore: () => void;
  beforeAll(async () => {
    restore = registerImitation('webgl');
    await tf.setBackend('webgl');
    vi.spyOn(tf.Tensor.prototype, 'dataSync').mockImplementation(() => {
      throw new Error('not at once');
    });
  });
  afterAll(async () => {
    vi.restoreAllMocks();
    await tf.setBackend('cpu');
    restore();
  });
  claims();
  refusals();
});

describeOnWebgpu('awaited steps on WebGPU', () => {
  afterAll(() => tf.setBackend('cpu'));
  claims();
  refusals();
});
