import { Adam } from '@steepest/optim-adam';
import { weightsAfter } from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { AdEMAMix, type AdEMAMixOptions } from '../src/index.ts';

const start = [1, -2, 0.5];
const varied = Array.from({ length: 20 }, (_, step) => start.map((_, index) => Math.sin(step * 3 + index)));

/** A few float32 roundings of numbers of about 1. */
const digits = 5;

/** How far the weight 0 goes against the constant gradient 4. */
async function wayAgainst4(options: AdEMAMixOptions, steps: number): Promise<number> {
  const gradients = Array.from({ length: steps }, () => [4]);
  const [value] = await weightsAfter(new AdEMAMix({ learningRate: 0.1, ...options }), [0], gradients);
  return -value!;
}

describe('AdEMAMix', () => {
  it('without the slow momentum is Adam', async () => {
    const adam = await weightsAfter(new Adam({ learningRate: 0.01 }), start, varied);
    const mixed = await weightsAfter(new AdEMAMix({ learningRate: 0.01, alpha: 0 }), start, varied);
    for (const [index, value] of mixed.entries()) expect(value).toBeCloseTo(adam[index]!, digits);
  });

  it('adds the slow momentum without a bias correction', async () => {
    // Against a constant gradient the corrected averages are 4 and 16, and the slow one is (1 - beta3^t) 4.
    const options = { beta3: 0.75, alpha: 3 };
    const slow = [0.25, 1 - 0.75 ** 2, 1 - 0.75 ** 3];
    const expected = slow.reduce((way, share) => way + 0.1 * (1 + 3 * share), 0);
    expect(await wayAgainst4(options, 3)).toBeCloseTo(expected, digits);
  });

  it('warms alpha up linearly, until its last step', async () => {
    const options = { beta3: 0, alphaWarmupSteps: 3, alpha: 6 };
    // The slow momentum is the gradient itself: every move is 0.1 (1 + alpha).
    const alphas = [2, 4, 6, 6];
    const expected = alphas.reduce((way, alpha) => way + 0.1 * (1 + alpha), 0);
    expect(await wayAgainst4(options, 4)).toBeCloseTo(expected, digits);
  });

  it('warms beta3 up from beta1, linearly in its half-life', async () => {
    // Halves after 1 and 3 steps: in the middle of the warm-up after 2.
    const halving = (steps: number): number => 0.5 ** (1 / steps);
    const options = { beta1: halving(1), beta3: halving(3), beta3WarmupSteps: 2, alpha: 1 };
    const first = 1 - halving(2);
    const second = 1 - halving(2) * halving(3);
    expect(await wayAgainst4(options, 1)).toBeCloseTo(0.1 * (1 + first), digits);
    expect(await wayAgainst4(options, 2)).toBeCloseTo(0.1 * (2 + first + second), digits);
  });

  it('warms up by the gradients that a weight has had, not by the steps it missed', async () => {
    const options = { learningRate: 0.1, alphaWarmupSteps: 4, beta3WarmupSteps: 5 };
    const present = await weightsAfter(new AdEMAMix(options), start, varied.slice(0, 6));
    const gaps = varied.slice(0, 6).flatMap((gradient) => [null, gradient]);
    expect(await weightsAfter(new AdEMAMix(options), start, gaps)).toEqual(present);
  });

  it.each([0, 1e-30, 1e30])('stays finite when the first gradients are %d', async (size) => {
    const gradients = Array.from({ length: 3 }, () => [size, -size, size]);
    for (const epsilon of [1e-8, 0]) {
      const values = await weightsAfter(new AdEMAMix({ epsilon }), start, [...gradients, [1, 1, 1]]);
      for (const value of values) expect(Number.isFinite(value)).toBe(true);
    }
  });
});
