import { AdamW } from '@steepest/optim-adam';
import { Float64Optimizer, type UpdateRule } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Mars, MarsM, marsMRule, marsRule } from '../src/index.ts';

/** Gradients of norm below 1, with no special structure. */
const smallGradients = (shape: number[], steps: number): tf.Tensor[] =>
  Array.from({ length: steps }, (_, step) => tf.randomNormal(shape, 0, 0.05, 'float32', step + 1));

/** A weight that starts at 1 after steps with the gradients. */
function trained(
  optimizer: Mars | MarsM | AdamW,
  gradients: readonly tf.Tensor[],
  role?: string,
): Float32Array {
  const weight = Object.assign(tf.variable(tf.ones(gradients[0]!.shape)), { role });
  for (const gradient of gradients) optimizer.applyGradients({ [weight.name]: gradient });
  const values = weight.dataSync().slice() as Float32Array;
  optimizer.dispose();
  weight.dispose();
  return values;
}

/** What moves further than any rounding of a few float32 steps of 0.01. */
const other = 1e-4;

function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0);
}

/** One weight, moved by a rule in float64. */
function engineOf(rule: object, options: object, shape: number[]): Float64Optimizer {
  const engine = new Float64Optimizer([{ rule: rule as UpdateRule, options }]);
  const size = shape.reduce((product, length) => product * length, 1);
  engine.add({ name: 'weight', shape, size }, new Float64Array(size));
  return engine;
}

describe('MARS', () => {
  it('is AdamW where nothing is corrected and no gradient is long', () => {
    const gradients = smallGradients([3, 4], 8);
    const shared = { learningRate: 0.01, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 };
    const mars = trained(new Mars({ ...shared, gamma: 0 }), gradients);
    expect(largestDifference(mars, trained(new AdamW(shared), gradients))).toBeLessThan(1e-6);
  });

  it('adds gamma * beta1 / (1 - beta1) of the change, the whole first gradient being one', () => {
    const options = { gamma: 0.1, beta1: 0.5, learningRate: 1 };
    const engine = engineOf(marsRule, options, [1, 2]);
    engine.step({ weight: [0.3, -0.2] });
    // m = (1 - beta1) * c, c = 1.1 g.
    for (const [i, g] of [0.3, -0.2].entries()) {
      expect(engine.slots('weight').momentum![i]).toBeCloseTo(0.5 * 1.1 * g, 14);
    }
    engine.step({ weight: [0.1, 0.2] });
    const corrected = [0.1 + 0.1 * (0.1 - 0.3), 0.2 + 0.1 * (0.2 - -0.2)];
    for (const [i, g] of [0.3, -0.2].entries()) {
      expect(engine.slots('weight').momentum![i]).toBeCloseTo(0.25 * 1.1 * g + 0.5 * corrected[i]!, 14);
    }
    expect([...engine.slots('weight').previousGradient!]).toEqual([0.1, 0.2]);
  });

  it.each([
    ['longer than 1', [3, 4], [0.6, 0.8]],
    ['of norm 1', [0.6, 0.8], [0.6, 0.8]],
    ['shorter', [0.06, 0.08], [0.06, 0.08]],
  ])('brings a corrected gradient %s to norm 1 at most, over the whole matrix', (_, gradient, expected) => {
    const engine = engineOf(marsRule, { gamma: 0, beta1: 0 }, [2, 1]);
    engine.step({ weight: gradient });
    for (const [i, value] of expected.entries()) {
      expect(engine.slots('weight').momentum![i]).toBeCloseTo(value, 14);
    }
  });

  it('keeps the last gradient through steps without one', () => {
    const engine = engineOf(marsRule, { gamma: 0.5, beta1: 0.5 }, [1, 1]);
    engine.step({ weight: [0.2] });
    engine.step({ weight: null });
    expect([...engine.slots('weight').previousGradient!]).toEqual([0.2]);
  });

  it('copies its gradient: what the caller does with it later changes nothing', () => {
    const after = (dispose: boolean) => {
      const weight = tf.variable(tf.zeros([2, 2]));
      const optimizer = new Mars({ gamma: 0.5 });
      for (const seed of [1, 2]) {
        const gradient = tf.randomNormal([2, 2], 0, 0.1, 'float32', seed);
        optimizer.applyGradients({ [weight.name]: gradient });
        if (dispose) gradient.dispose();
      }
      optimizer.dispose();
      return weight.dataSync().slice();
    };
    expect(after(true)).toEqual(after(false));
  });

  it.each([[[4]], [[2, 2, 2]]])('updates what is not a matrix, such as %j, by plain AdamW', (shape) => {
    const gradients = smallGradients(shape, 5);
    const expected = trained(
      new AdamW({ learningRate: 0.01, beta1: 0.9, beta2: 0.95, weightDecay: 0 }),
      gradients,
    );
    expect(largestDifference(trained(new Mars({ learningRate: 0.01 }), gradients), expected)).toBeLessThan(
      1e-6,
    );
    const all = trained(new Mars({ learningRate: 0.01, adamw: 'never' }), gradients);
    expect(largestDifference(all, expected)).toBeGreaterThan(other);
  });

  it('updates everything by plain AdamW with adamw: always', () => {
    const gradients = smallGradients([3, 4], 5);
    const expected = trained(
      new AdamW({ learningRate: 0.01, beta1: 0.9, beta2: 0.95, weightDecay: 0 }),
      gradients,
    );
    const adamw = trained(new Mars({ learningRate: 0.01, adamw: 'always' }), gradients);
    expect(largestDifference(adamw, expected)).toBeLessThan(1e-6);
    const mars = trained(new Mars({ learningRate: 0.01 }), gradients);
    expect(largestDifference(mars, expected)).toBeGreaterThan(other);
  });

  it('refuses to orthogonalize what is not a matrix', () => {
    const optimizer = new Mars({ variant: 'shampoo', adamw: 'never' });
    const weight = tf.variable(tf.zeros([3]), true, 'mars/vector');
    expect(() => optimizer.applyGradients({ 'mars/vector': tf.zeros([3]) })).toThrow(
      'mars with the variant shampoo orthogonalizes matrices, and "mars/vector" has shape [3]; ' +
        "let AdamW update it: adamw: 'others'",
    );
    optimizer.dispose();
    weight.dispose();
  });
});

describe('MARS-M', () => {
  it('moves as far whatever the size of the gradients, which only turn its direction', () => {
    const engine = (scale: number) => {
      const made = engineOf(marsMRule, { epsilon: 0, learningRate: 1 }, [2, 3]);
      made.step({ weight: [1, 2, -1, 0.5, 3, 2].map((x) => x * scale) });
      return made.value('weight');
    };
    const expected = engine(1);
    for (const [i, value] of engine(1e-3).entries()) expect(value).toBeCloseTo(expected[i]!, 12);
  });

  it.each([
    ['embedding', true],
    ['lastLayer', true],
    ['attention', false],
  ])('by its role leaves the matrix %s to AdamW: %s', (role, isAdam) => {
    const gradients = smallGradients([3, 4], 5);
    const adam = new AdamW({ learningRate: 0.01, beta1: 0.9, beta2: 0.95, weightDecay: 0.1 });
    const difference = largestDifference(
      trained(new MarsM({ learningRate: 0.01 }), gradients, role),
      trained(adam, gradients),
    );
    if (isAdam) expect(difference).toBeLessThan(1e-6);
    else expect(difference).toBeGreaterThan(other);
  });

  it('refuses what is not a matrix where nothing else may update it', () => {
    const optimizer = new MarsM({ adamw: 'never' });
    const weight = tf.variable(tf.zeros([2, 2, 2]), true, 'mars/cube');
    expect(() => optimizer.applyGradients({ 'mars/cube': tf.zeros([2, 2, 2]) })).toThrow(
      'mars-m updates matrices, and "mars/cube" has shape [2, 2, 2]; let AdamW update it: adamw: \'others\'',
    );
    optimizer.dispose();
    weight.dispose();
  });
});
