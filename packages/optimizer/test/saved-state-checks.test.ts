import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OptimizerState, SavedSlot } from '../src/index.ts';
import { Descent, Moments, TestModel } from './test-rules.ts';

let model: TestModel;
beforeEach(() => {
  model = new TestModel({ a: [2] });
});
afterEach(() => model.dispose());

/** State of the parameter `a` [2] with this momentum. */
function stateWith(momentum: unknown): OptimizerState {
  const secondMoment = { shape: [2], data: Float32Array.of(1, 1) };
  const slots = { momentum, secondMoment } as never;
  return { schemaVersion: 1, optimizer: 'moments', step: 3, parameters: { a: { step: 3, slots } } };
}

async function loadedMomentum(momentum: unknown): Promise<unknown> {
  const optimizer = new Moments();
  await optimizer.loadState(stateWith(momentum));
  const { slots } = (await optimizer.state()).parameters.a!;
  optimizer.dispose();
  return slots.momentum;
}

describe('the elements of a slot', () => {
  const right = { shape: [2], data: Float32Array.of(0.5, -2) };

  it.each<[string, unknown]>([
    ['a Float32Array', Float32Array.of(0.5, -2)],
    ['one of another realm', runInNewContext('Float32Array.of(0.5, -2)')],
    ['a list', [0.5, -2]],
    ['what JSON makes of a Float32Array', { 0: 0.5, 1: -2 }],
  ])('may be %s', async (_, data) => {
    const { shape, data: read } = (await loadedMomentum({ shape: [2], data })) as SavedSlot;
    expect([shape, [...read]]).toEqual([[2], [0.5, -2]]);
  });

  it('are copied', async () => {
    for (const data of [Float32Array.of(0.5, -2), [0.5, -2]]) {
      const state = stateWith({ shape: [2], data });
      const optimizer = new Moments();
      await optimizer.loadState(state);
      data.fill(7);
      expect((await optimizer.state()).parameters.a!.slots.momentum).toEqual(right);
      optimizer.dispose();
    }
  });

  it.each<[unknown, string]>([
    [null, 'data must be a Float32Array, got null (null)'],
    [undefined, 'data must be a Float32Array, got undefined (undefined)'],
    ['ab', 'data must be a Float32Array, got "ab" (string)'],
    [Int32Array.of(1, 2), 'data must be a Float32Array, got a Int32Array'],
    [new Map([[0, 1]]), 'data must be a Float32Array, got {} (object)'],
    [{ 0: 1, 2: 2 }, 'data must be a Float32Array, got {"0":1,"2":2} (object)'],
    [{ first: 1, second: 2 }, 'data must be a Float32Array, got {"first":1,"second":2} (object)'],
    [[0.5, '2'], 'data holds "2" (string) at 1, because JSON has neither NaN nor infinities; encodeState'],
    [[null, 1], 'data holds null (null) at 0, because'],
    [[0.5, 1, 2], 'shape [2] needs 2 elements, got 3'],
  ])('are not %o', async (data, message) => {
    await expect(loadedMomentum({ shape: [2], data })).rejects.toThrow(`slot "momentum" of "a": ${message}`);
  });
});

describe('the shape of a slot', () => {
  const data = Float32Array.of(1, 2);

  it.each<[unknown, string]>([
    [undefined, 'undefined (undefined)'],
    ['2', '"2" (string)'],
    [[1.5], '[1.5] (object)'],
    [[1, '2'], '[1,"2"] (object)'],
    [[2 ** 53], '[9007199254740992] (object)'],
    [[-1, -2], '[-1,-2] (object)'],
  ])('is not %j', async (shape, shown) => {
    await expect(loadedMomentum({ shape, data })).rejects.toThrow(
      `slot "momentum" of "a": shape must be a list of whole numbers of at least 0, got ${shown}`,
    );
  });

  it('is needed', async () => {
    for (const slot of [null, [1, 2], 'text', 3]) {
      await expect(loadedMomentum(slot)).rejects.toThrow(
        'slot "momentum" of "a": shape must be a list of whole',
      );
    }
  });

  it('may be that of no element, or of one without axes', async () => {
    for (const slot of [
      { shape: [0, 3], data: new Float32Array() },
      { shape: [], data: Float32Array.of(7) },
    ]) {
      expect(await loadedMomentum(slot)).toEqual(slot);
    }
  });

  it('is copied', async () => {
    const shape = [2];
    const state = stateWith({ shape, data });
    const optimizer = new Moments();
    await optimizer.loadState(state);
    shape[0] = 5;
    const read = (await optimizer.state()).parameters.a!.slots.momentum!;
    expect(read.shape).toEqual([2]);
    (read.shape as number[])[0] = 6;
    expect((await optimizer.state()).parameters.a!.slots.momentum!.shape).toEqual([2]);
    optimizer.dispose();
  });
});

describe('a state as a whole', () => {
  const head = { schemaVersion: 1, optimizer: 'moments', step: 3, parameters: {} } as const;

  it.each<[unknown, string]>([
    ['text', 'the state of an optimizer must be an object, got "text" (string)'],
    [[], 'the state of an optimizer must be an object, got [] (object)'],
    [
      { ...head, schemaVersion: '1' },
      'optimizer state has schema version "1" (string); this version reads 1',
    ],
    [
      { ...head, step: 2 ** 53 },
      'state of "moments": step must be a whole number of at least 0, got 9007199254740992',
    ],
    [
      { ...head, groups: {} },
      'state of "moments": groups must be a list of numbers by name, got {} (object)',
    ],
    [
      { ...head, groups: [3] },
      'state of "moments": groups must be a list of numbers by name, got [3] (object)',
    ],
    [
      { ...head, groups: [{}, { x: 1, y: 'one' }] },
      'state of "moments": groups must be a list of numbers by name, got [{},{"x":1,"y":"one"}] (object)',
    ],
    [{ ...head, parameters: { a: null } }, 'state of "a" must have a step and slots, got null (null)'],
    [{ ...head, parameters: { a: [1] } }, 'state of "a" must have a step and slots, got [1] (object)'],
    [
      { ...head, parameters: { a: { step: 1, slots: [] } } },
      'state of "a" must have a step and slots, got {"step',
    ],
    [
      {
        ...head,
        parameters: {
          a: { step: 3, slots: { accumulatedGradient: { shape: [1], data: Float32Array.of(1) } } },
        },
      },
      'has a gradient of "a" that waits for the rest of its step, but no microStep says how many came',
    ],
    [
      { ...head, microStep: 1 },
      'stops after 1 micro-batches of a step; it needs accumulationSteps above that, not 1',
    ],
  ])('is refused: %j', async (state, message) => {
    await expect(new Moments().loadState(state as never)).rejects.toThrow(message);
  });

  it('has counts from 0, which may be left out but for its steps', async () => {
    const optimizer = new Moments({ accumulationSteps: 2 });
    await optimizer.loadState({ ...head, step: 0 });
    expect(await optimizer.state()).toEqual({ ...head, step: 0 });
    await optimizer.loadState({ ...head, step: 2 ** 53 - 1, skippedSteps: 0, microStep: 1 });
    expect(await optimizer.state()).toEqual({ ...head, step: 2 ** 53 - 1, microStep: 1 });
    optimizer.dispose();
  });

  it('that is read is nobody else’s, whichever of its parameters have come', async () => {
    const optimizer = new Moments();
    model.train(optimizer, 1, 1);
    const before = await optimizer.state();
    const read = await optimizer.state();
    read.parameters.a!.slots.momentum!.data.fill(9);
    (read.parameters.a!.slots.momentum!.shape as number[])[0] = 9;
    expect(await optimizer.state()).toEqual(before);
    optimizer.dispose();
  });

  it('lists parameters by name, those that have come and those that wait', async () => {
    const optimizer = new Moments();
    const slot = { shape: [2], data: Float32Array.of(1, 1) };
    const parameter = { step: 1, slots: { momentum: slot, secondMoment: slot } };
    await optimizer.loadState({ ...head, parameters: { c: parameter, a: parameter, b: parameter } });
    model.train(optimizer, 1, 1);
    expect(Object.keys((await optimizer.state()).parameters)).toEqual(['a', 'b', 'c']);
    optimizer.dispose();
  });
});

describe('the tensors of a file', () => {
  it('hold counts, numbers of groups and slots under their names', async () => {
    const weights = [
      { name: 'skippedSteps', tensor: tf.scalar(4, 'int32') },
      { name: 'iter', tensor: tf.scalar(6, 'int32') },
      { name: 'scope/a/step', tensor: tf.scalar(2, 'int32') },
    ];
    const optimizer = new Descent({ accumulationSteps: 3 });
    await optimizer.setWeights([...weights, { name: 'microStep', tensor: tf.scalar(2, 'int32') }]);
    expect(await optimizer.state()).toEqual({
      schemaVersion: 1,
      optimizer: 'descent',
      step: 6,
      skippedSteps: 4,
      microStep: 2,
      parameters: { 'scope/a': { step: 2, slots: {} } },
    });
    const names = (await optimizer.getWeights()).map(({ name, tensor }) => [
      name,
      tensor.dtype,
      tensor.shape,
    ]);
    expect(names).toEqual(
      ['iter', 'skippedSteps', 'microStep', 'scope/a/step'].map((name) => [name, 'int32', []]),
    );
    optimizer.dispose();
  });

  it('without a count stand for a run that has not begun', async () => {
    const optimizer = new Descent();
    await optimizer.setWeights([]);
    expect(optimizer.iterations).toBe(0);
    expect((await optimizer.getWeights()).map(({ name }) => name)).toEqual(['iter']);
    optimizer.dispose();
  });

  it.each([
    ['iter', 'a/step'],
    ['a/step', 'iter'],
  ])('without "%s" are refused, rather than taken for those of a first step', async (missing, present) => {
    const weights = [present, 'a/momentum'].map((name) => ({ name, tensor: tf.scalar(3, 'int32') }));
    await expect(new Descent().setWeights(weights)).rejects.toThrow(
      `the optimizer weights have no "${missing}"`,
    );
    for (const { tensor } of weights) tensor.dispose();
  });

  it('hold counts of 2^31 and more, which are no int32', async () => {
    const [optimizer, other] = [new Descent(), new Descent()];
    const parameters = { a: { step: 2 ** 31, slots: {} }, b: { step: 2 ** 31 - 1, slots: {} } };
    const state = { schemaVersion: 1, optimizer: 'descent', step: 2 ** 32 + 5, parameters } as const;
    await optimizer.loadState(state);
    await other.setWeights(await optimizer.getWeights());
    expect(await other.state()).toEqual(state);
    optimizer.dispose();
    other.dispose();
  });

  it.each(['/a', 'group:1', 'group:1234567:x', 'group:0:', 'Iter'])('are none named "%s"', async (name) => {
    await expect(new Descent().setWeights([{ name, tensor: tf.scalar(0) }])).rejects.toThrow(
      `optimizer weight "${name}" is not of the form <variable>/<slot>`,
    );
  });

  it('are made anew for each reading, and disposed with the optimizer', async () => {
    const optimizer = new Moments();
    model.train(optimizer, 1, 1);
    const { numTensors: before, numDataBuffers: buffers } = tf.memory();
    const [iteration] = await optimizer.getWeights();
    // `iter`, the step of `a`, and its two slots, whose memory is the optimizer's.
    const held = { numTensors: before + 4, numDataBuffers: buffers + 2 };
    expect(tf.memory()).toMatchObject(held);
    await optimizer.getWeights();
    expect(tf.memory()).toMatchObject(held);
    expect(iteration!.tensor.isDisposed).toBe(true);
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(before - 2);
  });
});
