import { Float64Optimizer, type UpdateRule } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { PsgdKron, type PsgdKronOptions, psgdKronRule } from '../src/index.ts';

function engineOf(shape: number[], options: PsgdKronOptions): Float64Optimizer {
  const engine = new Float64Optimizer([{ rule: psgdKronRule as unknown as UpdateRule, options }]);
  const size = shape.reduce((product, length) => product * length, 1);
  engine.add({ name: 'weight', shape, size }, new Float64Array(size));
  return engine;
}

/** Numbers that look random, the same in every run: sums of twelve uniform ones, near normal. */
function normals(size: number, seed: number): number[] {
  let state = seed;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: size }, () => Array.from({ length: 12 }, uniform).reduce((a, b) => a + b, 0));
}

describe('PSGD Kron', () => {
  it('multiplies a gradient by the square of its first scale where the factors are never fitted', () => {
    const engine = engineOf([2, 2], {
      updateProbability: 0,
      initialScale: 0.5,
      learningRate: 1,
      momentum: 0,
    });
    engine.step({ weight: [1, -2, 3, 0.5].map((x) => x / 10) });
    // Q^T Q of both axes: (sqrt(0.5)^2)^2.
    for (const [i, x] of [1, -2, 3, 0.5].entries()) {
      expect(engine.value('weight')[i]).toBeCloseTo((-0.25 * x) / 10, 12);
    }
  });

  it('brings a step to a root mean square of at most rmsClip', () => {
    const engine = engineOf([2], { updateProbability: 0, learningRate: 1, momentum: 0, rmsClip: 0.5 });
    engine.step({ weight: [30, 40] });
    const rms = Math.sqrt((900 + 1600) / 2);
    expect(engine.value('weight')[0]).toBeCloseTo((-30 / rms) * 0.5, 10);
    expect(engine.value('weight')[1]).toBeCloseTo((-40 / rms) * 0.5, 10);
  });

  it('comes to whiten gradients whose rows and columns have different sizes', () => {
    const sizes = (i: number, j: number) => [1, 10][i]! * [0.1, 1, 3][j]!;
    const gradient = (step: number) =>
      normals(6, step).map((x, index) => x * sizes(Math.floor(index / 3), index % 3));
    const engine = engineOf([2, 3], { learningRate: 0, momentum: 0 });
    for (let step = 1; step <= 2000; step++) engine.step({ weight: gradient(step) });
    const { preconditioner0: q0, preconditioner1: q1 } = engine.slots('weight');
    // Q0^T Q0 and Q1^T Q1, whose diagonals should be as the inverse of the sizes of rows and of columns.
    const row = (i: number) => (i === 0 ? q0![0]! ** 2 : q0![1]! ** 2 + q0![3]! ** 2);
    const column = (j: number) => [0, 1, 2].reduce((sum, k) => sum + q1![k * 3 + j]! ** 2, 0);
    for (const i of [0, 1]) {
      for (const j of [0, 1, 2]) {
        // Half an order of magnitude: gradient descent of rate 0.1 keeps moving by as much.
        expect(Math.abs(Math.log10(row(i) * column(j) * sizes(i, j)))).toBeLessThan(0.5);
      }
    }
  });

  it('balances the factors at every second fit when the probability is one half', () => {
    // With a rate of 0 a fit only balances, where that is due: the second and the sixth do, and the fifth leaves unequal factors alone.
    const engine = engineOf([3, 2], {
      learningRate: 0,
      updateProbability: 1,
      balanceProbability: 0.5,
      preconditionerLearningRate: (step) => ([1, 3, 4].includes(step) ? 0.2 : 0),
    });
    const largest = (x: Float64Array) => Math.max(...x.map(Math.abs));
    const areEven = [1, 2, 3, 4, 5, 6].map(() => {
      engine.step({ weight: [3, 1, -2, 0.5, 1, 4] });
      const { preconditioner0, preconditioner1 } = engine.slots('weight');
      return Math.abs(largest(preconditioner0!) / largest(preconditioner1!) - 1) < 1e-12;
    });
    expect(areEven).toEqual([false, true, false, false, false, true]);
  });

  it('keeps the product of the factors when it balances them, and makes their largest elements equal', () => {
    const gradient = [3, 1, -2, 0.5, 1, 4];
    const options = { learningRate: 0, preconditionerLearningRate: 0.2 };
    const after = (balanceProbability: number) => {
      const engine = engineOf([3, 2], {
        ...options,
        preconditionerLearningRate: (step) => (step <= 5 ? 0.2 : 0),
        balanceProbability: (step) => (step === 6 ? balanceProbability : 0),
      });
      for (let step = 1; step <= 6; step++) engine.step({ weight: gradient });
      return engine.slots('weight') as Record<'preconditioner0' | 'preconditioner1', Float64Array>;
    };
    const [plain, even] = [after(0), after(1)];
    const largest = (x: Float64Array) => Math.max(...x.map(Math.abs));
    expect(largest(even.preconditioner0)).toBeCloseTo(largest(even.preconditioner1), 12);
    expect(largest(plain.preconditioner0)).not.toBeCloseTo(largest(plain.preconditioner1), 3);
    for (const [i, x] of plain.preconditioner0.entries()) {
      for (const [j, y] of plain.preconditioner1.entries()) {
        expect(even.preconditioner0[i]! * even.preconditioner1[j]!).toBeCloseTo(x * y, 12);
      }
    }
  });

  it('decays parameters with two axes and more only', () => {
    for (const [shape, expected] of [
      [[2, 2], 0.95],
      [[2, 1, 2], 0.95],
      [[4], 1],
      [[], 1],
    ] as const) {
      const weight = tf.variable(tf.ones([...shape]));
      const optimizer = new PsgdKron({ learningRate: 0.5, weightDecay: 0.1 });
      optimizer.applyGradients({ [weight.name]: tf.zeros([...shape]) });
      for (const value of weight.dataSync()) expect(value).toBeCloseTo(expected, 6);
      optimizer.dispose();
      weight.dispose();
    }
  });

  it.each<[number[], PsgdKronOptions, Record<string, number[]>]>([
    [[], {}, { preconditioner0: [1] }],
    [[5], {}, { preconditioner0: [5] }],
    [[5], { minTriangularRank: 1 }, { preconditioner0: [5, 5] }],
    [[3, 4], {}, { preconditioner0: [3, 3], preconditioner1: [4, 4] }],
    [[1, 4], {}, { preconditioner0: [1, 1], preconditioner1: [4, 4] }],
    [[2, 3, 4], {}, { preconditioner0: [6, 6], preconditioner1: [4, 4] }],
    [[2, 2, 2, 3], {}, { preconditioner0: [8, 8], preconditioner1: [3, 3] }],
    [[3, 4], { maxTriangularSize: 3 }, { preconditioner0: [3, 3], preconditioner1: [1, 4] }],
    [[3, 4], { memorySaveMode: 'one_diag' }, { preconditioner0: [3, 3], preconditioner1: [1, 4] }],
    [[4, 4], { memorySaveMode: 'one_diag' }, { preconditioner0: [4, 4], preconditioner1: [1, 4] }],
    [[4, 4], { memorySaveMode: 'smart_one_diag' }, { preconditioner0: [4, 4], preconditioner1: [4, 4] }],
    [[5, 4], { memorySaveMode: 'smart_one_diag' }, { preconditioner0: [5, 1], preconditioner1: [4, 4] }],
    [[3, 4], { memorySaveMode: 'all_diag' }, { preconditioner0: [3, 1], preconditioner1: [1, 4] }],
  ])('of the shape %j with %o keeps factors %j', async (shape, options, expected) => {
    const weight = tf.variable(tf.ones(shape), true, 'weight');
    const optimizer = new PsgdKron(options);
    optimizer.applyGradients({ weight: tf.ones(shape) });
    const { momentum, ...factors } = (await optimizer.state()).parameters.weight!.slots;
    expect(momentum!.shape).toEqual(shape);
    expect(Object.fromEntries(Object.entries(factors).map(([name, slot]) => [name, slot.shape]))).toEqual(
      expected,
    );
    optimizer.dispose();
    weight.dispose();
  });

  it('draws the same noise again for the same seed, other noise for another, and takes that of a function', () => {
    const after = (options: PsgdKronOptions) => {
      const engine = engineOf([2, 2], options);
      for (let step = 1; step <= 3; step++) engine.step({ weight: [1, 2, -1, 3] });
      return [...engine.slots('weight').preconditioner0!];
    };
    expect(after({ noise: 7 })).toEqual(after({ noise: 7 }));
    expect(after({ noise: 7 })).not.toEqual(after({ noise: 8 }));
    const draws: unknown[] = [];
    after({
      noise: (draw) => {
        draws.push(draw);
        return [1, 2, 3, 4];
      },
    });
    expect(draws).toEqual([1, 2, 3].map((step) => ({ name: 'weight', shape: [2, 2], step })));
    expect(() => after({ noise: () => [1] })).toThrow('the noise for "weight" [2, 2] needs 4 numbers, got 1');
  });
});

it('says how many groups it was saved with where it is resumed with another number', async () => {
  const weight = tf.tidy(() => tf.variable(tf.ones([2, 2]), true, 'resumed'));
  const optimizer = new PsgdKron({ groups: [{ match: '*', learningRate: 0.1 }] });
  optimizer.applyGradients({ resumed: tf.ones([2, 2]) });
  const state = await optimizer.state();
  await expect(new PsgdKron().loadState(state)).rejects.toThrow(
    'saved state of psgd-kron has numbers for 2 parameter groups, counting the one without a match, but this optimizer has ' +
      '1 parameter group: load it with as many groups as it was saved with',
  );
  optimizer.dispose();
  weight.dispose();
});
