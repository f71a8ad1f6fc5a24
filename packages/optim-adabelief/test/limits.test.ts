import { RAdam } from '@steepest/optim-radam';
import { weightsAfter } from '@steepest/optimizer-testing';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { beforeEach, describe, expect, it } from 'vitest';
import { AdaBelief } from '../src/index.ts';

const start = [1, -2, 0.5];
const varied = Array.from({ length: 20 }, (_, step) => start.map((_, index) => Math.sin(step * 3 + index)));

beforeEach(() => tf.setBackend('cpu'));

/** A few float32 roundings of numbers of about 1. */
const digits = 5;

describe('AdaBelief', () => {
  it('divides its first step by the surprise, beta1 times the gradient', async () => {
    // m = (1 - beta1) g, so that g - m = beta1 g, and both corrections undo their averages.
    const optimizer = new AdaBelief({ learningRate: 0.1, beta1: 0.8, rectify: false });
    const values = await weightsAfter(optimizer, start, [[100, -1e-2, 3]]);
    for (const [index, sign] of [1, -1, 1].entries()) {
      expect(values[index]).toBeCloseTo(start[index]! - (0.1 / 0.8) * sign, digits);
    }
  });

  it('keeps epsilon in the variance, where it adds up, and adds it to the root again', async () => {
    // With both betas 0 the gradient is no surprise: s = epsilon in each step.
    const alone = { learningRate: 1, beta1: 0, beta2: 0, epsilon: 0.25, rectify: false };
    expect((await weightsAfter(new AdaBelief(alone), [0], [[3]]))[0]).toBeCloseTo(-3 / (0.5 + 0.25), digits);
    // With beta2 0.5: s = 0.25, then 0.375; corrected by 0.5 and 0.75 both are 0.5.
    const kept = { ...alone, beta2: 0.5 };
    const [value] = await weightsAfter(new AdaBelief(kept), [0], [[3], [3]]);
    expect(value).toBeCloseTo((-2 * 3) / (Math.sqrt(0.5) + 0.25), digits);
  });

  it('moves as RAdam does while it waits', async () => {
    const options = { learningRate: 0.01, beta1: 0.9 };
    const five = varied.slice(0, 5);
    const radam = await weightsAfter(new RAdam(options), start, five);
    const values = await weightsAfter(new AdaBelief(options), start, five);
    for (const [index, value] of values.entries()) expect(value).toBeCloseTo(radam[index]!, digits + 1);
  });

  it('stays in place while it waits without degenerateToSgd, and then moves', async () => {
    const options = { learningRate: 0.01, beta2: 0.9, degenerateToSgd: false };
    // At beta2 0.9 the averages reach a length of 5 with the sixth gradient: 19 - 12 * 0.531 / 0.469 = 5.4.
    expect(await weightsAfter(new AdaBelief(options), start, varied.slice(0, 5))).toEqual(start);
    const after = await weightsAfter(new AdaBelief(options), start, varied.slice(0, 6));
    for (const [index, value] of after.entries()) expect(value).not.toBe(start[index]);
  });

  it('shows a gradient of NaN in the weights, also where it waits in place', async () => {
    for (const degenerateToSgd of [true, false]) {
      const optimizer = new AdaBelief({ learningRate: 0.01, beta2: 0.9, degenerateToSgd });
      expect((await weightsAfter(optimizer, [1], [[Number.NaN]]))[0]).toBeNaN();
    }
  });

  it('decays by the rate times the decay unless told otherwise', async () => {
    const [value] = await weightsAfter(new AdaBelief({ learningRate: 0.5, weightDecay: 0.2 }), [2], [[0]]);
    expect(value).toBeCloseTo(2 * 0.9, digits);
    const fixed = new AdaBelief({ learningRate: 0.5, weightDecay: 0.2, weightDecayMode: 'fixed' });
    expect((await weightsAfter(fixed, [2], [[0]]))[0]).toBeCloseTo(2 * 0.8, digits);
  });

  it.each([0, 1e-30, 1e30])('stays finite when the first gradients are %d', async (size) => {
    const gradients = Array.from({ length: 8 }, () => [size, -size, size]);
    const none = [{ epsilon: 0 }, { epsilon: () => 0 }, { epsilon: 1e-50 }];
    const plain = [{}, ...none];
    for (const options of [...plain, ...plain.map((given) => ({ ...given, rectify: false }))]) {
      const values = await weightsAfter(new AdaBelief(options), start, [...gradients, [1, 1, 1]]);
      for (const value of values) expect(Number.isFinite(value)).toBe(true);
    }
  });

  it.each([{ rectify: false }, { rectify: true, beta2: 0.9 }, { rectify: false, amsgrad: true }])(
    'without an epsilon leaves alone what has had no gradient but 0: %o',
    async (options) => {
      const nothing = Array.from({ length: 8 }, () => [0, 0, 0]);
      expect(await weightsAfter(new AdaBelief({ ...options, epsilon: 0 }), start, nothing)).toEqual(start);
    },
  );

  it.each(['cpu', 'wasm'])(
    'leaves alone what has had no gradient but 0 where float32 rounds epsilon to 0, on %s',
    async (backend) => {
      await tf.setBackend(backend);
      const nothing = Array.from({ length: 8 }, () => [0, 0, 0]);
      for (const options of [{ rectify: false }, { beta2: 0.9 }, { rectify: false, amsgrad: true }]) {
        const optimizer = new AdaBelief({ ...options, epsilon: 1e-50 });
        expect(await weightsAfter(optimizer, start, nothing)).toEqual(start);
      }
    },
  );

  it('refuses amsgrad where it would do nothing', () => {
    expect(() => new AdaBelief({ amsgrad: true })).toThrow(
      "adabelief: amsgrad does nothing to rectified steps, as in the authors' code; give rectify: false with it",
    );
    new AdaBelief({ amsgrad: true, rectify: false }).dispose();
  });
});
