import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it } from 'vitest';
import { Descent, Moments, TestModel, trainedValues } from './test-rules.ts';

let weight: tf.Variable;
afterEach(() => weight?.dispose());

function start(values: number[]): void {
  weight = tf.variable(tf.tensor1d(values), true, 'weight');
}

const apply = (optimizer: InstanceType<typeof Descent>, gradient: number[]): void =>
  tf.tidy(() => optimizer.applyGradients({ weight: tf.tensor1d(gradient) }));

describe('an engine option is refused', () => {
  it.each([
    [{ clipValue: 0 }, 'descent: clipValue must be a positive number, got 0'],
    [{ clipGlobalNorm: '1' }, 'descent: clipGlobalNorm must be a positive number, got "1" (string)'],
    [{ clipEpsilon: -1 }, 'descent: clipEpsilon must be a finite number of at least 0, got -1'],
    [{ clipEpsilon: Infinity }, 'descent: clipEpsilon must be a finite number of at least 0, got Infinity'],
    [{ accumulationSteps: 0 }, 'descent: accumulationSteps must be a whole number of at least 1, got 0'],
    [{ accumulationSteps: 1.5 }, 'descent: accumulationSteps must be a whole number of at least 1, got 1.5'],
    [{ maximize: 1 }, 'descent: maximize must be true or false, got 1'],
    [{ skipNonFinite: 'yes' }, 'descent: skipNonFinite must be true or false, got "yes" (string)'],
    [{ recordMetrics: 0 }, 'descent: recordMetrics must be true or false, got 0'],
    [
      { averageDecay: 1 },
      'descent: averageDecay must be a finite number, at least 0 and below 1, or a schedule of such numbers, got 1',
    ],
    [
      { groups: [{ match: '*', maximize: true }] },
      'descent groups[0]: maximize holds for all groups together; give it beside groups',
    ],
  ])('%o', (options, message) => {
    expect(() => new Descent(options as never)).toThrow(message);
  });
});

describe('clipValue', () => {
  it('brings every element of the gradient into its range, before the global norm is taken', async () => {
    start([0, 0, 0]);
    const optimizer = new Descent({ learningRate: 1, clipValue: 3, clipGlobalNorm: Infinity });
    apply(optimizer, [10, -4, 0.5]);
    expect([...(await weight.data())]).toEqual([-3, 3, -0.5]);
    expect(await optimizer.gradientNorm()).toBeCloseTo(Math.sqrt(18.25), 5);
    optimizer.dispose();
  });
});

describe('clipEpsilon', () => {
  it('is added to the global norm that the limit is divided by', async () => {
    for (const [clipEpsilon, factor] of [
      [0, 2 / 5],
      [3, 2 / 8],
    ] as const) {
      start([0, 0]);
      const optimizer = new Descent({ learningRate: 1, clipGlobalNorm: 2, clipEpsilon });
      apply(optimizer, [3, -4]);
      const [first, second] = await weight.data();
      expect(first).toBeCloseTo(-3 * factor, 6);
      expect(second).toBeCloseTo(4 * factor, 6);
      optimizer.dispose();
      weight.dispose();
    }
  });

  it('of 0 leaves gradients of 0 what they are', async () => {
    start([1, 2]);
    const optimizer = new Descent({ learningRate: 1, clipGlobalNorm: 2, clipEpsilon: 0 });
    apply(optimizer, [0, 0]);
    expect([...(await weight.data())]).toEqual([1, 2]);
    optimizer.dispose();
  });
});

describe('weightDecayMode fixed', () => {
  it('takes the same share in every step, whatever the learning rate is', async () => {
    start([8, -4]);
    const optimizer = new Descent({
      learningRate: (step) => step - 1,
      weightDecay: 0.25,
      weightDecayMode: 'fixed',
    });
    apply(optimizer, [1, 1]);
    expect([...(await weight.data())]).toEqual([6, -3]);
    apply(optimizer, [1, 1]);
    expect([...(await weight.data())]).toEqual([3.5, -3.25]);
    optimizer.dispose();
  });
});

describe('maximize', () => {
  it('climbs: it equals descending along the negated gradient bit for bit', async () => {
    const shapes = { 'a/weight': [3, 2] };
    const climbed = await trainedValues(new Moments({ maximize: true, weightDecay: 0.1 }), 5, shapes);
    const model = new TestModel(shapes);
    const optimizer = new Moments({ weightDecay: 0.1 });
    for (let step = 1; step <= 5; step++) {
      tf.tidy(() => {
        const gradients = Object.entries(model.gradients(step)).map(([name, g]) => [name, tf.neg(g)]);
        optimizer.applyGradients(Object.fromEntries(gradients));
      });
    }
    expect(climbed).toEqual(await model.values());
    optimizer.dispose();
    model.dispose();
  });
});

describe('skipNonFinite', () => {
  it.each([Number.NaN, Infinity, -Infinity])(
    'skips a step with %d, and changes nothing but the count',
    async (bad) => {
      start([1, 2]);
      const optimizer = new Descent({ learningRate: 1, skipNonFinite: true });
      apply(optimizer, [1, 1]);
      const before = await optimizer.state();
      apply(optimizer, [0, bad]);
      expect([...(await weight.data())]).toEqual([0, 1]);
      expect(await optimizer.state()).toEqual({ ...before, skippedSteps: 1 });
      apply(optimizer, [1, 1]);
      expect([...(await weight.data())]).toEqual([-1, 0]);
      expect(optimizer.skippedSteps).toBe(1);
      expect(optimizer.iterations).toBe(2);
      optimizer.dispose();
    },
  );

  it('takes large finite gradients, whose sum of squares overflows float32', async () => {
    start([0, 0]);
    const optimizer = new Descent({ learningRate: 1, skipNonFinite: true });
    apply(optimizer, [3e38, 3e38]);
    expect(optimizer.skippedSteps).toBe(0);
    expect((await weight.data())[0]).toBe(Math.fround(-3e38));
    optimizer.dispose();
  });

  it('keeps its count through getWeights and setWeights', async () => {
    start([0]);
    const optimizer = new Descent({ skipNonFinite: true });
    apply(optimizer, [Number.NaN]);
    const other = new Descent({ skipNonFinite: true });
    await other.setWeights(await optimizer.getWeights());
    expect(other.skippedSteps).toBe(1);
    optimizer.dispose();
    other.dispose();
  });
});

describe('a feature that is off', () => {
  it.each([
    ['clipGlobalNorm at infinity', { clipGlobalNorm: Infinity }],
    ['clipValue at infinity', { clipValue: Infinity }],
    ['accumulation of one', { accumulationSteps: 1 }],
    ['recordMetrics', { recordMetrics: true }],
    ['skipNonFinite with finite gradients', { skipNonFinite: true }],
    ['averageDecay', { averageDecay: 0.9 }],
  ])('changes no bit: %s', async (_, options) => {
    expect(await trainedValues(new Moments(options), 6)).toEqual(await trainedValues(new Moments(), 6));
  });
});

describe('step hooks', () => {
  it('are called around every step with its number and mean gradients, and no more once removed', async () => {
    start([0]);
    const seen: [string, number, number, number][] = [];
    const optimizer = new Descent({ learningRate: 1, accumulationSteps: 2 });
    const note =
      (when: string) =>
      ({ step, gradients }: { step: number; gradients: readonly { tensor: tf.Tensor }[] }) =>
        seen.push([when, step, gradients[0]!.tensor.dataSync()[0]!, weight.dataSync()[0]!]);
    const remove = optimizer.addStepHook({ beforeStep: note('before'), afterStep: note('after') });
    for (const gradient of [1, 3, 4, 4]) apply(optimizer, [gradient]);
    expect(seen).toEqual([
      ['before', 1, 2, 0],
      ['after', 1, 2, -2],
      ['before', 2, 4, -2],
      ['after', 2, 4, -6],
    ]);
    remove();
    apply(optimizer, [1]);
    apply(optimizer, [1]);
    expect(seen).toHaveLength(4);
    optimizer.dispose();
  });

  it('that throw before the step leave everything as it was', async () => {
    start([1]);
    const optimizer = new Descent({ learningRate: 1 });
    const before = await optimizer.state();
    optimizer.addStepHook({
      beforeStep: () => {
        throw new Error('not now');
      },
    });
    const { numTensors } = tf.memory();
    const gradient = tf.tensor1d([1]);
    expect(() => optimizer.applyGradients({ weight: gradient })).toThrow('not now');
    gradient.dispose();
    expect(tf.memory().numTensors).toBeLessThanOrEqual(numTensors + 1); // its step counter
    expect([...(await weight.data())]).toEqual([1]);
    expect((await optimizer.state()).step).toBe(before.step);
    optimizer.dispose();
  });
});

describe('recordMetrics', () => {
  it('gives the norms of the last step by parameter and by group', async () => {
    const a = tf.variable(tf.tensor1d([3, 4]), true, 'a');
    const b = Object.assign(tf.variable(tf.tensor1d([1]), true, 'b'), { role: 'norm' });
    const optimizer = new Descent({
      learningRate: 1,
      recordMetrics: true,
      accumulationSteps: 2,
      groups: [{ match: { role: 'norm' }, learningRate: 0.5 }],
    });
    expect(await optimizer.metrics()).toBeUndefined();
    for (let micro = 0; micro < 2; micro++) {
      tf.tidy(() => optimizer.applyGradients({ a: tf.tensor1d([3, 0]), b: tf.tensor1d([4]) }));
    }
    expect(await optimizer.metrics()).toEqual({
      step: 1,
      parameters: [
        { name: 'a', group: 'descent', gradientNorm: 3, updateNorm: 3, parameterNorm: 4 },
        {
          name: 'b',
          role: 'norm',
          group: 'descent groups[0]',
          gradientNorm: 4,
          updateNorm: 2,
          parameterNorm: 1,
        },
      ],
      groups: [
        { group: 'descent', parameters: 1, gradientNorm: 3, updateNorm: 3, parameterNorm: 4 },
        { group: 'descent groups[0]', parameters: 1, gradientNorm: 4, updateNorm: 2, parameterNorm: 1 },
      ],
    });
    optimizer.dispose();
    a.dispose();
    b.dispose();
  });
});
