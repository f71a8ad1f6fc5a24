import { Sgd } from '@steepest/optim-sgd';
import { weightsAfter } from '@steepest/optimizer-testing';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Lars } from '../src/index.ts';

const start = [3, -4, 0];
const varied = Array.from({ length: 20 }, (_, step) => start.map((_, index) => Math.sin(step * 3 + index)));

/** A few float32 roundings of numbers of about 1. */
const digits = 5;

describe('LARS', () => {
  it('moves each tensor by the trust coefficient times its length, whatever the size of the gradient', async () => {
    for (const size of [1e-3, 1, 1e3]) {
      const options = { learningRate: 0.5, trustCoefficient: 0.1, epsilon: 0, alwaysAdapt: true };
      const [value] = await weightsAfter(new Lars(options), start, [[size, 0, 0]]);
      expect(value).toBeCloseTo(3 - 0.5 * 0.1 * 5, digits);
    }
  });

  it('without decay and alwaysAdapt is SGD', async () => {
    const options = { learningRate: 0.01, momentum: 0.9 };
    const sgd = await weightsAfter(new Sgd(options), start, varied);
    expect(await weightsAfter(new Lars(options), start, varied)).toEqual(sgd);
  });

  it('adds the length of the decay to that of the gradient, and scales both', async () => {
    // q = 0.1 * 5 / (2 + 0.4 * 5 + 1) = 0.1; q (g + d p) = 0.1 (2 + 1.2).
    const options = { learningRate: 1, trustCoefficient: 0.1, epsilon: 1, weightDecay: 0.4 };
    const values = await weightsAfter(new Lars(options), start, [[2, 0, 0]]);
    for (const [index, expected] of [3 - 0.1 * 3.2, -4 + 0.1 * 1.6, 0].entries()) {
      expect(values[index]).toBeCloseTo(expected, digits);
    }
  });

  it('scales with a weight decay of 1 as with any other', async () => {
    // q = 0.1 * 5 / (2 + 1 * 5) = 1/14; q (g + d p) = (2 + 3) / 14 and -4 / 14.
    const options = { learningRate: 1, trustCoefficient: 0.1, epsilon: 0, weightDecay: 1 };
    const values = await weightsAfter(new Lars(options), start, [[2, 0, 0]]);
    for (const [index, expected] of [3 - 5 / 14, -4 + 4 / 14, 0].entries()) {
      expect(values[index]).toBeCloseTo(expected, digits);
    }
  });

  it('moves a tensor of zeros by its gradient, which no length of it could scale', async () => {
    const options = { learningRate: 0.5, trustCoefficient: 0.1, alwaysAdapt: true };
    expect(await weightsAfter(new Lars(options), [0, 0], [[1, -2]])).toEqual([-0.5, 1]);
  });

  it('does not scale the decay where the gradient is 0', async () => {
    const options = { learningRate: 0.5, weightDecay: 0.4, trustCoefficient: 0.001 };
    const values = await weightsAfter(new Lars(options), start, [[0, 0, 0]]);
    for (const [index, value] of values.entries()) expect(value).toBeCloseTo(start[index]! * 0.8, digits);
  });

  it('divides the scale by the learning rate with trustClip, at most 1', async () => {
    const options = { trustCoefficient: 0.1, epsilon: 0, alwaysAdapt: true, trustClip: true };
    // q = 0.1 * 5 / 2 = 0.25: divided by 0.5 it is 0.5, by 0.1 it would be 2.5.
    const [far] = await weightsAfter(new Lars({ ...options, learningRate: 0.5 }), start, [[2, 0, 0]]);
    expect(far).toBeCloseTo(3 - 0.5 * 0.5 * 2, digits);
    const [near] = await weightsAfter(new Lars({ ...options, learningRate: 0.1 }), start, [[2, 0, 0]]);
    expect(near).toBeCloseTo(3 - 0.1 * 2, digits);
  });

  it('dampens later gradients alone, and looks ahead with nesterov', async () => {
    const options = { learningRate: 1, momentum: 0.5 };
    const [dampened] = await weightsAfter(new Lars({ ...options, dampening: 0.75 }), [0], [[1], [1]]);
    expect(dampened).toBeCloseTo(-1 - (0.5 + 0.25), digits);
    const [ahead] = await weightsAfter(new Lars({ ...options, nesterov: true }), [0], [[1], [1]]);
    expect(ahead).toBeCloseTo(-(1 + 0.5) - (1 + 0.5 * 1.5), digits);
  });

  it.each([0, 1e-30, 1e30])('stays finite when the first gradients are %d', async (size) => {
    const gradients = Array.from({ length: 3 }, () => [size, -size, size]);
    for (const options of [{ alwaysAdapt: true }, { weightDecay: 0.1, momentum: 0.9, epsilon: 0 }]) {
      const values = await weightsAfter(new Lars(options), start, [...gradients, [1, 1, 1]]);
      for (const value of values) expect(Number.isFinite(value)).toBe(true);
    }
  });

  it.each([
    [{ nesterov: true }, 'lars: nesterov needs a momentum above 0, such as 0.9'],
    [{ nesterov: true, momentum: 0.9, dampening: 0.1 }, 'lars: nesterov needs dampening 0'],
  ] as const)('refuses %o', (options, message) => {
    expect(() => new Lars(options)).toThrow(message);
  });

  it('refuses lazy rows with dampening, which would begin at different gradients', () => {
    const weight = tf.variable(tf.ones([2, 2]), true, 'lars/rows');
    const step = (optimizer: Lars): void =>
      tf.tidy(() => optimizer.applyGradients({ [weight.name]: tf.ones([2, 2]) }));
    const options = { learningRate: 0.1, momentum: 0.9, lazyRows: '**' };
    expect(() => step(new Lars({ ...options, dampening: 0.5 }))).toThrow(
      'its state starts at the first gradient of the matrix, not at that of a row',
    );
    expect([...weight.dataSync()]).toEqual([1, 1, 1, 1]);
    // Nothing begins at the first gradient without dampening, or without a momentum to dampen: p - 0.1 g, the momentum being g at first.
    for (const allowed of [{ dampening: 0 }, { momentum: 0, dampening: 0.5 }]) {
      weight.assign(tf.ones([2, 2]));
      step(new Lars({ ...options, ...allowed }));
      for (const value of weight.dataSync()) expect(value).toBeCloseTo(0.9, digits);
    }
    weight.dispose();
  });
});
