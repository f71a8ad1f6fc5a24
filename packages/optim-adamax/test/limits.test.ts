import { weightsAfter } from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Adamax } from '../src/index.ts';

const start = [1, -2, 0.5];
const varied = Array.from({ length: 20 }, (_, step) => start.map((_, index) => Math.sin(step * 3 + index)));

/** A few float32 roundings of numbers of about 1. */
const digits = 5;

describe('Adamax', () => {
  it('moves by the learning rate in its first step, whatever the size of the gradient', async () => {
    const values = await weightsAfter(new Adamax({ learningRate: 0.25 }), start, [[100, -1e-2, 1e15]]);
    for (const [index, sign] of [1, -1, 1].entries()) {
      expect(values[index]).toBeCloseTo(start[index]! - 0.25 * sign, digits);
    }
  });

  it('divides by the largest gradient, which fades by beta2 a step', async () => {
    // m is the gradient itself with beta1 0. The divisors are 8, max(4, 2) = 4 and max(2, 6) = 6.
    const optimizer = new Adamax({ learningRate: 0.1, beta1: 0, beta2: 0.5 });
    const [value] = await weightsAfter(optimizer, [0], [[8], [2], [6]]);
    expect(value).toBeCloseTo(-0.1 * (1 + 2 / 4 + 1), digits);
  });

  it('adds epsilon to the new gradient, inside the maximum', async () => {
    // 2 + 2 = 4 in the first step; 0.5 * 4 = 2 against 0 + 2 in the second, where nothing would be added outside.
    const optimizer = new Adamax({ learningRate: 0.1, beta1: 0.5, beta2: 0.5, epsilon: 2 });
    const [value] = await weightsAfter(optimizer, [0], [[2], [0]]);
    // m = 1, then 0.5; corrected by 1 - 0.5 and 1 - 0.25.
    expect(value).toBeCloseTo(-0.1 * (2 / 4 + 0.5 / 0.75 / 2), digits);
  });

  it('corrects the momentum by the gradients that a weight has had, not by the steps it missed', async () => {
    const present = await weightsAfter(new Adamax({ learningRate: 0.1 }), start, varied.slice(0, 3));
    const gaps = varied.slice(0, 3).flatMap((gradient) => [null, gradient]);
    expect(await weightsAfter(new Adamax({ learningRate: 0.1 }), start, gaps)).toEqual(present);
  });

  it('takes weight decay as part of the gradient (L2) unless told otherwise', async () => {
    const values = await weightsAfter(new Adamax({ learningRate: 0.1, weightDecay: 0.01 }), start, [
      [0, 0, 0],
    ]);
    for (const [index, value] of values.entries()) {
      expect(value).toBeCloseTo(start[index]! - 0.1 * Math.sign(start[index]!), digits);
    }
  });

  it.each([0, 1e-30, 1e30])('stays finite when the first gradients are %d', async (size) => {
    const gradients = Array.from({ length: 3 }, () => [size, -size, size]);
    for (const epsilon of [1e-8, 0]) {
      const values = await weightsAfter(new Adamax({ epsilon }), start, [...gradients, [1, 1, 1]]);
      for (const value of values) expect(Number.isFinite(value)).toBe(true);
    }
  });
});
