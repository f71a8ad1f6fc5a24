import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it } from 'vitest';
import { Descent, Moments, TestModel, trainedValues } from './test-rules.ts';

const shapes = { 'block/weight': [2], 'block/bias': [2], 'head/weight': [2] };
const models: TestModel[] = [];
afterEach(() => {
  for (const model of models.splice(0)) model.dispose();
});

function newModel(): TestModel {
  for (const model of models.splice(0)) model.dispose();
  const model = new TestModel(shapes);
  models.push(model);
  return model;
}

/** How far each variable moved under one step with a gradient of ones. */
async function moves(optimizer: InstanceType<typeof Descent>, model = newModel()): Promise<number[]> {
  const before = await model.values();
  tf.tidy(() =>
    optimizer.applyGradients(Object.fromEntries(model.variables.map(({ name }) => [name, tf.ones([2])]))),
  );
  const after = await model.values();
  // Rounded to six digits: the difference of two float32 numbers near 1.
  return before.map((values, index) => Number((values[0]! - after[index]![0]!).toFixed(6)));
}

describe('groups', () => {
  it('give a parameter to the first that matches, and the rest to the base options', async () => {
    const optimizer = new Descent({
      learningRate: 0.5,
      groups: [
        { match: '**/bias', learningRate: 0.25 },
        { match: 'block/**', learningRate: 0.125 },
      ],
    });
    expect(await moves(optimizer)).toEqual([0.125, 0.25, 0.5]);
  });

  it('override only what they set', async () => {
    const options = { learningRate: 0.3, beta1: 0.5 };
    const [grouped] = await trainedValues(
      new Moments({ beta1: 0.5, learningRate: 9, groups: [{ match: '**', learningRate: 0.3 }] }),
      4,
    );
    expect(grouped).toEqual((await trainedValues(new Moments(options), 4))[0]);
  });

  it('that are not trainable leave parameters and state alone', async () => {
    const optimizer = new Moments({ weightDecay: 0.5, groups: [{ match: 'head/*', trainable: false }] });
    const model = newModel();
    const before = await model.values();
    model.train(optimizer, 1, 3);
    const after = await model.values();
    expect(after[2]).toEqual(before[2]);
    expect(after[0]).not.toEqual(before[0]);
    // Two slots of two float32 elements for each of the two other parameters.
    expect(optimizer.stateBytes()).toBe(2 * 2 * 2 * 4);
    optimizer.dispose();
  });

  it('match by glob, pattern or predicate', async () => {
    for (const match of [
      'head/*',
      { name: ['head/**'] },
      { allOf: [{ rank: 1 }, { not: 'block/**' }] },
      ({ name }: { name: string }) => name.startsWith('head'),
    ]) {
      expect(await moves(new Descent({ groups: [{ match, learningRate: 0 }] }))).toEqual([0.5, 0.5, 0]);
    }
  });
});

describe('a hyperparameter', () => {
  it('may be a schedule, which sees steps counted from 1', async () => {
    const seen: number[] = [];
    const optimizer = new Descent({
      learningRate: (step) => {
        seen.push(step);
        return 1 / 2 ** step;
      },
    });
    const model = newModel();
    expect([await moves(optimizer, model), await moves(optimizer, model)]).toEqual([
      [0.5, 0.5, 0.5],
      [0.25, 0.25, 0.25],
    ]);
    expect(seen).toEqual([1, 2]);
  });

  it('is replaced from the next step on, like a step in a schedule, bit for bit', async () => {
    const changed = new Moments({ learningRate: 0.1, beta2: 0.9 });
    const model = newModel();
    model.train(changed, 1, 3);
    changed.setHyperparameter('learningRate', 0.02);
    changed.setHyperparameter('beta2', 0.95);
    model.train(changed, 4, 6);
    const scheduled = new Moments({
      learningRate: (step) => (step <= 3 ? 0.1 : 0.02),
      beta2: (step) => (step <= 3 ? 0.9 : 0.95),
    });
    const replaced = await model.values();
    changed.dispose();
    // Names are taken once: the first model goes before the second comes.
    for (const used of models.splice(0)) used.dispose();
    expect(replaced).toEqual(await trainedValues(scheduled, 6, shapes));
  });

  it('is replaced for one group, and for the groups that follow the base', async () => {
    const optimizer = new Descent({
      groups: [
        { match: '**/bias', learningRate: 0.25 },
        { match: 'head/*', weightDecay: 0 },
      ],
    });
    const model = newModel();
    optimizer.setHyperparameter('learningRate', 0.0625, 0);
    expect(await moves(optimizer, model)).toEqual([0.5, 0.0625, 0.5]);
    optimizer.setHyperparameter('learningRate', 1);
    expect(await moves(optimizer, model)).toEqual([1, 0.0625, 1]);
    optimizer.setHyperparameter('learningRate', 2, 1);
    expect(await moves(optimizer, model)).toEqual([1, 0.0625, 2]);
  });

  it('that is replaced is checked as at construction', () => {
    const optimizer = new Moments();
    expect(() => optimizer.setHyperparameter('beta1', 1)).toThrow(
      'moments: beta1 must be a finite number, at least 0 and below 1, or a schedule of such numbers, got 1',
    );
    // @ts-expect-error: the compiler knows the names.
    expect(() => optimizer.setHyperparameter('beta3', 0.5)).toThrow(
      'moments has no option "beta3". Known options: ',
    );
    expect(() => optimizer.setHyperparameter('beta1', 0.5, 0)).toThrow('moments has no groups[0]');
  });
});

describe('weight decay', () => {
  const rate = (step: number) => 0.5 / step;
  /** One weight at 2 with gradient 1 each step, by the formula under test, in float64. */
  const byHand = (next: (p: number, learningRate: number) => number) => next(next(2, rate(1)), rate(2));

  async function after(options: ConstructorParameters<typeof Descent>[0]): Promise<number> {
    const weight = tf.variable(tf.tensor1d([2]), true, 'decayed');
    const optimizer = new Descent({ learningRate: rate, ...options });
    for (let step = 0; step < 2; step++) {
      tf.tidy(() => optimizer.applyGradients({ decayed: tf.tensor1d([1]) }));
    }
    const value = (await weight.data())[0]!;
    weight.dispose();
    return value;
  }

  // Six digits: float32 values near 1.
  it('is decoupled by default: p (1 - lr d) - lr g', async () => {
    expect(await after({ weightDecay: 0.25 })).toBeCloseTo(
      byHand((p, lr) => p * (1 - lr * 0.25) - lr),
      6,
    );
  });
  it('independent divides by the peak learning rate: p (1 - d lr / peak) - lr g', async () => {
    expect(
      await after({ weightDecay: 0.25, weightDecayMode: 'independent', peakLearningRate: 0.5 }),
    ).toBeCloseTo(
      byHand((p, lr) => p * (1 - (0.25 * lr) / 0.5) - lr),
      6,
    );
  });
  it('l2 joins the gradient: p - lr (g + d p)', async () => {
    expect(await after({ weightDecay: 0.25, weightDecayMode: 'l2' })).toBeCloseTo(
      byHand((p, lr) => p - lr * (1 + 0.25 * p)),
      6,
    );
  });
  it('may be a schedule', async () => {
    let step = 0;
    expect(await after({ weightDecay: (now) => 0.1 * now })).toBeCloseTo(
      byHand((p, lr) => {
        step++;
        return p * (1 - lr * 0.1 * step) - lr;
      }),
      6,
    );
  });
  it('independent keeps the peak it began with when the learning rate is replaced, also through a file', async () => {
    const options = { learningRate: 0.5, weightDecay: 0.25, weightDecayMode: 'independent' as const };
    const optimizer = new Descent(options);
    optimizer.setHyperparameter('learningRate', 0.125);
    const loaded = Descent.fromConfig(Descent as never, optimizer.getConfig()) as typeof optimizer;
    const expected = await trainedValues(
      new Descent({ ...options, learningRate: 0.125, peakLearningRate: 0.5 }),
      3,
    );
    expect(await trainedValues(optimizer, 3)).toEqual(expected);
    expect(await trainedValues(loaded, 3)).toEqual(expected);
  });
  it('of zero changes no bit', async () => {
    expect(await trainedValues(new Moments({ weightDecay: 0 }), 4)).toEqual(
      await trainedValues(new Moments(), 4),
    );
  });
});
