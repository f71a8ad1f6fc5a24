import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  add,
  defineUpdateRule,
  encodeState,
  Float64Optimizer,
  likeParameter,
  mul,
  optimizerClass,
  type SlotSpec,
  slotValues,
  sub,
  type UpdateRule,
} from '../src/index.ts';
import { Descent, descentRule, Moments, TestModel } from './test-rules.ts';

/** The numbers of largest magnitude in the signed map: the largest code is 1, the least the mean of the last step to -1. */
const least = -(1 - 0.45 / 64);

const rate = { learningRate: { default: 1, minimum: 0, description: 'Step size' } };

/** Never changes its slot. */
const keeping = (initial: number): UpdateRule =>
  defineUpdateRule({
    ...descentRule,
    name: 'keeping',
    slots: () => ({ kept: { shape: 'parameter', initial } }),
    update: ({ parameter, gradient, kept }, { learningRate }) => ({
      parameter: sub(sub(parameter, mul(learningRate, gradient)), kept!),
      kept: kept!,
    }),
  }) as unknown as UpdateRule;

/** Sums the squares of what it is refreshed with, and evaluates with them added. */
const curved = defineUpdateRule({
  ...descentRule,
  name: 'curved',
  slots: () => ({ curvature: likeParameter }) as Record<string, SlotSpec>,
  update: ({ parameter, gradient, curvature }, { learningRate }) => ({
    parameter: sub(parameter, mul(learningRate, gradient)),
    curvature: curvature!,
  }),
  refresh: ({ gradient, curvature }) => ({ curvature: add(curvature!, mul(gradient, gradient)) }),
  average: ({ parameter, curvature }) => add(parameter, curvature!),
});

describe.each(['cpu', 'wasm'])('a packed slot on %s', (backend) => {
  beforeEach(() => tf.setBackend(backend));
  afterEach(() => tf.disposeVariables());
  afterAll(() => tf.setBackend('cpu'));

  it('is one of a parameter of 4096 elements or more, where nothing else is asked for', async () => {
    const model = new TestModel({ few: [4095], many: [4096] });
    const optimizer = new Moments({ stateFormat: 'bfloat16' });
    model.train(optimizer, 1, 1);
    const { few, many } = (await optimizer.state()).parameters;
    expect([few!.slots.momentum!.format, many!.slots.momentum!.format]).toEqual([undefined, 'bfloat16']);
    optimizer.dispose();
    model.dispose();
  });

  it.each([
    ['8bit', -0.5, -0.5 * -least],
    ['8bit', 0.3, Math.fround(0.3)],
    // 8 bits of 0.3 = 1.2 / 4, of which 1.2 is 1 + 26 / 128.
    ['bfloat16', 0.3, (1 + 26 / 128) / 4],
  ] as const)(
    'in %s starts at %d, and is not rounded anew where a step passes it on',
    async (stateFormat, initial, kept) => {
      const rule = keeping(initial);
      const options = { learningRate: 0, stateFormat, stateMinimumSize: 1 };
      const optimizer = new (optimizerClass(rule, 'SteepestTestKeeping'))(options as never);
      const model = new TestModel({ w: [300] });
      const [before] = await model.values();
      const exact = new Float64Optimizer([{ rule, options }]);
      exact.add({ name: 'w', shape: [300], size: 300 }, before!);
      for (let step = 1; step <= 3; step++) {
        model.train(optimizer, step, step);
        exact.step({ w: new Float64Array(300) });
        const values = slotValues((await optimizer.state()).parameters.w!.slots.kept!);
        for (const found of [values, exact.slots('w').kept!]) {
          expect(found[0]).toBeCloseTo(kept, 7);
          expect(found.every((x) => x === found[0])).toBe(true);
        }
      }
      const [after] = await model.values();
      for (const i of [0, 299]) {
        expect(after![i]).toBeCloseTo(before![i]! - 3 * kept, 5);
        expect(exact.value('w')[i]).toBeCloseTo(before![i]! - 3 * kept, 6);
      }
      optimizer.dispose();
      model.dispose();
    },
  );

  it.each([
    [{ average: 'bfloat16' }, 7, -5],
    // Its second element is -0.5 of the largest, then -5.003125 / 7 of it; between 0.1 and 1 are 64 codes, each in the middle of its part.
    [{ average: '8bit' }, 7, -7 * (0.1 + (0.9 * 43.5) / 64)],
    ['8bit', 7, -5],
  ] as const)('for an average is only one that is named: %j', async (stateFormat, first, second) => {
    const weight = tf.variable(tf.tensor1d([8, -4]), true, 'weight');
    const options = { learningRate: 1, stateFormat, stateMinimumSize: 1 };
    const optimizer = new Descent({ ...options, averageDecay: 0.5 });
    const exact = new Float64Optimizer([{ rule: descentRule as unknown as UpdateRule, options }], {
      averageDecay: 0.5,
    });
    exact.add({ name: 'weight', shape: [2], size: 2 }, [8, -4]);
    tf.tidy(() => optimizer.applyGradients({ weight: tf.tensor1d([2, 2]) }));
    exact.step({ weight: [2, 2] });
    optimizer.swapInAverage();
    for (const found of [[...(await weight.data())], [...exact.average('weight')]]) {
      expect(found[0]).toBe(first);
      expect(found[1]).toBeCloseTo(second, 5);
    }
    optimizer.swapOutAverage();
    expect([...(await weight.data())]).toEqual([6, -6]);
    const { format } = (await optimizer.state()).parameters.weight!.slots.average!;
    expect(format).toBe(
      { bfloat16: 'bfloat16', '8bit': '8bit-signed' }[(stateFormat as { average?: string }).average!],
    );
    optimizer.dispose();
    weight.dispose();
  });

  it.each(['bfloat16', '8bit'] as const)(
    'in %s is refreshed, and read by an average of the rule',
    async (stateFormat) => {
      const weight = tf.variable(tf.tensor1d([8, -4]), true, 'weight');
      const options = { learningRate: 1, stateFormat, stateMinimumSize: 1 };
      const optimizer = new (optimizerClass(curved, 'SteepestTestCurved'))(options);
      const exact = new Float64Optimizer([{ rule: curved as unknown as UpdateRule, options }]);
      exact.add({ name: 'weight', shape: [2], size: 2 }, [8, -4]);
      tf.tidy(() => optimizer.applyGradients({ weight: tf.tensor1d([2, 2]) }));
      exact.step({ weight: [2, 2] });
      for (const gradient of [
        [3, 5],
        [0, 0],
        [4, 12],
      ]) {
        tf.tidy(() => optimizer.applyRefresh({ weight: tf.tensor1d(gradient) }));
        exact.refresh({ weight: gradient });
      }
      optimizer.swapInAverage();
      const found = [...(await weight.data())];
      optimizer.swapOutAverage();
      // 6 + 9 + 16 and -6 + 25 + 144: the largest of a block is kept, the other to half a part of the map.
      const allowed = stateFormat === 'bfloat16' ? 0.5 : (0.9 / 64 / 2) * 169;
      for (const values of [found, exact.average('weight')]) {
        expect(Math.abs(values[0]! - 31)).toBeLessThan(allowed);
        expect(Math.abs(values[1]! - 163)).toBeLessThan(allowed);
      }
      expect((await optimizer.state()).parameters.weight!.slots.curvature!.format).toMatch(stateFormat);
      optimizer.dispose();
      weight.dispose();
    },
  );

  it.each(['bfloat16', '8bit'] as const)(
    'in %s of a scalar resumes from weights in the order of tfjs',
    async (stateFormat) => {
      const shapes = { scalar: [], vector: [3] };
      const options = { stateFormat, stateMinimumSize: 1, learningRate: 0.1 };
      const [uninterrupted, first, second] = [
        new Moments(options),
        new Moments(options),
        new Moments(options),
      ];
      const whole = new TestModel(shapes);
      whole.train(uninterrupted, 1, 4);
      const expected = [await whole.values(), encodeState(await uninterrupted.state())];
      whole.dispose();
      const model = new TestModel(shapes);
      model.train(first, 1, 2);
      const weights = await first.getWeights();
      await second.setWeights(weights);
      for (const { tensor } of weights) tensor.dispose();
      model.train(second, 3, 4);
      expect([await model.values(), encodeState(await second.state())]).toEqual(expected);
      for (const each of [uninterrupted, first, second]) each.dispose();
    },
  );
});

describe('formats by the names of slots', () => {
  /** Keeps a slot named by the number of dimensions; none of vectors, which it refuses. */
  const ranked = defineUpdateRule({
    ...descentRule,
    name: 'ranked',
    hyperparameters: rate,
    slots: ({ parameter: { shape } }) => {
      if (shape.length === 1) throw new Error('no vectors');
      return { [`rank${shape.length}`]: likeParameter } as Record<string, SlotSpec>;
    },
    update: ({ parameter, gradient, ...slots }, { learningRate }) => ({
      parameter: sub(parameter, mul(learningRate, gradient)),
      ...slots,
    }),
  });
  const Ranked = optimizerClass(ranked, 'SteepestTestRanked');

  it.each(['rank0', 'rank2', 'rank3', 'rank4', 'average', 'filteredGradient', 'recentGradient0of2'])(
    'may have %s',
    (slot) => {
      expect(() => new Ranked({ stateFormat: { [slot]: 'bfloat16' } })).not.toThrow();
    },
  );

  it.each(['rank1', 'recentGradient', 'recentGradientX', 'recentGradient0of2b', 'filteredGradients'])(
    'cannot have %s, which nothing keeps',
    (slot) => {
      expect(() => new Ranked({ stateFormat: { [slot]: 'bfloat16' } })).toThrow(
        `ranked: stateFormat names the slot "${slot}", which ranked does not keep; did you mean "`,
      );
    },
  );

  it.each([null, [], 3])('are not %j', (stateFormat) => {
    expect(() => new Ranked({ stateFormat: stateFormat as never })).toThrow(
      "ranked: stateFormat must be one of 'float32', 'bfloat16', '8bit', or one for each slot by name, got ",
    );
  });
});
