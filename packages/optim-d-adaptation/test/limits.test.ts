import { weightsAfter } from '@steepest/optimizer-testing';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAdaptAdam, type DAdaptAdamOptions } from '../src/index.ts';

/** The estimate and the weight after every gradient. */
async function trained(options: DAdaptAdamOptions, gradients: readonly number[], start = 0) {
  const weight = tf.variable(tf.tensor1d([start]), true, 'weight');
  const optimizer = new DAdaptAdam(options);
  const d: number[] = [];
  const weights: number[] = [];
  for (const gradient of gradients) {
    tf.tidy(() => optimizer.applyGradients({ weight: tf.tensor1d([gradient]) }));
    d.push((await optimizer.groupNumbers())[0]!.d!);
    weights.push(weight.dataSync()[0]!);
  }
  optimizer.dispose();
  weight.dispose();
  return { d, weights };
}

/** A few float32 roundings of numbers of about 1. */
const digits = 5;

describe('DAdaptAdam', () => {
  // b = sqrt(beta2) = 1/2.
  const plain = { initialD: 1, beta1: 0, beta2: 0.25, epsilon: 0 };

  it('estimates the distance from the products of gradients with those before them', async () => {
    // Step 1: s = 1/2, v = 3/4, r = 0. Step 2: the product g s / sqrt(v) = 8 (1/2) / sqrt(3/4), half of it in r, by half of
    // |s| = 1/4 + 8/2 = 4.25.
    const { d, weights } = await trained(plain, [1, 8]);
    const estimate = (0.5 * 8 * 0.5) / Math.sqrt(0.75) / (0.5 * 4.25);
    expect(estimate).toBeGreaterThan(1);
    expect(d[0]).toBe(1);
    expect(d[1]).toBeCloseTo(estimate, digits);
    // Moves by d g / sqrt(v), with the d of before.
    expect(weights[0]).toBeCloseTo(-1 / Math.sqrt(0.75), digits);
    expect(weights[1]! - weights[0]!).toBeCloseTo(-8 / Math.sqrt(0.25 * 0.75 + 0.75 * 64), digits);
  });

  it('grows by growthRate at most', async () => {
    const { d } = await trained({ ...plain, growthRate: 1.0625 }, [1, 8]);
    expect(d[1]).toBeCloseTo(1.0625, digits);
    const longer = await trained({ ...plain, growthRate: 1.0625 }, [1, 8, 64]);
    expect(longer.d[2]).toBeCloseTo(1.0625 ** 2, digits);
  });

  it('never takes an estimate back', async () => {
    const { d } = await trained(plain, [1, 8, -8, -8]);
    expect(d[2]).toBe(d[1]);
  });

  it('has the rate inside of the momentum', async () => {
    // With a beta1 of 1/2 and gradients 1: m = 1/2, then 1/4 at the rate 0.
    const options = {
      ...plain,
      beta1: 0.5,
      beta2: 0,
      learningRate: (step: number) => (step === 1 ? 1 : 0.5),
    };
    const { weights } = await trained(options, [1, 1]);
    expect(weights[0]).toBeCloseTo(-0.5, digits);
    expect(weights[1]! - weights[0]!).toBeCloseTo(-(0.25 + 0.25), digits);
  });

  it.each([false, true])(
    'moves nothing and learns nothing in steps without a learning rate, or as long as every gradient is 0, with biasCorrection %s',
    async (biasCorrection) => {
      const options: DAdaptAdamOptions = {
        ...plain,
        biasCorrection,
        weightDecay: 0.5,
        weightDecayMode: 'decoupled',
      };
      const later = await trained(
        { ...options, learningRate: (step) => (step <= 2 ? 0 : 1) },
        [5, 7, 1, 8],
        4,
      );
      const zeros = await trained(options, [0, 0, 1, 8], 4);
      const fresh = await trained(options, [1, 8], 4);
      for (const { d, weights } of [later, zeros]) {
        expect(d).toEqual([1, 1, ...fresh.d]);
        expect(weights).toEqual([4, 4, ...fresh.weights]);
      }
    },
  );

  it('goes on after a step without a learning rate as if there had been none', async () => {
    const options = { ...plain, beta1: 0.5, biasCorrection: true };
    const learningRate = (step: number) => (step === 3 ? 0 : 1);
    const paused = await trained({ ...options, learningRate }, [1, 8, 5, 8, 2]);
    const fresh = await trained(options, [1, 8, 8, 2]);
    for (const key of ['d', 'weights'] as const) {
      const [one, two, ...others] = fresh[key];
      expect(paused[key]).toEqual([one, two, two, ...others]);
    }
  });

  it.each([
    [Number.NaN, Number.NaN],
    // What is divided by it is an estimate of 0, in a step that learns too.
    [Number.POSITIVE_INFINITY, 4],
  ])(
    'in a step without a learning rate a sum of gradients of %d turns a weight of 4 into %d',
    async (sum, expected) => {
      const weights = ['summed', 'other'].map((name) => tf.variable(tf.tensor1d([4]), true, name));
      const optimizer = new DAdaptAdam({
        ...plain,
        epsilon: 1e-8,
        learningRate: (step) => (step === 1 ? 1 : 0),
      });
      const apply = () =>
        tf.tidy(() => optimizer.applyGradients({ summed: tf.tensor1d([0]), other: tf.tensor1d([0]) }));
      apply();
      const state = await optimizer.state();
      const { summed, other } = state.parameters;
      const gradientSum = { ...summed!.slots.gradientSum!, data: new Float32Array([sum]) };
      const changed = { ...summed!, slots: { ...summed!.slots, gradientSum } };
      await optimizer.loadState({ ...state, parameters: { summed: changed, other: other! } } as typeof state);
      apply();
      for (const weight of weights) expect(weight.dataSync()[0]).toBe(expected);
      optimizer.dispose();
      tf.dispose(weights);
    },
  );

  it('does not grow any further in a step without a learning rate', async () => {
    const options = { ...plain, growthRate: 1.0625, learningRate: (step: number) => (step === 3 ? 0 : 1) };
    const { d } = await trained(options, [1, 8, 8]);
    expect(d[1]).toBeCloseTo(1.0625, digits);
    expect(d[2]).toBe(d[1]);
  });

  it('multiplies decoupled decay by its estimate, and fixed decay by nothing', async () => {
    const options = { ...plain, initialD: 0.25, weightDecay: 0.5 };
    const [free] = await weightsAfter(new DAdaptAdam({ ...options, weightDecay: 0 }), [8], [[1]]);
    const [decoupled] = await weightsAfter(
      new DAdaptAdam({ ...options, weightDecayMode: 'decoupled' }),
      [8],
      [[1]],
    );
    expect(free! - decoupled!).toBeCloseTo(8 * 0.25 * 0.5, digits);
    const [fixed] = await weightsAfter(new DAdaptAdam({ ...options, weightDecayMode: 'fixed' }), [8], [[1]]);
    expect(free! - fixed!).toBeCloseTo(8 * 0.5, digits);
  });

  it.each([0, 1e-12, 1e12])('stays finite when the first gradients are %d', async (size) => {
    const gradients = Array.from({ length: 3 }, () => [size, -size, size]);
    for (const epsilon of [1e-8, 0]) {
      const values = await weightsAfter(new DAdaptAdam({ epsilon }), [1, -2, 0.5], [...gradients, [1, 1, 1]]);
      for (const value of values) expect(Number.isFinite(value)).toBe(true);
    }
  });
});

describe('DAdaptAdam on a device that JavaScript does not read at once', () => {
  // The kernels of cpu under another name.
  tf.copyRegisteredKernels('cpu', 'asynchronous');
  tf.registerBackend('asynchronous', tf.findBackendFactory('cpu'));
  beforeAll(() => tf.setBackend('asynchronous'));
  afterAll(async () => {
    await tf.setBackend('cpu');
    tf.removeBackend('asynchronous');
  });

  it.each([0.99, 0.999, 0.9999])('corrects the bias to float32 at beta2 = %d', async (beta2) => {
    // Corrected averages of one gradient are that gradient and its square: whatever the betas are, the first step is d.
    const optimizer = new DAdaptAdam({ initialD: 1, biasCorrection: true, beta2, epsilon: 0 });
    const [weight] = await weightsAfter(optimizer, [0], [[8]]);
    expect(Math.abs(weight! + 1)).toBeLessThan(1e-6);
  });
});
