import { weightsAfter } from '@steepest/optimizer-testing';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { beforeEach, describe, expect, it } from 'vitest';
import { Adopt } from '../src/index.ts';

const start = [1, -2, 0.5];
const varied = Array.from({ length: 20 }, (_, step) => start.map((_, index) => Math.sin(step * 3 + index)));

beforeEach(() => tf.setBackend('cpu'));

/** A few float32 roundings of numbers of about 1. */
const digits = 5;

describe('ADOPT', () => {
  it('does not move or decay with its first gradient, whenever that comes', async () => {
    const options = { learningRate: 0.1, weightDecay: 0.5, weightDecayMode: 'decoupled' } as const;
    expect(await weightsAfter(new Adopt(options), start, [[3, -1, 2]])).toEqual(start);
    expect(await weightsAfter(new Adopt(options), start, [null, null, [3, -1, 2]])).toEqual(start);
    const second = await weightsAfter(new Adopt(options), start, [
      [1, 1, 1],
      [0, 0, 0],
    ]);
    for (const [index, value] of second.entries()) expect(value).toBeCloseTo(start[index]! * 0.95, digits);
  });

  it('divides by the second moment of earlier gradients alone', async () => {
    // The second gradient is divided by the size of the first: 8 / 2; m = 0.1 * 4 with beta1 0.9. Unbounded, not clipped to 1.
    const optimizer = new Adopt({ learningRate: 0.1, clipQuotients: false });
    const [value] = await weightsAfter(optimizer, [0], [[2], [8]]);
    expect(value).toBeCloseTo(-0.1 * 0.1 * 4, digits + 1);
  });

  it('bounds the quotients by a power of the number of earlier gradients', async () => {
    // Quotients beyond any bound: v stays about 1 with beta2 close to 1, and m is the bound itself with beta1 0.
    const options = { learningRate: 0.1, beta1: 0, beta2: 1 - 1e-12, clipExponent: 0.5 };
    const [value] = await weightsAfter(new Adopt(options), [0], [[1], [1000], [-1000], [1000]]);
    expect(value).toBeCloseTo(-0.1 * (1 - Math.sqrt(2) + Math.sqrt(3)), digits);
  });

  it('takes epsilon for a bound of the divisor, not for a part of it', async () => {
    const options = { learningRate: 0.1, beta1: 0, epsilon: 4, clipQuotients: false };
    expect((await weightsAfter(new Adopt(options), [0], [[2], [2]]))[0]).toBeCloseTo(-0.1 * (2 / 4), digits);
    expect((await weightsAfter(new Adopt(options), [0], [[8], [8]]))[0]).toBeCloseTo(-0.1, digits);
  });

  it('lets L2 decay join the first gradient too, and is L2 unless told otherwise', async () => {
    const options = { learningRate: 0.1, beta1: 0, weightDecay: 0.5 };
    // First gradient 1 + 0.5 * 2 = 2, second 3 + 1 = 4: a quotient of 2, clipped to 1 in the first step.
    const [value] = await weightsAfter(new Adopt({ ...options, clipQuotients: false }), [2], [[1], [3]]);
    expect(value).toBeCloseTo(2 - 0.1 * 2, digits);
    const l2 = await weightsAfter(new Adopt({ ...options, weightDecayMode: 'l2' }), start, varied);
    expect(await weightsAfter(new Adopt(options), start, varied)).toEqual(l2);
  });

  it.each([0, 1e-30, 1e30])('stays finite when the first gradients are %d', async (size) => {
    const gradients = Array.from({ length: 3 }, () => [size, -size, size]);
    for (const epsilon of [1e-6, 0, () => 0, 1e-50]) {
      const values = await weightsAfter(new Adopt({ epsilon }), start, [...gradients, [1, 1, 1]]);
      for (const value of values) expect(Number.isFinite(value)).toBe(true);
    }
  });

  it.each(['cpu', 'wasm'])(
    'leaves alone what has had no gradient but 0 where float32 rounds epsilon to 0, on %s',
    async (backend) => {
      await tf.setBackend(backend);
      const nothing = Array.from({ length: 4 }, () => [0, 0, 0]);
      expect(await weightsAfter(new Adopt({ epsilon: 1e-50 }), start, nothing)).toEqual(start);
    },
  );

  it('refuses lazy rows, which would begin at different gradients', () => {
    const optimizer = new Adopt({ lazyRows: '**' });
    const weight = tf.variable(tf.ones([2, 2]), true, 'adopt/rows');
    expect(() => tf.tidy(() => optimizer.applyGradients({ [weight.name]: tf.ones([2, 2]) }))).toThrow(
      'its state starts at the first gradient of the matrix, not at that of a row',
    );
    expect([...weight.dataSync()]).toEqual([1, 1, 1, 1]);
    tf.dispose([weight]);
    optimizer.dispose();
  });
});
