import { weightsAfter } from '@steepest/optimizer-testing';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Sgd } from '../src/index.ts';

const start = [1, -2, 0.5];
const varied = Array.from({ length: 20 }, (_, step) => start.map((_, index) => Math.sin(step * 3 + index)));
const constant = Array.from({ length: 20 }, () => [1, -0.5, 2]);

/** Some 20 float32 roundings of numbers of about 1. */
const digits = 5;

describe('SGD', () => {
  it('with averaged momentum equals plain SGD on a constant gradient, from the first step', async () => {
    const plain = await weightsAfter(new Sgd({ learningRate: 0.1 }), start, constant);
    const average = await weightsAfter(
      new Sgd({ learningRate: 0.1, momentum: 0.9, momentumForm: 'average' }),
      start,
      constant,
    );
    for (const [index, value] of average.entries()) expect(value).toBeCloseTo(plain[index]!, digits);
  });

  it('with heavy ball moves by the geometric series of a constant gradient', async () => {
    const values = await weightsAfter(new Sgd({ learningRate: 0.01, momentum: 0.5 }), start, constant);
    let series = 0;
    for (let step = 1; step <= constant.length; step++) series += (1 - 0.5 ** step) / (1 - 0.5);
    for (const [index, value] of values.entries()) {
      expect(value).toBeCloseTo(start[index]! - 0.01 * constant[0]![index]! * series, digits);
    }
  });

  it('with averaged momentum is heavy ball at learningRate (1 - momentum) / (1 - momentum^t)', async () => {
    const momentum = 0.9;
    const learningRate = (step: number) => (0.1 * (1 - momentum)) / (1 - momentum ** step);
    const heavy = await weightsAfter(new Sgd({ learningRate, momentum }), start, varied);
    const average = await weightsAfter(
      new Sgd({ learningRate: 0.1, momentum, momentumForm: 'average' }),
      start,
      varied,
    );
    for (const [index, value] of average.entries()) expect(value).toBeCloseTo(heavy[index]!, digits);
    // Heavy ball at the unchanged rate goes elsewhere.
    const unscaled = await weightsAfter(new Sgd({ learningRate: 0.1, momentum }), start, varied);
    expect(Math.abs(average[0]! - unscaled[0]!)).toBeGreaterThan(0.01);
  });

  it('with Nesterov momentum is one gradient ahead of heavy ball', async () => {
    // The steps differ by momentum * (b - previous b), whose sum is momentum * b.
    const [learningRate, momentum] = [0.01, 0.9];
    const heavy = await weightsAfter(new Sgd({ learningRate, momentum }), start, varied);
    const nesterov = await weightsAfter(
      new Sgd({ learningRate, momentum, momentumForm: 'nesterov' }),
      start,
      varied,
    );
    for (const [index, value] of nesterov.entries()) {
      const buffer = varied.reduce((sum, gradient) => momentum * sum + gradient[index]!, 0);
      expect(value).toBeCloseTo(heavy[index]! - learningRate * momentum * buffer, digits);
    }
  });

  it('without momentum keeps no state and is the same in every form, bit for bit', async () => {
    const plain = await weightsAfter(new Sgd({ learningRate: 0.1 }), start, varied);
    for (const momentumForm of ['heavyBall', 'average'] as const) {
      const optimizer = new Sgd({ learningRate: 0.1, momentum: 0, momentumForm });
      expect(await weightsAfter(optimizer, start, varied)).toEqual(plain);
    }
    const optimizer = new Sgd({ learningRate: 0.1 });
    const weight = tf.variable(tf.tensor1d(start), true, 'weight');
    optimizer.applyGradients({ weight: tf.tensor1d([1, 1, 1]) });
    expect(optimizer.stateBytes()).toBe(0);
    optimizer.dispose();
    weight.dispose();
  });

  it('decays weights decoupled from the gradient unless told otherwise', async () => {
    const zero = [[0, 0, 0]];
    const momentum = { learningRate: 0.1, momentum: 0.9, weightDecay: 0.5 };
    const decoupled = await weightsAfter(new Sgd(momentum), start, [...zero, ...zero]);
    const l2 = await weightsAfter(new Sgd({ ...momentum, weightDecayMode: 'l2' }), start, [...zero, ...zero]);
    for (const [index, value] of start.entries()) {
      expect(decoupled[index]).toBeCloseTo(value * 0.95 * 0.95, digits);
      // b1 = 0.5 x0; x1 = 0.95 x0; b2 = 0.9 b1 + 0.5 x1 = 0.925 x0; x2 = x1 - 0.0925 x0.
      expect(l2[index]).toBeCloseTo(value * (0.95 - 0.0925), digits);
    }
  });

  it('refuses lazy rows with dampening, which would begin at different gradients', () => {
    const weight = tf.variable(tf.ones([2, 2]), true, 'sgd/rows');
    const step = (optimizer: Sgd): void =>
      tf.tidy(() => optimizer.applyGradients({ [weight.name]: tf.ones([2, 2]) }));
    const options = { learningRate: 0.1, momentum: 0.9, lazyRows: '**' };
    expect(() => step(new Sgd({ ...options, dampening: 0.5 }))).toThrow(
      'its state starts at the first gradient of the matrix, not at that of a row',
    );
    expect([...weight.dataSync()]).toEqual([1, 1, 1, 1]);
    weight.dispose();
  });
});
