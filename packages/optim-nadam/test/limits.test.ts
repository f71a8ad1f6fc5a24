import { Adam } from '@steepest/optim-adam';
import { Float64Optimizer } from '@steepest/optimizer';
import { weightsAfter } from '@steepest/optimizer-testing';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { NAdam, nadamRule } from '../src/index.ts';

const start = [1, -2, 0.5];
const varied = Array.from({ length: 20 }, (_, step) => start.map((_, index) => Math.sin(step * 3 + index)));

/** A few float32 roundings of numbers of about 1. */
const digits = 5;

describe('NAdam', () => {
  it('without momentum is Adam without momentum', async () => {
    const options = { learningRate: 0.01, beta1: 0 };
    const adam = await weightsAfter(new Adam(options), start, varied);
    const nadam = await weightsAfter(new NAdam(options), start, varied);
    for (const [index, value] of nadam.entries()) expect(value).toBeCloseTo(adam[index]!, digits);
  });

  it('moves further than the learning rate in its first step: it is one momentum ahead', async () => {
    const momentumDecay = 0.5;
    const values = await weightsAfter(new NAdam({ learningRate: 0.1, momentumDecay }), start, [
      [100, -1e-2, 3],
    ]);
    const [mu, next] = [1, 2].map((step) => 0.9 * (1 - 0.5 * 0.96 ** (step * momentumDecay)));
    const length = 1 + (next! * 0.1) / (1 - mu! * next!);
    for (const [index, sign] of [1, -1, 1].entries()) {
      expect(values[index]).toBeCloseTo(start[index]! - 0.1 * length * sign, digits);
    }
  });

  it('in the variant torch-1.13 counts the present momentum twice', async () => {
    const momentumDecay = 0.5;
    const options = { learningRate: 0.1, momentumDecay, variant: 'torch-1.13' } as const;
    const values = await weightsAfter(new NAdam(options), start, [[100, -1e-2, 3]]);
    const [mu, next] = [1, 2].map((step) => 0.9 * (1 - 0.5 * 0.96 ** (step * momentumDecay)));
    const length = 1 + (next! * 0.1) / (1 - mu! * mu! * next!);
    for (const [index, sign] of [1, -1, 1].entries()) {
      expect(values[index]).toBeCloseTo(start[index]! - 0.1 * length * sign, digits);
    }
  });

  it('corrects the bias to float32 rounding when the momenta are almost 1', async () => {
    // 1 - mu_1 is 1e-6: a product of momenta in float32 would know it to 6 %.
    const options = { learningRate: 0.01, beta1: 1 - 1e-6, beta2: 0.9, momentumDecay: 1e5 };
    const exact = new Float64Optimizer([{ rule: new NAdam().member().rule, options }]);
    exact.add({ name: 'weight', shape: [3], size: 3 }, start);
    for (const gradient of varied) exact.step({ weight: gradient });
    const values = await weightsAfter(new NAdam(options), start, varied);
    for (const [index, value] of values.entries()) {
      expect(value).toBeCloseTo(exact.value('weight')[index]!, digits);
    }
  });

  it('trains a variable without axes', () => {
    const scalar = tf.variable(tf.scalar(1), true, 'scalar');
    const optimizer = new NAdam({ learningRate: 0.01 });
    optimizer.applyGradients({ scalar: tf.scalar(2) });
    expect(scalar.shape).toEqual([]);
    expect(scalar.dataSync()[0]).toBeLessThan(1);
    optimizer.dispose();
    scalar.dispose();
  });

  it.each(['corrected', 'torch-1.13'] as const)(
    'stays finite after extreme first gradients, %s',
    async (variant) => {
      for (const size of [0, 1e-30, 1e30]) {
        const values = await weightsAfter(new NAdam({ variant }), start, [
          [size, -size, size],
          [0, 0, 0],
          [1, 1, 1],
        ]);
        for (const value of values) expect(Number.isFinite(value)).toBe(true);
      }
    },
  );

  it('takes weight decay as part of the gradient (L2) unless told otherwise', async () => {
    const decay = { learningRate: 0.1, weightDecay: 0.1 };
    const values = await weightsAfter(new NAdam(decay), start, varied);
    expect(values).toEqual(await weightsAfter(new NAdam({ ...decay, weightDecayMode: 'l2' }), start, varied));
    expect(values).not.toEqual(
      await weightsAfter(new NAdam({ ...decay, weightDecayMode: 'decoupled' }), start, varied),
    );
  });

  it('rejects a variant it does not know', () => {
    expect(() => new NAdam({ variant: 'torch-2' as 'corrected' })).toThrow(
      'nadam: variant must be one of corrected, torch-1.13, got "torch-2"',
    );
    expect(Object.keys(nadamRule.settings!)).toEqual(['variant']);
  });
});
