import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it } from 'vitest';
import { decodeState, encodeState, Float64Optimizer } from '../src/index.ts';
import { Moments, momentsRule, TestModel, wave } from './test-rules.ts';

let model: TestModel;
afterEach(() => model.dispose());

/** Micro-batch gradients whose sum and mean over four are exact in float32. */
function micro(
  optimizer: InstanceType<typeof Moments>,
  scale: number,
  names = ['a/weight', 'b/weight'],
): void {
  tf.tidy(() => {
    const gradients = model.variables
      .filter(({ name }) => names.includes(name))
      .map(({ name, shape }) => ({ name, tensor: tf.fill(shape, scale) }));
    optimizer.applyGradients(gradients);
  });
}

describe('accumulation over k micro-batches', () => {
  it('takes the very step of their mean, and counts one step', async () => {
    model = new TestModel();
    const accumulating = new Moments({ accumulationSteps: 4, clipGlobalNorm: 0.5 });
    for (const scale of [1, -3, 0.5, 8, 2, 2, -1, 0.25]) micro(accumulating, scale);
    const accumulated = await model.values();
    expect(accumulating.iterations).toBe(2);
    accumulating.dispose();
    model.dispose();

    model = new TestModel();
    const plain = new Moments({ clipGlobalNorm: 0.5 });
    micro(plain, 6.5 / 4);
    micro(plain, 3.25 / 4);
    expect(accumulated).toEqual(await model.values());
    plain.dispose();
  });

  it('moves nothing before the last micro-batch', async () => {
    model = new TestModel();
    const before = await model.values();
    const optimizer = new Moments({ accumulationSteps: 3 });
    micro(optimizer, 1);
    micro(optimizer, 1);
    expect(await model.values()).toEqual(before);
    expect(optimizer.iterations).toBe(0);
    optimizer.dispose();
  });

  it('divides by k what arrives in some micro-batches only, and leaves alone what arrives in none', async () => {
    model = new TestModel();
    const before = await model.values();
    const optimizer = new Moments({ accumulationSteps: 2, weightDecay: 0.5 });
    micro(optimizer, 3, ['a/weight']);
    micro(optimizer, 1, []);
    const [a, b] = await model.values();
    optimizer.dispose();
    expect(b).toEqual(before[1]);
    const exact = new Float64Optimizer([{ rule: momentsRule, options: { weightDecay: 0.5 } }]);
    exact.add({ name: 'a', shape: [3, 2], size: 6 }, before[0]!);
    exact.step({ a: new Array(6).fill(1.5) });
    for (const [index, x] of exact.value('a').entries()) expect(a![index]).toBeCloseTo(x, 6);
  });

  it('continues bit for bit from a state saved between two micro-batches', async () => {
    model = new TestModel();
    const scales = [1, -3, 0.5, 8, 2, -1];
    const whole = new Moments({ accumulationSteps: 3 });
    for (const scale of scales) micro(whole, scale);
    const expected = await model.values();
    whole.dispose();
    model.dispose();

    model = new TestModel();
    const first = new Moments({ accumulationSteps: 3 });
    for (const scale of scales.slice(0, 4)) micro(first, scale);
    const state = decodeState(encodeState(await first.state()));
    expect(state.microStep).toBe(1);
    first.dispose();
    const second = new Moments({ accumulationSteps: 3 });
    await second.loadState(state);
    for (const scale of scales.slice(4)) micro(second, scale);
    expect(await model.values()).toEqual(expected);
    second.dispose();
  });

  it('refuses a state that stops further into a step than accumulationSteps allows', async () => {
    model = new TestModel();
    const first = new Moments({ accumulationSteps: 3 });
    micro(first, 1);
    micro(first, 1);
    const state = await first.state();
    first.dispose();
    const second = new Moments({ accumulationSteps: 2 });
    await expect(second.loadState(state)).rejects.toThrow(
      'state of "moments" stops after 2 micro-batches of a step; it needs accumulationSteps above that, not 2',
    );
    second.dispose();
  });

  it('is the same in float64', () => {
    model = new TestModel({});
    const info = { name: 'p', shape: [5], size: 5 };
    const members = [{ rule: momentsRule, options: { weightDecay: 0.1, weightDecayMode: 'l2' } }];
    const accumulating = new Float64Optimizer(members, {
      accumulationSteps: 2,
      clipValue: 0.25,
      clipGlobalNorm: 0.4,
    });
    const plain = new Float64Optimizer(members, { clipValue: 0.25, clipGlobalNorm: 0.4 });
    for (const optimizer of [accumulating, plain]) optimizer.add(info, wave(5, 1));
    for (let step = 1; step <= 4; step++) {
      const [one, two] = [wave(5, step), wave(5, 10 * step)];
      accumulating.step({ p: one });
      accumulating.step({ p: two });
      plain.step({ p: Float64Array.from(one, (x, i) => (x + two[i]!) / 2) });
    }
    expect(accumulating.value('p')).toEqual(plain.value('p'));
  });
});
