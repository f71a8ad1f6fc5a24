import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  add,
  defineUpdateRule,
  likeParameter,
  mul,
  type Optimizer,
  type OptimizerState,
  optimizerClass,
  sub,
  transform,
} from '../src/index.ts';
import { Descent, Moments, TestModel } from './test-rules.ts';

let fails: 'never' | 'tracing' | 'running' | 'averaging' = 'never';

/** Momentum with a transform that leaves everything as it is, or fails for the parameter `c`, which comes last. */
const fragileRule = defineUpdateRule({
  name: 'fragile',
  title: 'Fragile',
  paper: { authors: 'nobody', year: 2000, title: 'A rule for tests', source: 'none' },
  hyperparameters: { learningRate: { default: 0.5, minimum: 0, description: 'Step size' } },
  groupState: {
    initial: { rateSum: 0 },
    next: ({ rateSum, learningRate }) => ({ rateSum: add(rateSum!, learningRate) }),
  },
  slots: () => ({ momentum: likeParameter }),
  update({ parameter, gradient, momentum }, { learningRate }, { parameter: { name, shape } }) {
    if (fails === 'tracing' && name === 'c') throw new Error('c is refused');
    // The others are compiled on wasm, and would be overwritten where they lie.
    const held = name === 'c' ? transform(unchanged(name, shape, 'running'), [momentum!]) : momentum!;
    const next = add(held, gradient);
    return { parameter: sub(parameter, mul(learningRate, next)), momentum: next };
  },
  refresh: ({ gradient }, _, { parameter: { name, shape } }) => ({
    momentum: transform(unchanged(name, shape, 'running'), [gradient]),
  }),
  average: ({ parameter }, _, { parameter: { name, shape } }) =>
    transform(unchanged(name, shape, 'averaging'), [mul(parameter, 2)]),
});
const Fragile = optimizerClass(fragileRule, 'SteepestTestFragile');

function unchanged(name: string, shape: readonly number[], failure: typeof fails) {
  const check = (): void => {
    if (fails === failure && name === 'c') throw new Error('no memory for c');
  };
  return {
    name: 'unchanged',
    shape,
    onTensors: ([x]: readonly tf.Tensor[]) => {
      check();
      return tf.clone(x!);
    },
    inFloat64: ([x]: readonly { readonly data: Float64Array }[]) => x!.data.slice(),
  };
}

let model: TestModel;
beforeAll(async () => {
  await tf.setBackend('cpu');
});
beforeEach(() => {
  fails = 'never';
  model = new TestModel({ a: [2], b: [2, 2], c: [3] });
});
afterEach(() => model.dispose());
afterAll(async () => {
  await tf.setBackend('cpu');
});

/** That a call throws, and leaves every value, all state and the number of tensors as they were. */
async function expectNoChange(optimizer: Optimizer, call: () => unknown, message: string): Promise<void> {
  const held = () => ({ tensors: tf.memory().numTensors, bytes: optimizer.stateBytes() });
  const before = {
    values: await model.values(),
    state: await optimizer.state(),
    report: optimizer.stateReport(),
  };
  const heldBefore = held();
  await expect(async () => call()).rejects.toThrow(message);
  expect(held()).toEqual(heldBefore);
  fails = 'never';
  const after = {
    values: await model.values(),
    state: await optimizer.state(),
    report: optimizer.stateReport(),
  };
  expect(after).toEqual(before);
}

describe.each(['cpu', 'wasm'])('a step on %s', (backend) => {
  beforeEach(async () => {
    model.dispose();
    await tf.setBackend(backend);
    model = new TestModel({ a: [2], b: [2, 2], c: [3] });
  });

  describe.each([0, 2])('after %d others', (earlier) => {
    const newFragile = (options = {}): InstanceType<typeof Fragile> => {
      const optimizer = new Fragile(options);
      model.train(optimizer, 1, earlier);
      return optimizer;
    };

    it('that a rule refuses for the last parameter changes nothing', async () => {
      const optimizer = new Fragile();
      fails = 'tracing';
      await expectNoChange(optimizer, () => model.train(optimizer, 9, 9), 'c is refused');
      optimizer.dispose();
    });

    it.each([{}, { recordMetrics: true, clipGlobalNorm: 1 }])(
      'that fails for the last parameter changes nothing: %o',
      async (options) => {
        const optimizer = newFragile(options);
        const [norm, metrics] = [await optimizer.gradientNorm(), await optimizer.metrics()];
        fails = 'running';
        await expectNoChange(optimizer, () => model.train(optimizer, 9, 9), 'no memory for c');
        expect(await optimizer.gradientNorm()).toBe(norm);
        expect(await optimizer.metrics()).toEqual(metrics);
        optimizer.dispose();
      },
    );

    it('that closes an accumulation and fails can be repeated', async () => {
      const optimizer = newFragile({ accumulationSteps: 2 });
      model.train(optimizer, 9, 9);
      fails = 'running';
      await expectNoChange(optimizer, () => model.train(optimizer, 10, 10), 'no memory for c');
      model.train(optimizer, 10, 10);
      const repeated = await model.values();
      optimizer.dispose();
      model.dispose();
      model = new TestModel({ a: [2], b: [2, 2], c: [3] });
      const straight = newFragile({ accumulationSteps: 2 });
      model.train(straight, 9, 10);
      expect(repeated).toEqual(await model.values());
      straight.dispose();
    });

    it('or a refresh that fails for the last parameter changes nothing', async () => {
      const optimizer = newFragile();
      fails = 'running';
      await expectNoChange(
        optimizer,
        () => tf.tidy(() => optimizer.applyRefresh(model.gradients(9))),
        'no memory for c',
      );
      optimizer.dispose();
    });

    it('that a hook cancels changes nothing, and a hook that throws afterwards takes nothing back', async () => {
      const optimizer = newFragile();
      const stop = () => {
        throw new Error('not now');
      };
      const remove = optimizer.addStepHook({ beforeStep: stop });
      await expectNoChange(optimizer, () => model.train(optimizer, 9, 9), 'not now');
      remove();
      optimizer.addStepHook({ afterStep: stop });
      expect(() => model.train(optimizer, 9, 9)).toThrow('not now');
      const { step, parameters } = await optimizer.state();
      expect([step, parameters.a!.step, parameters.c!.step]).toEqual(new Array(3).fill(earlier + 1));
      optimizer.dispose();
    });

    it('for which a schedule gives no number changes nothing', async () => {
      const optimizer = newFragile();
      optimizer.learningRate = () => Number.NaN;
      await expectNoChange(
        optimizer,
        () => model.train(optimizer, 9, 9),
        'fragile: the schedule of learningRate must give',
      );
      optimizer.dispose();
    });
  });

  it('in which swapping in the last average fails leaves every training value', async () => {
    const optimizer = new Fragile();
    model.train(optimizer, 1, 2);
    fails = 'averaging';
    await expectNoChange(optimizer, () => optimizer.swapInAverage(), 'no memory for c');
    const [a] = await model.values();
    optimizer.swapInAverage();
    expect((await model.values())[0]).toEqual(a!.map((x) => 2 * x));
    optimizer.dispose();
  });
});

describe('state that is refused leaves the optimizer as it was', () => {
  const slot = (data: unknown, shape: unknown = [2]) => ({ shape, data }) as never;
  const ones = new Float32Array(2).fill(1);
  const whole = { momentum: slot(ones), secondMoment: slot(ones) };
  const withA = (parameter: unknown): Partial<OptimizerState> => ({ parameters: { a: parameter as never } });
  const count = 'must be a whole number of at least 0, got';

  it.each<[string, object | null, string]>([
    ['nothing', null, 'the state of an optimizer must be an object, got null'],
    ['no parameters', { parameters: undefined }, 'state of "moments": parameters must be an object by name'],
    ['a list of parameters', { parameters: [] }, 'state of "moments": parameters must be an object by name'],
    ['a step in words', { step: '5' }, `state of "moments": step ${count} "5" (string)`],
    ['a step that is none', { step: Number.NaN }, `state of "moments": step ${count} NaN`],
    ['a negative step', { step: -1 }, `state of "moments": step ${count} -1`],
    ['half a step', { step: 1.5 }, `state of "moments": step ${count} 1.5`],
    ['a boundless step', { step: Infinity }, `state of "moments": step ${count} Infinity`],
    ['no step', { step: undefined }, `state of "moments": step ${count} undefined`],
    ['half a skipped step', { skippedSteps: 0.5 }, `state of "moments": skippedSteps ${count} 0.5`],
    [
      'a null micro-step',
      { microStep: null, skippedSteps: -2 },
      `state of "moments": skippedSteps ${count} -2`,
    ],
    ['a negative micro-step', { microStep: -1 }, `state of "moments": microStep ${count} -1`],
    [
      'group numbers in words',
      { groups: [{ x: '1' }] },
      'state of "moments": groups must be a list of numbers by name',
    ],
    [
      'group numbers of none',
      { groups: [{ x: 1 }] },
      'saved state of moments has the group numbers {x}, but none are kept',
    ],
    ['a parameter without slots', withA({ step: 1 }), 'state of "a" must have a step and slots'],
    ['a parameter’s step', withA({ step: 0.5, slots: whole }), `state of "a": step ${count} 0.5`],
    [
      'a slot without shape',
      withA({ step: 1, slots: { momentum: slot(ones, null) } }),
      'slot "momentum" of "a": shape must be a list',
    ],
    [
      'a negative shape',
      withA({ step: 1, slots: { momentum: slot(ones, [-2]) } }),
      'slot "momentum" of "a": shape must be a list',
    ],
    [
      'too little data',
      withA({ step: 1, slots: { momentum: slot(ones, [3]) } }),
      'slot "momentum" of "a": shape [3] needs 3 elements, got 2',
    ],
    [
      'data of another type',
      withA({ step: 1, slots: { momentum: slot(Float64Array.of(1, 2)) } }),
      'slot "momentum" of "a": data must be a Float32Array, got a Float64Array; encodeState gives the state as bytes',
    ],
    [
      'JSON of data that is not finite',
      withA({
        step: 1,
        slots: { momentum: slot(JSON.parse(JSON.stringify(Float32Array.of(1, Number.NaN)))) },
      }),
      'slot "momentum" of "a": data holds null (null) at 1, because JSON has neither NaN nor infinities; encodeState',
    ],
    [
      'the slots of another rule',
      withA({ step: 1, slots: { momentum: slot(ones) } }),
      'saved state of "a" has the slots {momentum}, but moments keeps {momentum, secondMoment}',
    ],
    [
      'the shape of another parameter',
      withA({ step: 1, slots: { momentum: slot(ones, [2, 1]), secondMoment: slot(ones, [2, 1]) } }),
      'saved slot "momentum" of "a" has shape [2,1], but [2] is needed',
    ],
  ])('%s', async (_, changed, message) => {
    const optimizer = new Moments();
    model.train(optimizer, 1, 3);
    const state = { schemaVersion: 1, optimizer: 'moments', step: 7, parameters: {} };
    const given = changed === null ? null : { ...state, ...changed };
    await expectNoChange(optimizer, () => optimizer.loadState(given as never), message);
    optimizer.dispose();
  });

  it('in the tensors of a model’s file', async () => {
    const optimizer = new Moments();
    model.train(optimizer, 1, 3);
    const tensor = tf.ones([2]);
    const load =
      (...names: string[]) =>
      () =>
        optimizer.setWeights(names.map((name) => ({ name, tensor })));
    await expectNoChange(
      optimizer,
      load('a/momentum', 'x'),
      'optimizer weight "x" is not of the form <variable>/<slot>',
    );
    await expectNoChange(
      optimizer,
      load('a/momentum', 'a/momentum'),
      'optimizer weight "a/momentum" is given twice',
    );
    const integers = tf.ones([2], 'int32');
    const counts = ['iter', 'a/step'].map((name) => ({ name, tensor: tf.scalar(1, 'int32') }));
    await expectNoChange(
      optimizer,
      () => optimizer.setWeights([...counts, { name: 'a/momentum', tensor: integers }]),
      'slot "momentum" of "a": data must be a Float32Array, got a Int32Array',
    );
    tf.dispose([tensor, integers, ...counts.map((count) => count.tensor)]);
    optimizer.dispose();
  });
});

it('state survives JSON: what was finite comes back bit for bit', async () => {
  const optimizer = new Moments();
  model.train(optimizer, 1, 3);
  const state = await optimizer.state();
  const other = new Moments();
  await other.loadState(JSON.parse(JSON.stringify(state)));
  expect(await other.state()).toEqual(state);
  optimizer.dispose();
  other.dispose();
});

describe('what is set and refused leaves the options as they were', () => {
  it.each<[string, (optimizer: InstanceType<typeof Descent>) => void, string]>([
    ['trainable', (o) => o.setTrainable(1 as never), 'descent: trainable must be true or false, got 1'],
    ['a group of trainable', (o) => o.setTrainable(false, 4), 'descent has no groups[4]'],
    [
      'clipGlobalNorm',
      (o) => {
        o.clipGlobalNorm = -1;
      },
      'descent: clipGlobalNorm must be a positive number, got -1',
    ],
    [
      'clipValue',
      (o) => {
        o.clipValue = '1' as never;
      },
      'descent: clipValue must be a positive number, got "1" (string)',
    ],
    ['a hyperparameter', (o) => o.setHyperparameter('learningRate', -1), 'descent: learningRate must be'],
    [
      'a hook',
      (o) => o.addStepHook({ beforeStep: 1 } as never),
      'a step hook must be an object such as { beforeStep:',
    ],
    [
      'a hook of another name',
      (o) => o.addStepHook({ onStep: () => {} } as never),
      'a step hook must be an object such as',
    ],
    ['no hook', (o) => o.addStepHook(null as never), 'a step hook must be an object such as { beforeStep:'],
  ])('%s', (_, set, message) => {
    const optimizer = new Descent({ clipGlobalNorm: 3, clipValue: 2 });
    const before = optimizer.getConfig();
    expect(() => set(optimizer)).toThrow(message);
    expect(optimizer.getConfig()).toEqual(before);
    const { clipGlobalNorm, clipValue, trainable, learningRate } = optimizer;
    expect([clipGlobalNorm, clipValue, trainable, learningRate]).toEqual([3, 2, true, 0.5]);
    model.train(optimizer, 1, 1);
    optimizer.dispose();
  });

  it('weight decay relative to a peak that is not known, before any step', () => {
    const optimizer = new Descent({ learningRate: (step) => 1 / step, weightDecayMode: 'independent' });
    const set = () => optimizer.setHyperparameter('weightDecay', 0.1);
    expect(set).toThrow('descent: weightDecayMode "independent" divides by the peak learning rate');
    expect(optimizer.weightDecay).toBe(0);
    model.train(optimizer, 1, 1);
    optimizer.dispose();
  });
});
