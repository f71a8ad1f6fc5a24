import { Adam } from '@steepest/optim-adam';
import type { Optimizer } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { RMSprop, type RMSpropOptions } from '../src/index.ts';

const start = [1, -2, 0.5];
const varied = Array.from({ length: 20 }, (_, step) => start.map((_, index) => Math.sin(step * 3 + index)));

const repeated = (gradient: readonly number[], steps: number): number[][] =>
  Array.from({ length: steps }, () => [...gradient]);

async function train(optimizer: Optimizer, gradients: readonly number[][]) {
  const weight = tf.variable(tf.tensor1d(start), true, 'weight');
  for (const gradient of gradients) {
    tf.tidy(() => optimizer.applyGradients({ weight: tf.tensor1d(gradient) }));
  }
  const trained = {
    values: [...(await weight.data())],
    stateBytes: optimizer.stateBytes(),
    slots: (await optimizer.state()).parameters.weight!.slots,
  };
  optimizer.dispose();
  weight.dispose();
  return trained;
}

/** A few float32 roundings of numbers of about 1. */
const digits = 5;

describe('RMSprop', () => {
  it('moves by learningRate / sqrt(1 - beta2) in its first step, whatever the size of the gradient', async () => {
    const { values } = await train(new RMSprop({ learningRate: 0.01, beta2: 0.96 }), [[100, -1e-2, 3]]);
    for (const [index, sign] of [1, -1, 1].entries()) {
      expect(values[index]).toBeCloseTo(start[index]! - 0.05 * sign, digits);
    }
  });

  it('is Adam with beta1 0 but for the correction of the second moment', async () => {
    const beta2 = 0.9;
    const options = { beta2, epsilon: 1e-20 };
    const uncorrected = (step: number): number => 0.01 / Math.sqrt(1 - beta2 ** step);
    const { values } = await train(new RMSprop({ ...options, learningRate: 0.01 }), varied);
    const adam = await train(new Adam({ ...options, beta1: 0, learningRate: uncorrected }), varied);
    for (const [index, value] of values.entries()) expect(value).toBeCloseTo(adam.values[index]!, digits);
  });

  it('gathers its steps with momentum: their sum is the geometric series of equal steps', async () => {
    // beta2 0: every step of a constant gradient is the sign.
    const { values } = await train(
      new RMSprop({ learningRate: 0.01, beta2: 0, momentum: 0.5 }),
      repeated([3, -2, 1], 10),
    );
    let series = 0;
    for (let step = 1; step <= 10; step++) series += 2 - 2 * 0.5 ** step;
    for (const [index, sign] of [1, -1, 1].entries()) {
      expect(values[index]).toBeCloseTo(start[index]! - 0.01 * sign * series, digits);
    }
  });

  it.each<[RMSpropOptions, number]>([
    [{}, 4],
    [{ momentum: 0.9 }, 8],
    [{ centered: true }, 8],
    [{ centered: true, momentum: 0.9 }, 12],
  ])('with %j keeps %d bytes a weight', async (options, bytes) => {
    expect((await train(new RMSprop(options), varied)).stateBytes).toBe(3 * bytes);
  });

  it.each([
    { centered: false, momentum: 0 },
    { centered: true, momentum: 0.9 },
  ])('stays finite when the first gradients are zero, 1e-30 or 1e30, with %j', async (options) => {
    for (const size of [0, 1e-30, 1e30]) {
      const gradients = [...repeated([size, -size, size], 3), [1, 1, 1]];
      const { values } = await train(new RMSprop({ learningRate: 1e-3, ...options }), gradients);
      for (const value of values) expect(Number.isFinite(value)).toBe(true);
    }
  });

  it('takes weight decay as part of the gradient (L2) unless told otherwise', async () => {
    // The first step is learningRate / sqrt(1 - beta2) long, in the direction of the decay alone.
    const optimizer = new RMSprop({ learningRate: 0.01, beta2: 0.96, weightDecay: 0.1 });
    const { values } = await train(optimizer, [[0, 0, 0]]);
    for (const [index, value] of values.entries()) {
      expect(value).toBeCloseTo(start[index]! - 0.05 * Math.sign(start[index]!), digits);
    }
  });

  it('rejects a centered that is neither true nor false', () => {
    expect(() => new RMSprop({ centered: 1 as unknown as boolean })).toThrow(
      'rmsprop: centered must be true or false, got 1',
    );
  });
});

describe('centered RMSprop', () => {
  it('keeps the variance of the gradient to float32 rounding when it is small compared with the mean', async () => {
    // 1000 and 1001 in turn: mean square less squared mean would leave no digit of the variance in float32.
    const beta2 = 0.9;
    const gradients = Array.from({ length: 200 }, (_, step) => start.map(() => 1000 + (step % 2)));
    const { slots } = await train(new RMSprop({ beta2, centered: true }), gradients);
    let [meanSquare, mean] = [0, 0];
    for (const [gradient] of gradients) {
      meanSquare = beta2 * meanSquare + (1 - beta2) * gradient! ** 2;
      mean = beta2 * mean + (1 - beta2) * gradient!;
    }
    expect(slots.gradientVariance!.data[0]! / (meanSquare - mean ** 2)).toBeCloseTo(1, 3);
  });

  it('never takes the root of a negative variance on a gradient that does not change', async () => {
    const optimizer = new RMSprop({ learningRate: 1e-6, beta2: 0.9, centered: true, epsilon: 1 });
    const { values, slots } = await train(optimizer, repeated([0.1, 1 / 3, 1e3], 500));
    for (const value of values) expect(Number.isFinite(value)).toBe(true);
    for (const variance of slots.gradientVariance!.data) expect(variance).toBeGreaterThanOrEqual(0);
  });
});
