import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeState, encodeState, Float64Optimizer } from '../src/index.ts';
import { Descent, Moments, momentsRule, TestModel, wave } from './test-rules.ts';

let model: TestModel;
beforeEach(async () => {
  await tf.setBackend('cpu');
});
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

  it.each(['cpu', 'wasm'])('keeps the sum of integers and booleans as float32 on %s', async (backend) => {
    await tf.setBackend(backend);
    model = new TestModel({ p: [2] });
    const [{ name }] = model.variables as [tf.Variable];
    const [before] = await model.values();
    const optimizer = new Descent({ learningRate: 1, accumulationSteps: 4 });
    tf.tidy(() => {
      const twice = [0, 1].map(() => tf.tensor1d([1, 0], 'bool'));
      for (const gradient of [...twice, tf.tensor1d([1, 3], 'int32')])
        optimizer.applyGradients({ [name]: gradient });
    });
    const saved = decodeState(encodeState(await optimizer.state()));
    expect(Array.from(saved.parameters.p!.slots.accumulatedGradient!.data)).toEqual([3, 3]);
    tf.tidy(() => optimizer.applyGradients({ [name]: tf.tensor1d([1, 1]) }));
    const [after] = await model.values();
    expect(after).toEqual(before!.map((x) => Math.fround(x - 1)));
    optimizer.dispose();
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

describe('an accumulation that ends early', () => {
  const newValues = async (
    scales: readonly number[],
    options: object,
    finish: (o: InstanceType<typeof Moments>) => void,
  ) => {
    model = new TestModel();
    const optimizer = new Moments(options);
    for (const scale of scales) micro(optimizer, scale);
    finish(optimizer);
    const result = { values: await model.values(), state: await optimizer.state() };
    optimizer.dispose();
    model.dispose();
    return result;
  };

  it.each([{}, { clipGlobalNorm: 0.5 }, { clipValue: 0.25 }, { recordMetrics: true }])(
    'is applied as the mean of the micro-batches that came, bit for bit: %o',
    async (options) => {
      const early = await newValues([1, 2, 4.5], { ...options, accumulationSteps: 5 }, (optimizer) => {
        expect(optimizer.applyAccumulated()).toBe(3);
        expect(optimizer.applyAccumulated()).toBe(0);
      });
      expect(early.state).toMatchObject({ step: 1 });
      expect(early.state.microStep).toBeUndefined();
      expect(early).toEqual(await newValues([2.5], options, () => {}));
      model = new TestModel();
    },
  );

  it('tells hooks and metrics the mean of the micro-batches that came', async () => {
    model = new TestModel({ a: [1] });
    const optimizer = new Moments({ accumulationSteps: 4, recordMetrics: true, clipGlobalNorm: Infinity });
    const seen: number[] = [];
    optimizer.addStepHook({ beforeStep: ({ gradients }) => seen.push(gradients[0]!.tensor.dataSync()[0]!) });
    micro(optimizer, 1, ['a']);
    micro(optimizer, 5, ['a']);
    optimizer.applyAccumulated();
    expect(seen).toEqual([3]);
    expect((await optimizer.metrics())!.parameters[0]!.gradientNorm).toBe(3);
    expect(await optimizer.gradientNorm()).toBe(3);
    optimizer.dispose();
  });

  it('is dropped without a trace', async () => {
    const dropped = await newValues([1, 2, 7, 9], { accumulationSteps: 3 }, (optimizer) => {
      expect(optimizer.dropAccumulated()).toBe(1);
      expect(optimizer.dropAccumulated()).toBe(0);
    });
    expect(dropped).toEqual(await newValues([1, 2, 7], { accumulationSteps: 3 }, () => {}));
    model = new TestModel();
  });

  it('is the same in float64', () => {
    model = new TestModel({});
    const info = { name: 'p', shape: [2], size: 2 };
    const learningRate = (step: number): number => 1 / step;
    const members = [{ rule: momentsRule, options: { learningRate } }];
    const early = new Float64Optimizer(members, { accumulationSteps: 3, clipGlobalNorm: 0.5 });
    const plain = new Float64Optimizer(members, { clipGlobalNorm: 0.5 });
    for (const optimizer of [early, plain]) optimizer.add(info, [1, 2]);
    early.step({ p: [1, 2] });
    early.step({ p: [3, 8] });
    expect(early.applyAccumulated()).toBe(2);
    plain.step({ p: [2, 5] });
    expect(early.value('p')).toEqual(plain.value('p'));
    // Nothing waits: that is no step, and the learning rate of the next is 1/2.
    expect(early.applyAccumulated()).toBe(0);
    early.step({ p: [4, -2] });
    expect(early.applyAccumulated()).toBe(1);
    plain.step({ p: [4, -2] });
    expect(early.value('p')).toEqual(plain.value('p'));
  });
});

describe('gradients that wait', () => {
  it('take their part in the step although no later micro-batch has any, in the order of names', async () => {
    model = new TestModel({ b: [1], a: [1], c: [1] });
    const optimizer = new Moments({ accumulationSteps: 3 });
    const seen: [string, number][] = [];
    optimizer.addStepHook({
      beforeStep: ({ gradients }) => {
        for (const { name, tensor } of gradients) seen.push([name, tensor.dataSync()[0]!]);
      },
    });
    micro(optimizer, 3, ['c']);
    micro(optimizer, 6, ['b']);
    micro(optimizer, 9, ['a']);
    expect(seen).toEqual([
      ['a', 3],
      ['b', 2],
      ['c', 1],
    ]);
    optimizer.dispose();
  });

  it('take their part after they were saved and loaded, bit for bit', async () => {
    const run = async (save: boolean) => {
      model = new TestModel();
      let optimizer = new Moments({ accumulationSteps: 2 });
      micro(optimizer, 3, ['b/weight']);
      if (save) {
        const weights = await optimizer.getWeights();
        const resumed = new Moments({ accumulationSteps: 2 });
        await resumed.setWeights(weights);
        optimizer.dispose();
        optimizer = resumed;
      }
      micro(optimizer, 1, ['a/weight']);
      const result = [await model.values(), await optimizer.state()];
      optimizer.dispose();
      model.dispose();
      return result;
    };
    expect(await run(true)).toEqual(await run(false));
    model = new TestModel();
  });

  it('are not lost without a word where their variable is gone', async () => {
    model = new TestModel();
    const first = new Moments({ accumulationSteps: 2 });
    micro(first, 3);
    const state = await first.state();
    first.dispose();
    const optimizer = new Moments({ accumulationSteps: 2 });
    await optimizer.loadState(state);
    model.variables[1]!.dispose();
    const before = await optimizer.state();
    expect(() => micro(optimizer, 1, ['a/weight'])).toThrow(
      'a gradient of "b/weight" waits for the rest of its step, but there is no such variable; ' +
        'call dropState("b/weight") or dropAccumulated()',
    );
    expect(await optimizer.state()).toEqual(before);
    optimizer.dropState('b/weight');
    micro(optimizer, 1, ['a/weight']);
    expect(optimizer.iterations).toBe(1);
    optimizer.dispose();
  });

  it('go to the variable that is made anew under their name', async () => {
    model = new TestModel({ a: [1], b: [1] });
    const optimizer = new Moments({ accumulationSteps: 2 });
    micro(optimizer, 1, ['a', 'b']);
    model.variables[1]!.dispose();
    const again = tf.variable(tf.zeros([1]), true, 'b');
    micro(optimizer, 1, ['a']);
    expect(again.dataSync()[0]).toBeLessThan(0);
    again.dispose();
    optimizer.dispose();
  });

  it('take their step although a variable that has none is gone', async () => {
    model = new TestModel({ a: [1], b: [1] });
    const optimizer = new Moments({ accumulationSteps: 2 });
    for (let call = 0; call < 2; call++) micro(optimizer, 1, ['a', 'b']);
    const before = model.variables[0]!.dataSync()[0]!;
    micro(optimizer, 1, ['a']);
    model.variables[1]!.dispose();
    micro(optimizer, 1, ['a']);
    // Equal gradients: Adam moves by its learning rate of 0.01 each time.
    expect(model.variables[0]!.dataSync()[0]).toBeCloseTo(before - 0.01, 6);
    optimizer.dispose();
  });

  it('are freed when they have been applied, dropped, or the optimizer is disposed', async () => {
    model = new TestModel();
    const { numTensors } = tf.memory();
    const optimizer = new Moments({ accumulationSteps: 3 });
    for (let call = 0; call < 2; call++) micro(optimizer, 1);
    expect(optimizer.stateBytes()).toBe(4 * (6 + 4));
    expect(tf.memory().numTensors).toBe(numTensors + 2);
    optimizer.dropAccumulated();
    expect(tf.memory().numTensors).toBe(numTensors);
    for (let call = 0; call < 6; call++) micro(optimizer, 1);
    expect(tf.memory().numTensors).toBe(numTensors + 4);
    for (let call = 0; call < 2; call++) micro(optimizer, 1);
    expect(tf.memory().numTensors).toBe(numTensors + 6);
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  it('of parameters that were frozen meanwhile are dropped with the step', async () => {
    model = new TestModel({ a: [1], b: [1] });
    const optimizer = new Moments({ accumulationSteps: 2, groups: [{ match: 'b' }] });
    micro(optimizer, 1, ['a', 'b']);
    optimizer.setTrainable(false, 0);
    const before = await model.values();
    micro(optimizer, 1, ['a', 'b']);
    const after = await model.values();
    expect(after[1]).toEqual(before[1]);
    expect(after[0]).not.toEqual(before[0]);
    expect((await optimizer.state()).parameters.b).toEqual({ step: 0, slots: {} });
    optimizer.dispose();
  });
});

describe('a micro-batch that is not finite', () => {
  it.each([0, 1])('is left out and counted under skipNonFinite, as number %d of two', async (place) => {
    model = new TestModel();
    const optimizer = new Moments({ accumulationSteps: 2, skipNonFinite: true });
    const scales = [1, 3];
    scales.splice(place, 0, Number.NaN);
    for (const [index, scale] of scales.entries()) {
      const before = await optimizer.state();
      micro(optimizer, scale);
      if (index === place) expect(await optimizer.state()).toEqual({ ...before, skippedSteps: 1 });
    }
    expect([optimizer.iterations, optimizer.skippedSteps]).toEqual([1, 1]);
    const values = await model.values();
    optimizer.dispose();
    model.dispose();
    model = new TestModel();
    const plain = new Moments();
    micro(plain, 2);
    expect(values).toEqual(await model.values());
    plain.dispose();
  });

  it('drops the whole step where only the sum is not finite', async () => {
    model = new TestModel({ a: [1] });
    const optimizer = new Moments({ accumulationSteps: 2, skipNonFinite: true });
    const before = await model.values();
    micro(optimizer, 3e38, ['a']);
    micro(optimizer, 3e38, ['a']);
    expect(await model.values()).toEqual(before);
    expect(await optimizer.state()).toMatchObject({ step: 0, skippedSteps: 1 });
    expect(optimizer.stateBytes()).toBe(0);
    optimizer.dispose();
  });

  it('is left out in float64 as well', () => {
    model = new TestModel({});
    const members = [{ rule: momentsRule, options: {} }];
    const optimizer = new Float64Optimizer(members, { accumulationSteps: 2, skipNonFinite: true });
    const plain = new Float64Optimizer(members);
    for (const each of [optimizer, plain]) each.add({ name: 'p', shape: [1], size: 1 }, [0]);
    for (const gradient of [1, Number.NaN, 3]) optimizer.step({ p: [gradient] });
    plain.step({ p: [2] });
    expect(optimizer.skippedSteps).toBe(1);
    expect(optimizer.value('p')).toEqual(plain.value('p'));
  });
});
