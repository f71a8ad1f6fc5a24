import { weightsAfter } from '@steepest/optimizer-testing';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Rprop } from '../src/index.ts';

/** A few float32 roundings of numbers of about 1. */
const digits = 5;

describe('Rprop', () => {
  it('takes the sign of a gradient, whatever its size', async () => {
    const values = await weightsAfter(
      new Rprop({ learningRate: 0.25 }),
      [1, -2, 0.5, 3],
      [[1e-30, -1e30, 5, 0]],
    );
    expect(values).toEqual([0.75, -1.75, 0.25, 3]);
  });

  it('lengthens steps while the sign stays, and keeps their length over a gradient of 0', async () => {
    const options = { learningRate: 0.1, increaseFactor: 1.5 };
    const [kept] = await weightsAfter(new Rprop(options), [0], [[1], [3], [2]]);
    expect(kept).toBeCloseTo(-0.1 * (1 + 1.5 + 2.25), digits);
    const [paused] = await weightsAfter(new Rprop(options), [0], [[1], [0], [2]]);
    expect(paused).toBeCloseTo(-0.1 * (1 + 0 + 1), digits);
  });

  it('also for gradients whose product is too small for float32', async () => {
    const options = { learningRate: 0.1, increaseFactor: 1.5 };
    const [value] = await weightsAfter(new Rprop(options), [0], [[1e-30], [1e-30]]);
    expect(value).toBeCloseTo(-0.1 * 2.5, digits);
  });

  it('stays in place where the sign turned, shortens the next step, and does not shorten it twice', async () => {
    const options = { learningRate: 0.1, decreaseFactor: 0.25 };
    const [turned] = await weightsAfter(new Rprop(options), [0], [[1], [-1]]);
    expect(turned).toBeCloseTo(-0.1, digits);
    const [after] = await weightsAfter(new Rprop(options), [0], [[1], [-1], [-1]]);
    expect(after).toBeCloseTo(-0.1 + 0.025, digits);
    const [back] = await weightsAfter(new Rprop(options), [0], [[1], [-1], [1]]);
    expect(back).toBeCloseTo(-0.1 - 0.025, digits);
  });

  it('keeps steps within their bounds from the first gradient on', async () => {
    const options = { minimumStep: 0.2, maximumStep: 0.3 };
    expect((await weightsAfter(new Rprop({ ...options, learningRate: 0 }), [0], [[1]]))[0]).toBeCloseTo(
      -0.2,
      digits,
    );
    const [longest] = await weightsAfter(
      new Rprop({ ...options, learningRate: 9, increaseFactor: 2 }),
      [0],
      [[1], [1]],
    );
    expect(longest).toBeCloseTo(-0.6, digits);
    const [shortest] = await weightsAfter(
      new Rprop({ ...options, learningRate: 0.25 }),
      [0],
      [[1], [-1], [-1]],
    );
    expect(shortest).toBeCloseTo(-0.25 + 0.2, digits);
  });

  it('reads the learning rate at the first gradient of a weight, and never again', async () => {
    const learningRate = (step: number): number => step / 10;
    const options = { learningRate, increaseFactor: 1 };
    expect((await weightsAfter(new Rprop(options), [0], [[1], [1]]))[0]).toBeCloseTo(-0.2, digits);
    expect((await weightsAfter(new Rprop(options), [0], [null, null, [1], [1]]))[0]).toBeCloseTo(
      -0.6,
      digits,
    );
  });

  it('refuses lazy rows, which would begin at different gradients', () => {
    const optimizer = new Rprop({ lazyRows: '**' });
    const weight = tf.variable(tf.ones([2, 2]), true, 'rprop/rows');
    expect(() => tf.tidy(() => optimizer.applyGradients({ [weight.name]: tf.ones([2, 2]) }))).toThrow(
      'its state starts at the first gradient of the matrix, not at that of a row',
    );
    expect([...weight.dataSync()]).toEqual([1, 1, 1, 1]);
    tf.dispose([weight]);
    optimizer.dispose();
  });
});
