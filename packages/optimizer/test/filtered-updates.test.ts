import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  add,
  decodeState,
  defineUpdateRule,
  encodeState,
  Float64Optimizer,
  type GradientFilter,
  mul,
  optimizerClass,
} from '../src/index.ts';
import { Descent, descentRule, Moments, momentsRule, TestModel, trainedValues, wave } from './test-rules.ts';

const average: GradientFilter = { kind: 'average', decay: 0.5, strength: 3 };
const window: GradientFilter = { kind: 'window', size: 2, strength: 3 };
const filters = { average, window, 'window at once': { ...window, waits: false } };

/** Values of one weight that starts at 0, after steps of descent at rate 1. */
async function descended(
  options: ConstructorParameters<typeof Descent>[0],
  gradients: readonly (readonly number[] | null)[],
  size = 1,
): Promise<number[]> {
  const weight = tf.variable(tf.zeros([size]), true, 'filtered/weight');
  const optimizer = new Descent({ learningRate: 1, ...options });
  for (const gradient of gradients) {
    const tensor = gradient === null ? null : tf.tensor1d([...gradient]);
    optimizer.applyGradients([{ name: weight.name, tensor }]);
    tensor?.dispose();
  }
  const values = [...(await weight.data())];
  optimizer.dispose();
  weight.dispose();
  return values;
}

// Tests run in any order, each of them alone too.
beforeAll(() => tf.setBackend('cpu'));

describe.each(['cpu', 'wasm'])('gradient filters and cautious updates on %s', (backend) => {
  beforeAll(async () => {
    await tf.setBackend(backend);
  });
  afterAll(async () => {
    await tf.setBackend('cpu');
  });

  it('adds a moving average that starts at the first gradient itself', async () => {
    // Averages 2, then 0.5 * 2 + 0.5 * 4 = 3: moves of 2 + 3 * 2 and 4 + 3 * 3.
    expect(await descended({ gradientFilter: average }, [[2], null, [4]])).toEqual([-(8 + 13)]);
  });

  it('adds the mean of a window once it is full, this gradient included', async () => {
    // Nothing, then 3 times the means of 2 and 4, and of 4 and 8.
    expect(await descended({ gradientFilter: window }, [[2], [4], null, [8]])).toEqual([-(2 + 13 + 26)]);
  });

  it('adds the mean of the gradients there are, if it does not wait', async () => {
    const gradientFilter = { ...window, size: 3, waits: false };
    // Means 2, 3, 14 / 3 and (4 + 8 + 6) / 3.
    const [value] = await descended({ gradientFilter }, [[2], [4], [8], [6]]);
    expect(value).toBe(-(8 + 13 + 22 + 24));
  });

  it('filters after clipping and before L2 decay', async () => {
    const options = {
      gradientFilter: average,
      clipValue: 1,
      weightDecay: 0.5,
      weightDecayMode: 'l2',
    } as const;
    // Clipped to 1: moves 1 + 3; then 1 + 3 + 0.5 * -4.
    expect(await descended(options, [[7], [7]])).toEqual([-4 - 4 + 2]);
  });

  it('keeps the update where it goes against the gradient, scaled up by what is left out', async () => {
    // The filter turns some updates: averages are (4, 4, 4, -4) and then (1, 2.5, 2, -3), against (-2, 1, 0, -2).
    const gradients = [
      [4, 4, 4, -4],
      [-2, 1, 0, -2],
    ];
    const momentum = optimizerClass(
      defineUpdateRule({
        ...momentsRule,
        name: 'halves',
        slots: () => ({ momentum: { shape: 'parameter' } }),
        update: ({ parameter, gradient, momentum: before }, { learningRate }) => {
          const after = add(mul(0.5, before!), mul(0.5, gradient));
          return {
            parameter: {
              kind: 'binary',
              operation: 'sub',
              left: parameter,
              right: mul(learningRate, after),
              shape: gradient.shape,
            },
            momentum: after,
          };
        },
      }),
      'SteepestTestHalves',
    );
    const trained = async (cautious: 'mean' | 'count'): Promise<number[]> => {
      const weight = tf.variable(tf.zeros([4]), true, 'cautious/weight');
      const optimizer = new momentum({ learningRate: 1, cautious });
      for (const gradient of gradients) {
        tf.tidy(() => optimizer.applyGradients({ [weight.name]: tf.tensor1d(gradient) }));
      }
      const values = [...(await weight.data())];
      optimizer.dispose();
      weight.dispose();
      return values;
    };
    // First all four agree: m = (2, 2, 2, -2). Then m = (0, 1.5, 1, -2), of which two agree.
    expect(await trained('mean')).toEqual([-2, -2 - 1.5 * 2, -2, 2 + 2 * 2]);
    const [first, second, third, fourth] = await trained('count');
    expect(first).toBeCloseTo(-2 * (4 / 5), 6);
    expect(second).toBeCloseTo(-2 * (4 / 5) - 1.5 * (4 / 3), 5);
    expect(third).toBeCloseTo(-2 * (4 / 5), 6);
    expect(fourth).toBeCloseTo(2 * (4 / 5) + 2 * (4 / 3), 5);
  });

  it('does not mask weight decay, and takes the signs of products too small for float32', async () => {
    const decayed = await descended({ cautious: 'mean', weightDecay: 0.5 }, [[1e-30, 0]], 2);
    expect(decayed[0]).toBeCloseTo(-2e-30, 35);
    expect(decayed[1]).toBeCloseTo(0, 30);
  });

  it.each(Object.entries(filters))('agrees with float64 behind the filter %s', async (_, gradientFilter) => {
    const options = { learningRate: 0.05, weightDecay: 0.1 };
    const engine = { gradientFilter, cautious: 'mean', accumulationSteps: 2, clipGlobalNorm: 1 } as const;
    const exact = new Float64Optimizer([{ rule: momentsRule, options }], engine);
    const model = new TestModel({ 'a/weight': [3, 2] });
    exact.add({ name: 'a/weight', shape: [3, 2], size: 6 }, wave(6, 'a'.charCodeAt(0)));
    const optimizer = new Moments({ ...options, ...engine });
    for (let step = 1; step <= 20; step++) {
      exact.step({ 'a/weight': wave(6, step + 'a'.charCodeAt(0)) });
      model.train(optimizer, step, step);
    }
    const [values] = await model.values();
    for (const [index, value] of exact.value('a/weight').entries()) {
      expect(values![index]).toBeCloseTo(value, 5);
    }
    optimizer.dispose();
    model.dispose();
  });

  it.each(Object.entries(filters))('resumes bit for bit behind the filter %s', async (_, gradientFilter) => {
    const options = { gradientFilter, cautious: 'count', learningRate: 0.05 } as const;
    const expected = await trainedValues(new Moments(options), 7);
    const model = new TestModel();
    const before = new Moments(options);
    model.train(before, 1, 4);
    const file = encodeState(await before.state());
    const restored = Moments.fromConfig(Moments as never, before.getConfig()) as InstanceType<typeof Moments>;
    await restored.loadState(decodeState(file));
    model.train(restored, 5, 7);
    expect(await model.values()).toEqual(expected);
    for (const optimizer of [before, restored]) optimizer.dispose();
    model.dispose();
  });

  it('can be switched on and off between runs', async () => {
    const model = new TestModel();
    const plain = new Moments();
    model.train(plain, 1, 2);
    const filtering = new Moments({ gradientFilter: average });
    await filtering.loadState(await plain.state());
    model.train(filtering, 3, 4);
    expect(filtering.stateReport().newSlots['a/weight']).toEqual(['filteredGradient']);
    const again = new Moments();
    await again.loadState(await filtering.state());
    model.train(again, 5, 5);
    expect(again.stateReport().unusedSlots['a/weight']).toEqual(['filteredGradient']);
    for (const optimizer of [plain, filtering, again]) optimizer.dispose();
    model.dispose();
  });
});

describe('what a filter leaves out is as in the code of its authors', () => {
  it.each([{ kind: 'average' }, { kind: 'average', decay: undefined, strength: undefined }] as const)(
    'for an average: %o',
    async (gradientFilter) => {
      // 1 + 2 * 1, then 2 + 2 * (0.98 * 1 + 0.02 * 2).
      const [value] = await descended({ gradientFilter }, [[1], [2]]);
      expect(value).toBeCloseTo(-(3 + 2 + 2 * 1.02), 5);
    },
  );

  it.each([
    { kind: 'window' },
    { kind: 'window', size: undefined, strength: undefined, waits: undefined },
  ] as const)('for a window: %o', async (gradientFilter) => {
    const gradients = Array.from({ length: 100 }, () => [1]);
    // The hundredth step is the first to which 5 times their mean is added.
    expect(await descended({ gradientFilter }, gradients.slice(1))).toEqual([-99]);
    expect((await descended({ gradientFilter }, gradients))[0]).toBeCloseTo(-105, 4);
    expect((await descended({ gradientFilter: { ...gradientFilter, waits: false } }, [[1]]))[0]).toBe(-6);
  });
});

describe('an option of filters is refused', () => {
  it.each([
    [{ cautious: true }, "descent: cautious must be 'mean' or 'count', got true"],
    [
      { gradientFilter: 'ema' },
      "descent: gradientFilter must be { kind: 'average', decay, strength } or { kind: 'window', size, strength, waits }, got \"ema\" (string)",
    ],
    [{ gradientFilter: { kind: 'average', size: 3 } }, 'descent: gradientFilter has no option "size"'],
    [
      { gradientFilter: { kind: 'average', decay: 1 } },
      'gradientFilter.decay must be a finite number, at least 0 and below 1, got 1',
    ],
    [
      { gradientFilter: { kind: 'average', decay: -0.1 } },
      'gradientFilter.decay must be a finite number, at least 0',
    ],
    [
      { gradientFilter: { kind: 'window', size: 0 } },
      'gradientFilter.size must be a whole number of at least 1, got 0',
    ],
    [
      { gradientFilter: { kind: 'window', size: 1.5 } },
      'gradientFilter.size must be a whole number of at least 1, got 1.5',
    ],
    [{ gradientFilter: { kind: 'window', waits: 1 } }, 'gradientFilter.waits must be true or false, got 1'],
    [
      { gradientFilter: { kind: 'window', strength: Infinity } },
      'gradientFilter.strength must be a finite number, got Infinity',
    ],
  ])('%o', (options, message) => {
    expect(() => new Descent(options as never)).toThrow(message);
  });

  it('by a rule whose update cannot be told from the parameter, by name, and nothing changes', () => {
    const shrinking = defineUpdateRule({
      ...descentRule,
      name: 'shrinking',
      update: ({ parameter, gradient }, { learningRate }) => ({
        parameter: add(mul(parameter, 0.5), mul(learningRate, gradient)),
      }),
    });
    const optimizer = new (optimizerClass(shrinking, 'SteepestTestShrinking'))({ cautious: 'mean' });
    const weight = tf.variable(tf.ones([2]), true, 'shrinking/weight');
    expect(() => tf.tidy(() => optimizer.applyGradients({ [weight.name]: tf.ones([2]) }))).toThrow(
      'cautious cannot hold for "shrinking/weight" under "shrinking": its new parameter is not the parameter less an update',
    );
    expect([...weight.dataSync()]).toEqual([1, 1]);
    expect(optimizer.iterations).toBe(0);
    optimizer.dispose();
    weight.dispose();
  });

  it.each([
    [
      'average',
      'cautious cannot hold for "averaged/weight" under "averaged": its average follows the whole update',
    ],
  ])('by a rule with an %s of its own, which a mask does not reach', (_, message) => {
    const averaged = defineUpdateRule({
      ...descentRule,
      name: 'averaged',
      average: ({ parameter }) => parameter,
    });
    const optimizer = new (optimizerClass(averaged, 'SteepestTestAveraged'))({ cautious: 'mean' });
    const weight = tf.variable(tf.ones([2]), true, 'averaged/weight');
    expect(() => tf.tidy(() => optimizer.applyGradients({ [weight.name]: tf.ones([2]) }))).toThrow(message);
    optimizer.dispose();
    weight.dispose();
  });

  it('together with lazy rows: a filter counts the gradients of the whole matrix', () => {
    const optimizer = new Descent({ gradientFilter: { kind: 'average' }, lazyRows: '**' });
    const weight = tf.variable(tf.ones([2, 2]), true, 'rows/weight');
    expect(() => tf.tidy(() => optimizer.applyGradients({ [weight.name]: tf.ones([2, 2]) }))).toThrow(
      'lazyRows cannot hold for "rows/weight" with gradientFilter',
    );
    optimizer.dispose();
    weight.dispose();
  });

  it('together with lazy rows: the mask of a row depends on the others', () => {
    const optimizer = new Descent({ cautious: 'mean', lazyRows: '**' });
    const weight = tf.variable(tf.ones([2, 2]), true, 'lazy/weight');
    expect(() => tf.tidy(() => optimizer.applyGradients({ [weight.name]: tf.ones([2, 2]) }))).toThrow(
      'a row of its parameter depends on other rows',
    );
    optimizer.dispose();
    weight.dispose();
  });
});
