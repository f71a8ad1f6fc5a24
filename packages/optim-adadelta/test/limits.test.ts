import { weightsAfter } from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Adadelta } from '../src/index.ts';

const start = [1, -2, 0.5];
const varied = Array.from({ length: 20 }, (_, step) => start.map((_, index) => Math.sin(step * 3 + index)));

/** A few float32 roundings of numbers of about 1. */
const digits = 5;

describe('Adadelta', () => {
  it('moves first by sqrt(epsilon / (1 - rho)), whatever the size of the gradient', async () => {
    // u = g sqrt(epsilon) / sqrt((1 - rho) g^2 + epsilon), and epsilon is negligible compared with these gradients.
    const options = { rho: 0.75, epsilon: 1e-4 };
    const values = await weightsAfter(new Adadelta(options), start, [[1e3, -1e4, 1e5]]);
    for (const [index, sign] of [1, -1, 1].entries()) {
      expect(values[index]).toBeCloseTo(start[index]! - Math.sqrt(1e-4 / 0.25) * sign, digits);
    }
  });

  it('has epsilon under both roots', async () => {
    // With rho 0: u1 = 3 sqrt(16 / (9 + 16)) = 12 / 5, then u2 = 4 sqrt((144 / 25 + 16) / (16 + 16)).
    const options = { rho: 0, epsilon: 16 };
    const [value] = await weightsAfter(new Adadelta(options), [0], [[3], [4]]);
    expect(value).toBeCloseTo(-(12 / 5) - 4 * Math.sqrt((144 / 25 + 16) / 32), digits);
  });

  it('scales the updates, but not what it remembers of them, by the learning rate', async () => {
    const whole = await weightsAfter(new Adadelta({ rho: 0.5, epsilon: 0.1 }), [0, 0, 0], varied);
    const half = await weightsAfter(
      new Adadelta({ rho: 0.5, epsilon: 0.1, learningRate: 0.5 }),
      [0, 0, 0],
      varied,
    );
    for (const [index, value] of half.entries()) expect(value).toBeCloseTo(whole[index]! / 2, digits);
  });

  it('takes weight decay as part of the gradient (L2) unless told otherwise', async () => {
    const options = { weightDecay: 0.1, epsilon: 0.01 };
    const values = await weightsAfter(new Adadelta(options), start, varied);
    const l2 = new Adadelta({ ...options, weightDecayMode: 'l2' });
    expect(values).toEqual(await weightsAfter(l2, start, varied));
    // With a gradient of 0 the decay alone moves: by sqrt(epsilon / (0.1 (0.1 p)^2 + epsilon)) 0.1 p.
    const [value] = await weightsAfter(new Adadelta(options), [4], [[0]]);
    expect(value).toBeCloseTo(4 - 0.4 * Math.sqrt(0.01 / (0.1 * 0.16 + 0.01)), digits);
  });

  it.each([0, 1e-30, 1e30])('stays finite when the first gradients are %d', async (size) => {
    const gradients = Array.from({ length: 3 }, () => [size, -size, size]);
    for (const epsilon of [1e-6, 0]) {
      const values = await weightsAfter(new Adadelta({ epsilon }), start, [...gradients, [1, 1, 1]]);
      for (const value of values) expect(Number.isFinite(value)).toBe(true);
    }
  });
});
