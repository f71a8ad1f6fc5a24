import { AdamW } from '@steepest/optim-adam';
import { weightsAfter } from '@steepest/optimizer-testing';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { GaLoreAdamW, type GaLoreAdamWOptions } from '../src/index.ts';

/** What a matrix of ones is after some gradients, and the bytes of state that it has. */
function after(
  optimizer: GaLoreAdamW | AdamW,
  gradients: readonly tf.Tensor[],
): { values: number[]; bytes: number } {
  const weight = tf.variable(tf.ones(gradients[0]!.shape), true, 'weight');
  for (const gradient of gradients) optimizer.applyGradients({ weight: gradient });
  const result = { values: [...weight.dataSync()], bytes: optimizer.stateBytes() };
  optimizer.dispose();
  weight.dispose();
  return result;
}

const random = (shape: number[], steps: number) =>
  Array.from({ length: steps }, (_, i) => tf.randomNormal(shape, 0, 1, 'float32', i + 1));
/** A few float32 roundings of numbers of about 1. */
const digits = 6;

describe('GaLore', () => {
  it('takes a first step of learningRate * scale times signs along the first singular vector', () => {
    // g = 3 u v^T with u = (0.6, -0.8, 0) and v = (0.8, 0.6): g v = 3 u, of which Adam's first step is the signs.
    const g = tf.tensor2d([1.44, 1.08, -1.92, -1.44, 0, 0], [3, 2]);
    const options = { learningRate: 0.1, scale: 0.5, rank: 1, epsilon: 0 };
    const { values } = after(new GaLoreAdamW(options), [g]);
    const expected = [1, -1, 0].flatMap((sign) => [0.8, 0.6].map((v) => 1 - 0.05 * sign * v));
    for (const [i, value] of values.entries()) expect(value).toBeCloseTo(expected[i]!, digits);
  });

  it('projects the rows of a matrix that is wider than tall', () => {
    const g = tf.tensor2d([1.44, -1.92, 0, 1.08, -1.44, 0], [2, 3]);
    const options = { learningRate: 0.1, scale: 0.5, rank: 1, epsilon: 0 };
    const { values } = after(new GaLoreAdamW(options), [g]);
    const expected = [0.8, 0.6].flatMap((v) => [1, -1, 0].map((sign) => 1 - 0.05 * sign * v));
    for (const [i, value] of values.entries()) expect(value).toBeCloseTo(expected[i]!, digits);
  });

  it('is AdamW where nothing is left out and no axis turned', () => {
    const shared: GaLoreAdamWOptions = { learningRate: 0.01, beta1: 0.8, beta2: 0.95 };
    // Epsilon joins the corrected root in one and the raw one in the other: next to nothing in both.
    const gradients = random([3, 2], 8);
    const options = { ...shared, epsilon: 1e-15, scale: 1, projector: () => [1, 0, 0, 1] };
    const projected = after(new GaLoreAdamW(options), gradients).values;
    const plain = after(new AdamW({ ...shared, epsilon: 1e-15, weightDecay: 0 }), gradients).values;
    for (const [i, value] of projected.entries()) expect(value).toBeCloseTo(plain[i]!, digits);
  });

  it('moves a matrix within the span of its first singular vectors until they are renewed', () => {
    const gradients = random([4, 3], 6);
    const { values } = after(new GaLoreAdamW({ rank: 1, learningRate: 0.1 }), gradients);
    // Rank 1: every row of the move is a multiple of one vector.
    const moves = tf.sub(tf.tensor2d(values, [4, 3]), 1).arraySync() as number[][];
    for (const row of moves.slice(1)) {
      for (const column of [1, 2]) {
        expect(row[column]! * moves[0]![0]!).toBeCloseTo(row[0]! * moves[0]![column]!, 6);
      }
    }
    expect(Math.abs(moves[0]![0]!)).toBeGreaterThan(1e-3);
  });

  it('trains what is no matrix with AdamW, without the scale, and its epsilon beside the raw root', async () => {
    const [value] = await weightsAfter(new GaLoreAdamW({ learningRate: 1, epsilon: 0.5 }), [0], [[2]]);
    // m = 0.2, v = 0.004, and the correction sqrt(0.001) / 0.1.
    expect(value).toBeCloseTo(-((Math.sqrt(0.001) / 0.1) * 0.2) / (Math.sqrt(0.004) + 0.5), digits);
  });

  it('decays after the step', async () => {
    const options = { learningRate: 0.5, weightDecay: 0.2, epsilon: 0 };
    const [value] = await weightsAfter(new GaLoreAdamW(options), [2], [[3]]);
    expect(value).toBeCloseTo((2 - 0.5) * (1 - 0.5 * 0.2), digits);
  });

  it.each([
    [[6, 4], { rank: 2 }, 4 * 2 * (2 * 6 + 4)],
    [[4, 6], { rank: 2 }, 4 * 2 * (2 * 6 + 4)],
    [[6, 4], { rank: 2, projection: 'reverse_std' }, 4 * 2 * (2 * 4 + 6)],
    [[6, 4], { rank: 2, projection: 'left' }, 4 * 2 * (2 * 4 + 6)],
    [[4, 6], { rank: 2, projection: 'right' }, 4 * 2 * (2 * 4 + 6)],
    // No more than the shorter axis has.
    [[6, 4], { rank: 100 }, 4 * 4 * (2 * 6 + 4)],
    [[6, 4], { rank: 2, adamw: 'always' }, 8 * 24],
  ] as const)('keeps of %j under %j %d bytes', (shape, options, bytes) => {
    expect(after(new GaLoreAdamW(options), random([...shape], 1)).bytes).toBe(bytes);
  });

  it('refuses what is no matrix where AdamW may not have it', () => {
    const weight = tf.variable(tf.ones([3]), true, 'bias');
    const optimizer = new GaLoreAdamW({ adamw: 'never' });
    expect(() => optimizer.applyGradients({ bias: tf.ones([3]) })).toThrow(
      `galore-adamw projects matrices, and "bias" has shape [3]; let AdamW update it: adamw: 'others'`,
    );
    optimizer.dispose();
    weight.dispose();
  });
});
