import { weightsAfter } from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Adagrad } from '../src/index.ts';

const start = [1, -2, 0.5];

const repeated = (gradient: readonly number[], steps: number): number[][] =>
  Array.from({ length: steps }, () => [...gradient]);

/** A few float32 roundings of numbers of about 1. */
const digits = 5;

describe('Adagrad', () => {
  it('moves by the learning rate in its first step, whatever the size of the gradient', async () => {
    const values = await weightsAfter(new Adagrad({ learningRate: 0.25 }), start, [[100, -1e-3, 1e15]]);
    for (const [index, sign] of [1, -1, 1].entries()) {
      expect(values[index]).toBeCloseTo(start[index]! - 0.25 * sign, digits);
    }
  });

  it('shortens its steps on a constant gradient as the square root of their number', async () => {
    const values = await weightsAfter(
      new Adagrad({ learningRate: 0.1 }),
      start,
      repeated([3, -0.01, 40], 20),
    );
    let sum = 0;
    for (let step = 1; step <= 20; step++) sum += 1 / Math.sqrt(step);
    for (const [index, sign] of [1, -1, 1].entries()) {
      expect(values[index]).toBeCloseTo(start[index]! - 0.1 * sign * sum, digits);
    }
  });

  it('is plain gradient descent scaled by the root of a large initial accumulator', async () => {
    // The four squared gradients add at most 4e-8 to 1e6 relative.
    const optimizer = new Adagrad({ learningRate: 100, initialAccumulator: 1e6 });
    const values = await weightsAfter(optimizer, start, repeated([0.1, -0.05, 0.1], 4));
    for (const [index, gradient] of [0.1, -0.05, 0.1].entries()) {
      expect(values[index]).toBeCloseTo(start[index]! - 4 * 0.1 * gradient, digits);
    }
  });

  it('decays the learning rate by the gradients a weight has had, not by the steps it missed', async () => {
    const options = { learningRate: 0.1, learningRateDecay: 0.5 };
    const present = await weightsAfter(new Adagrad(options), start, [
      [1, 1, 1],
      [2, -1, 0.5],
    ]);
    const late = await weightsAfter(new Adagrad(options), start, [null, null, [1, 1, 1], null, [2, -1, 0.5]]);
    expect(late).toEqual(present);
    const second = (0.1 / 1.5) * (2 / Math.sqrt(5));
    expect(present[0]).toBeCloseTo(1 - 0.1 - second, digits);
  });

  it('takes weight decay as part of the gradient (L2) unless told otherwise', async () => {
    // The first step is the learning rate long, in the direction of the decay alone.
    const values = await weightsAfter(new Adagrad({ learningRate: 0.1, weightDecay: 0.01 }), start, [
      [0, 0, 0],
    ]);
    for (const [index, value] of values.entries()) {
      expect(value).toBeCloseTo(start[index]! - 0.1 * Math.sign(start[index]!), digits);
    }
  });

  it.each([0, 1e-30, 1e30])('stays finite when the first gradients are %d', async (size) => {
    const values = await weightsAfter(new Adagrad(), start, [...repeated([size, -size, size], 3), [1, 1, 1]]);
    for (const value of values) expect(Number.isFinite(value)).toBe(true);
  });

  it.each([-1, Number.NaN, '0', () => 0])('rejects the initial accumulator %s', (initialAccumulator) => {
    expect(() => new Adagrad({ initialAccumulator: initialAccumulator as number })).toThrow(
      /^adagrad: initialAccumulator must be a finite number of at least 0, got /,
    );
  });
});
