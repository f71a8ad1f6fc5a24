import { Adam } from '@steepest/optim-adam';
import { weightsAfter } from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Lamb } from '../src/index.ts';

const start = [3, -4, 0];
const varied = Array.from({ length: 20 }, (_, step) => start.map((_, index) => Math.sin(step * 3 + index)));

/** A few float32 roundings of numbers of about 1. */
const digits = 5;

const lengthOf = (values: readonly number[]): number => Math.hypot(...values);

describe('LAMB', () => {
  it('moves each tensor by the learning rate times its length', async () => {
    const options = { learningRate: 0.1, weightDecay: 0, alwaysAdapt: true };
    const values = await weightsAfter(new Lamb(options), start, [[7, 0.1, -2]]);
    expect(lengthOf(values.map((value, index) => value - start[index]!))).toBeCloseTo(0.1 * 5, digits);
  });

  it('without decay and alwaysAdapt is Adam', async () => {
    const options = { learningRate: 0.01, epsilon: 1e-6 };
    const adam = await weightsAfter(new Adam(options), start, varied);
    const lamb = await weightsAfter(new Lamb({ ...options, weightDecay: 0 }), start, varied);
    for (const [index, value] of lamb.entries()) expect(value).toBeCloseTo(adam[index]!, digits);
  });

  it('lets the decay join the update, before its length is taken', async () => {
    // The first update is the signs, (1, 1, 1), and 0.5 * (3, -4, 0): together (2.5, -1, 1).
    const optimizer = new Lamb({ learningRate: 0.1, weightDecay: 0.5, epsilon: 0 });
    const values = await weightsAfter(optimizer, start, [[7, 0.1, 2]]);
    const ratio = 5 / lengthOf([2.5, -1, 1]);
    for (const [index, update] of [2.5, -1, 1].entries()) {
      expect(values[index]).toBeCloseTo(start[index]! - 0.1 * ratio * update, digits);
    }
  });

  it('scales with a weight decay of 1 as with any other', async () => {
    // Signs (1, 1, 1) and the parameter (3, -4, 0): together (4, -3, 1).
    const optimizer = new Lamb({ learningRate: 0.1, weightDecay: 1, epsilon: 0 });
    const values = await weightsAfter(optimizer, start, [[7, 0.1, 2]]);
    const ratio = 5 / lengthOf([4, -3, 1]);
    for (const [index, update] of [4, -3, 1].entries()) {
      expect(values[index]).toBeCloseTo(start[index]! - 0.1 * ratio * update, digits);
    }
  });

  it('takes the length after a decoupled decay', async () => {
    const decay = { weightDecay: 0.5, weightDecayMode: 'decoupled' } as const;
    const optimizer = new Lamb({ learningRate: 0.2, ...decay, epsilon: 0 });
    const values = await weightsAfter(optimizer, start, [[7, 0, 0]]);
    for (const [index, expected] of [2.7 - 0.2 * 4.5, -3.6, 0].entries()) {
      expect(values[index]).toBeCloseTo(expected, digits);
    }
  });

  it('only shortens with trustClip', async () => {
    const options = { learningRate: 0.1, weightDecay: 0, alwaysAdapt: true, trustClip: true, epsilon: 0 };
    expect((await weightsAfter(new Lamb(options), start, [[7, 0, 0]]))[0]).toBeCloseTo(3 - 0.1, digits);
    const short = await weightsAfter(new Lamb(options), [0.5, 0, 0], [[7, 0, 0]]);
    expect(short[0]).toBeCloseTo(0.5 - 0.1 * 0.5, digits);
  });

  it('leaves lengths of 0 alone', async () => {
    const options = { learningRate: 0.1, weightDecay: 0.5 };
    const fromZero = await weightsAfter(new Lamb(options), [0, 0, 0], [[7, -2, 0]]);
    for (const [index, expected] of [-0.1, 0.1, 0].entries())
      expect(fromZero[index]).toBeCloseTo(expected, 4);
    expect(await weightsAfter(new Lamb({ weightDecay: 0, alwaysAdapt: true }), start, [[0, 0, 0]])).toEqual(
      start,
    );
  });

  it('without averaging weighs every gradient by 1, and without correction neither moment is corrected', async () => {
    const plain = { learningRate: 1, weightDecay: 0, beta1: 0.5, beta2: 0.75, epsilon: 0 };
    const [averaged] = await weightsAfter(new Lamb({ ...plain, biasCorrection: false }), [0], [[4]]);
    expect(averaged).toBeCloseTo(-2 / Math.sqrt(4), digits);
    const [summed] = await weightsAfter(
      new Lamb({ ...plain, biasCorrection: false, gradientAveraging: false }),
      [0],
      [[4]],
    );
    expect(summed).toBeCloseTo(-4 / Math.sqrt(4), digits);
  });

  it.each([0, 1e-30, 1e30])('stays finite when the first gradients are %d', async (size) => {
    const gradients = Array.from({ length: 3 }, () => [size, -size, size]);
    for (const options of [{}, { epsilon: 0 }, { weightDecay: 0, alwaysAdapt: true }]) {
      const values = await weightsAfter(new Lamb(options), start, [...gradients, [1, 1, 1]]);
      for (const value of values) expect(Number.isFinite(value)).toBe(true);
    }
  });
});
