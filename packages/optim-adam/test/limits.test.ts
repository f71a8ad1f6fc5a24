import { weightsAfter } from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Adam, AdamW, AMSGrad } from '../src/index.ts';

const start = [1, -2, 0.5];

/** A few float32 roundings of numbers of about 1. */
const digits = 6;

describe('Adam', () => {
  it('moves by the learning rate in its first step, whatever the size of the gradient', async () => {
    const values = await weightsAfter(new Adam({ learningRate: 0.01 }), start, [[100, -1e-3, 3]]);
    for (const [index, sign] of [1, -1, 1].entries()) {
      // epsilon 1e-8 takes 1e-5 of the step where the gradient is 1e-3.
      expect(values[index]).toBeCloseTo(start[index]! - 0.01 * sign, digits);
    }
  });

  it('takes weight decay as part of the gradient (L2): a zero gradient moves by the whole learning rate', async () => {
    const values = await weightsAfter(new Adam({ learningRate: 0.01, weightDecay: 0.1 }), start, [[0, 0, 0]]);
    for (const [index, value] of values.entries()) {
      expect(value).toBeCloseTo(start[index]! - 0.01 * Math.sign(start[index]!), digits);
    }
  });

  it('with both decays and epsilon 0 is sign descent: a weight moves by the learning rate, or not at all', async () => {
    const signDescent = () => new Adam({ learningRate: 0.25, beta1: 0, beta2: 0, epsilon: 0 });
    const gradients = [
      [1e3, -2, 0],
      [1e-12, 5, 0],
      [-7, 0, 0],
    ];
    const values = await weightsAfter(signDescent(), start, gradients);
    for (const [index, value] of values.entries()) {
      const signs = gradients.reduce((sum, gradient) => sum + Math.sign(gradient[index]!), 0);
      expect(value).toBeCloseTo(start[index]! - 0.25 * signs, digits);
    }
  });

  it('with epsilon 0 leaves a weight alone that has had no gradient but 0, or one whose square vanishes', async () => {
    for (const gradient of [0, 1e-30]) {
      for (const options of [{}, { beta1: 0, beta2: 0 }]) {
        const optimizer = new Adam({ learningRate: 0.25, epsilon: 0, ...options });
        expect(
          await weightsAfter(optimizer, start, [
            [gradient, gradient, 0],
            [gradient, 0, gradient],
          ]),
        ).toEqual(start);
      }
    }
  });

  it('with beta2 0 moves on in the step after a gradient whose square is beyond float32', async () => {
    const optimizer = new Adam({ learningRate: 0.25, beta1: 0, beta2: 0 });
    const values = await weightsAfter(optimizer, start, [
      [1e30, 1e30, 1e30],
      [1, -1, 0],
    ]);
    // The first step cannot know how far to go, and stays.
    for (const [index, sign] of [1, -1, 0].entries()) {
      expect(values[index]).toBeCloseTo(start[index]! - 0.25 * sign, digits);
    }
  });

  it('has no weight decay by default', async () => {
    expect(await weightsAfter(new Adam({ learningRate: 0.01 }), start, [[0, 0, 0]])).toEqual(start);
  });
});

describe('AdamW', () => {
  it('multiplies the weights by 1 - learningRate * 0.01 when the gradient is zero', async () => {
    const values = await weightsAfter(new AdamW({ learningRate: 0.5 }), start, [
      [0, 0, 0],
      [0, 0, 0],
    ]);
    for (const [index, value] of values.entries()) {
      expect(value).toBeCloseTo(start[index]! * (1 - 0.5 * 0.01) ** 2, digits);
    }
  });

  it('equals Adam bit for bit without weight decay', async () => {
    const gradients = Array.from({ length: 20 }, (_, step) => start.map((_, i) => Math.sin(step * 3 + i)));
    const options = { learningRate: 0.01, weightDecay: 0 };
    const adam = await weightsAfter(new Adam(options), start, gradients);
    expect(await weightsAfter(new AdamW(options), start, gradients)).toEqual(adam);
  });

  it('equals Adam with decoupled weight decay of 0.01 bit for bit', async () => {
    const gradients = Array.from({ length: 20 }, (_, step) => start.map((_, i) => Math.sin(step * 3 + i)));
    const adam = new Adam({ learningRate: 0.01, weightDecay: 0.01, weightDecayMode: 'decoupled' });
    expect(await weightsAfter(new AdamW({ learningRate: 0.01 }), start, gradients)).toEqual(
      await weightsAfter(adam, start, gradients),
    );
  });
});

describe('AMSGrad', () => {
  /** Four float64 steps on one weight with a large gradient in the second; algorithm 2 with bias correction. */
  function byHand(gradients: number[], learningRate: number): number {
    let [weight, momentum, secondMoment, largest] = [start[0]!, 0, 0, 0];
    for (const [index, gradient] of gradients.entries()) {
      momentum = 0.9 * momentum + 0.1 * gradient;
      secondMoment = 0.5 * secondMoment + 0.5 * gradient ** 2;
      largest = Math.max(largest, secondMoment);
      const step = index + 1;
      weight -=
        (learningRate * (momentum / (1 - 0.9 ** step))) / (Math.sqrt(largest / (1 - 0.5 ** step)) + 1e-8);
    }
    return weight;
  }

  it('keeps dividing by the largest second moment', async () => {
    const gradients = [1, 10, 0.1, 0.1];
    const values = await weightsAfter(
      new AMSGrad({ learningRate: 0.1, beta2: 0.5 }),
      start,
      gradients.map((gradient) => [gradient, 0, 0]),
    );
    expect(values[0]).toBeCloseTo(byHand(gradients, 0.1), digits);
    const adam = await weightsAfter(
      new Adam({ learningRate: 0.1, beta2: 0.5 }),
      start,
      gradients.map((gradient) => [gradient, 0, 0]),
    );
    expect(values[0]! - adam[0]!).toBeGreaterThan(0.05);
  });

  it('equals Adam until the second moment first falls', async () => {
    const gradients = [
      [1, 0, 0],
      [2, 0, 0],
    ];
    const options = { learningRate: 0.1, beta2: 0.5 };
    expect(await weightsAfter(new AMSGrad(options), start, gradients)).toEqual(
      await weightsAfter(new Adam(options), start, gradients),
    );
  });
});
