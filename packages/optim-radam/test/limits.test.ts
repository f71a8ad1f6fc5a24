import { Adam } from '@steepest/optim-adam';
import { Sgd } from '@steepest/optim-sgd';
import { weightsAfter } from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { RAdam } from '../src/index.ts';

const start = [1, -2, 0.5];
const varied = Array.from({ length: 20 }, (_, step) => start.map((_, index) => Math.sin(step * 3 + index)));

/** A few float32 roundings of numbers of about 1. */
const digits = 5;

describe('RAdam', () => {
  it('is SGD with averaged momentum for its first five steps, bit for bit', async () => {
    const sgd = new Sgd({ learningRate: 0.01, momentum: 0.9, momentumForm: 'average' });
    const radam = new RAdam({ learningRate: 0.01, beta1: 0.9 });
    const five = varied.slice(0, 5);
    expect(await weightsAfter(radam, start, five)).toEqual(await weightsAfter(sgd, start, five));
  });

  it('stays so for ever when beta2 is at most 2 / 3, whose averages are too short', async () => {
    const sgd = new Sgd({ learningRate: 0.01, momentum: 0.9, momentumForm: 'average' });
    const radam = new RAdam({ learningRate: 0.01, beta1: 0.9, beta2: 0.66 });
    expect(await weightsAfter(radam, start, varied)).toEqual(await weightsAfter(sgd, start, varied));
  });

  // At step 6 the averages have the length 5.0015 with beta2 0.84, and 4.98 with 0.837.
  it.each([
    [0.84, true],
    [0.837, false],
  ])(
    'takes its first adaptive step where the averages are longer than 5: beta2 %d, step 6',
    async (beta2, isAdaptive) => {
      const longest = 2 / (1 - beta2) - 1;
      const length = longest - (12 * beta2 ** 6) / (1 - beta2 ** 6);
      expect(length > 5).toBe(isAdaptive);
      // With one gradient g throughout, the corrected averages are g and g * g: a plain step moves by g, an adaptive one by its sign.
      const rectification = Math.sqrt(
        ((length - 4) * (length - 2) * longest) / ((longest - 4) * (longest - 2) * length),
      );
      const optimizer = new RAdam({ learningRate: 0.1, beta2, epsilon: 0 });
      const [value] = await weightsAfter(
        optimizer,
        [0],
        Array.from({ length: 6 }, () => [4]),
      );
      expect(value).toBeCloseTo(-0.1 * (5 * 4 + (isAdaptive ? rectification : 4)), digits);
    },
  );

  it('is Adam with a warm-up from its sixth step on', async () => {
    const beta2 = 0.999;
    // Equation 5 of the paper in terms of the variance of the adaptive step, rho / ((rho - 2) (rho - 4)).
    const warmup = (step: number): number => {
      const longest = (1 + beta2) / (1 - beta2);
      const length = longest - (2 * step * beta2 ** step) / (1 - beta2 ** step);
      const variance = (rho: number): number => rho / ((rho - 2) * (rho - 4));
      return Math.sqrt(variance(longest) / variance(length));
    };
    const adam = new Adam({
      epsilon: 1e-20,
      learningRate: (step) => (step <= 5 ? 0 : 0.1 * warmup(step)),
    });
    const radam = new RAdam({ epsilon: 1e-20, learningRate: (step) => (step <= 5 ? 0 : 0.1) });
    const drifting = varied.map((gradient) => gradient.map((x) => x + 0.5));
    const expected = await weightsAfter(adam, start, drifting);
    for (const [index, value] of (await weightsAfter(radam, start, drifting)).entries()) {
      expect(value).toBeCloseTo(expected[index]!, digits);
      expect(Math.abs(value - start[index]!)).toBeGreaterThan(0.01);
    }
  });

  it('takes weight decay as part of the gradient (L2) unless told otherwise', async () => {
    const decay = { learningRate: 0.1, weightDecay: 0.1 };
    const values = await weightsAfter(new RAdam(decay), start, varied);
    expect(values).toEqual(await weightsAfter(new RAdam({ ...decay, weightDecayMode: 'l2' }), start, varied));
    expect(values).not.toEqual(
      await weightsAfter(new RAdam({ ...decay, weightDecayMode: 'decoupled' }), start, varied),
    );
  });

  it.each([0, 1e-30, 1e30])('stays finite when the first gradients are %d', async (size) => {
    const gradients = Array.from({ length: 8 }, () => [size, -size, size]);
    for (const value of await weightsAfter(new RAdam(), start, [...gradients, [1, 1, 1]])) {
      expect(Number.isFinite(value)).toBe(true);
    }
  });
});
