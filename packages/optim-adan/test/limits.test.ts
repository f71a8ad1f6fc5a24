import { weightsAfter } from '@steepest/optimizer-testing';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Adan } from '../src/index.ts';

const start = [1, -2, 0.5];

/** A few float32 roundings of numbers of about 1. */
const digits = 5;

describe('Adan', () => {
  it('moves by the learning rate in its first step, which has no difference', async () => {
    const values = await weightsAfter(new Adan({ learningRate: 0.25 }), start, [[100, -1e-2, 1e15]]);
    for (const [index, sign] of [1, -1, 1].entries()) {
      expect(values[index]).toBeCloseTo(start[index]! - 0.25 * sign, digits);
    }
  });

  it('looks ahead by the difference of gradients, also across a gap', async () => {
    // With betas of 0 but beta2: d = 4, e = 0.5 * 4 corrected by 1 - 0.5^t; (2 + beta2 d)^2 alone is under the root.
    const options = { learningRate: 1, beta1: 0, beta2: 0.5, beta3: 0 };
    const move = (iteration: number): number => (6 + (0.5 * 2) / (1 - 0.5 ** iteration)) / (6 + 0.5 * 4);
    const [plain] = await weightsAfter(new Adan(options), [0], [[2], [6]]);
    expect(plain).toBeCloseTo(-1 - move(2), digits);
    const [gap] = await weightsAfter(new Adan(options), [0], [[2], null, [6]]);
    expect(gap).toBeCloseTo(-1 - move(3), digits);
  });

  it('corrects by the steps of the optimizer, not by the gradients that a weight has had', async () => {
    // A first gradient in step 3: m = (1 - beta1) g, n = (1 - beta3) g^2.
    const options = { learningRate: 0.1, beta1: 0.5, beta3: 0.75 };
    const [value] = await weightsAfter(new Adan(options), [0], [null, null, [8]]);
    expect(value).toBeCloseTo((-0.1 * (0.5 / (1 - 0.5 ** 3))) / Math.sqrt(0.25 / (1 - 0.75 ** 3)), digits);
  });

  it('decays by a division after the update, or by a product before it', async () => {
    const options = { learningRate: 0.5, weightDecay: 0.2 };
    const [proximal] = await weightsAfter(new Adan(options), [2], [[3]]);
    expect(proximal).toBeCloseTo((2 - 0.5) / 1.1, digits);
    const [before] = await weightsAfter(new Adan({ ...options, proximalDecay: false }), [2], [[3]]);
    expect(before).toBeCloseTo(2 * 0.9 - 0.5, digits);
  });

  it('takes cautious updates under both forms of decay', async () => {
    for (const proximalDecay of [true, false]) {
      const options = { learningRate: 0.25, proximalDecay, cautious: 'count' } as const;
      const [value] = await weightsAfter(new Adan(options), [0], [[3]]);
      // One element, which agrees: scaled by 1 / (1 + 1).
      expect(value).toBeCloseTo(-0.125, digits);
    }
  });

  it.each([0, 1e-30, 1e30])('stays finite when the first gradients are %d', async (size) => {
    const gradients = Array.from({ length: 3 }, () => [size, -size, size]);
    for (const epsilon of [1e-8, 0]) {
      const values = await weightsAfter(new Adan({ epsilon }), start, [...gradients, [1, 1, 1]]);
      for (const value of values) expect(Number.isFinite(value)).toBe(true);
    }
  });

  it('refuses lazy rows, which would begin at different gradients', () => {
    const optimizer = new Adan({ lazyRows: '**' });
    const weight = tf.variable(tf.ones([2, 2]), true, 'adan/rows');
    expect(() => tf.tidy(() => optimizer.applyGradients({ [weight.name]: tf.ones([2, 2]) }))).toThrow(
      'its state starts at the first gradient of the matrix, not at that of a row',
    );
    expect([...weight.dataSync()]).toEqual([1, 1, 1, 1]);
    tf.dispose([weight]);
    optimizer.dispose();
  });
});
