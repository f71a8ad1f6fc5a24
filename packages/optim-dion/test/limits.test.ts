import { AdamW } from '@steepest/optim-adam';
import { Float64Optimizer, type UpdateRule } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Dion, type DionOptions, dionRule } from '../src/index.ts';

/** An engine with one weight of zeros. */
function engineOf(shape: number[], options: DionOptions): Float64Optimizer {
  const engine = new Float64Optimizer([
    { rule: dionRule as unknown as UpdateRule, options: { learningRate: 1, weightDecay: 0, ...options } },
  ]);
  const size = shape.reduce((product, length) => product * length, 1);
  engine.add({ name: 'weight', shape, size }, new Float64Array(size));
  return engine;
}

describe('Dion', () => {
  it('makes steps of rank one of the direction of a gradient of rank one', () => {
    // u v^T with |u| = 5, |v| = 13: a step is sqrt(rows / columns) times u v^T / 65.
    const gradient = [3, 0, 4].flatMap((u) => [5, 12].map((v) => u * v));
    for (const shape of [
      [3, 2],
      [2, 3],
    ]) {
      const given =
        shape[0] === 3 ? gradient : [0, 1].flatMap((j) => [0, 1, 2].map((i) => gradient[i * 2 + j]!));
      const engine = engineOf(shape, { rankFraction: 0.5, epsilon: 0 });
      engine.step({ weight: given });
      for (const [i, g] of given.entries()) {
        expect(engine.value('weight')[i]).toBeCloseTo((-Math.sqrt(shape[0]! / shape[1]!) * g) / 65, 12);
      }
      // What is in the rank leaves the momentum but for its part `momentum`.
      for (const [i, g] of given.entries())
        expect(engine.slots('weight').momentum![i]).toBeCloseTo(0.95 * g, 10);
    }
  });

  it('comes to orthonormal steps on a constant gradient of full rank', () => {
    const engine = engineOf([2, 2], { epsilon: 0 });
    const gradient = [2, 1, -1, 3];
    for (let step = 1; step <= 60; step++) engine.step({ weight: gradient });
    const before = [...engine.value('weight')];
    engine.step({ weight: gradient });
    const [a, b, c, d] = engine.value('weight').map((x, i) => x - before[i]!) as unknown as number[];
    // The columns of P Q^T are orthonormal once the columns of Q are, which are the right singular vectors.
    for (const [actual, expected] of [
      [a! * a! + c! * c!, 1],
      [b! * b! + d! * d!, 1],
      [a! * b! + c! * d!, 0],
    ] as const) {
      expect(actual).toBeCloseTo(expected, 3);
    }
  });

  it('keeps what is outside the rank in the momentum, as feedback', () => {
    const engine = engineOf([2, 2], { rankFraction: 0.5, momentum: 0, epsilon: 0, noise: () => [1, 0] });
    engine.step({ weight: [3, 0, 0, 2] });
    // The first column is taken out, the second stays.
    for (const [i, x] of [0, 0, 0, 2].entries()) {
      expect(engine.slots('weight').momentum![i]).toBeCloseTo(x, 12);
    }
  });

  it('does not move by a first gradient of zeros, and keeps its factor but for its lengths', () => {
    const engine = engineOf([2, 2], { noise: () => [3, 0, 4, 2] });
    engine.step({ weight: [0, 0, 0, 0] });
    expect([...engine.value('weight')].map(Math.abs)).toEqual([0, 0, 0, 0]);
    for (const [i, x] of [0.6, 0, 0.8, 1].entries()) {
      expect(engine.slots('weight').rightFactor![i]).toBeCloseTo(x, 7);
    }
  });

  it.each([
    ['a vector', [3], undefined, true],
    ['a tensor of three axes', [2, 2, 2], undefined, true],
    ['an embedding', [4, 3], 'embedding', true],
    ['another matrix', [4, 3], 'mlp', false],
  ] as const)('updates %s by AdamW, or not', (_, shape, role, isAdam) => {
    const options = { learningRate: 0.1, weightDecay: 0.2, epsilon: 1e-8 };
    const after = (optimizer: Dion | AdamW) => {
      const weight = Object.assign(tf.variable(tf.ones([...shape])), { role });
      for (const seed of [1, 2, 3]) {
        optimizer.applyGradients({ [weight.name]: tf.randomNormal([...shape], 0, 1, 'float32', seed) });
      }
      optimizer.dispose();
      return weight;
    };
    const difference = tf.max(
      tf.abs(tf.sub(after(new Dion(options)), after(new AdamW({ ...options, beta1: 0.9, beta2: 0.95 })))),
    );
    if (isAdam) expect(difference.dataSync()[0]).toBeLessThan(1e-6);
    else expect(difference.dataSync()[0]).toBeGreaterThan(0.01);
  });

  it('refuses what is not a matrix where nothing else may update it', () => {
    const engine = () => engineOf([3], { adamw: 'never' });
    expect(() => engine().step({ weight: [1, 2, 3] })).toThrow(
      'dion updates matrices, and "weight" has shape [3]; let AdamW update it: adamw: \'others\'',
    );
    expect(() => engineOf([1, 1, 3], { adamw: 'never' })).toThrow('"weight" has shape [1, 1, 3];');
  });

  it.each([0, 1.5, Number.NaN, '0.5'])('refuses the rank fraction %j', (rankFraction) => {
    expect(() => new Dion({ rankFraction: rankFraction as never })).toThrow(
      'rankFraction must be a number above 0, up to 1',
    );
  });
});
