import { goldenChecks, readTrajectories, recordedOptions, weightsAfter } from '@steepest/optimizer-testing';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Prodigy, type ProdigyOptions } from '../src/index.ts';

const slots = ['momentum', 'secondMoment', 'gradientSum', 'initialParameter', 'd', 'dNumerator', 'dMax'];
const weights = goldenChecks({
  optimizer: Prodigy,
  trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)),
  optionsOf: (trajectory) => {
    const { weightDecayConvention: _, schedule: __, decoupled: ___, ...hyper } = trajectory.hyper;
    return { ...hyper, ...recordedOptions(trajectory) } as ProdigyOptions;
  },
  // A rounding of a weight is a part of its first moves: they are of 1e-6.
  float32Tolerance: 2e-5,
  uncomparedSlots: slots,
});

describe('the weights of Prodigy', () => {
  for (const check of weights) it(check.name, check.run);
});

/** The estimate after every step of the gradients of one weight. */
async function estimates(
  options: ProdigyOptions,
  gradients: readonly (readonly number[] | null)[],
  start: readonly number[] = [0],
): Promise<{ readonly d: number[]; readonly weights: number[] }> {
  const weight = tf.variable(tf.tensor1d([...start]), true, 'weight');
  const optimizer = new Prodigy(options);
  const d: number[] = [];
  const weights: number[] = [];
  for (const gradient of gradients) {
    tf.tidy(() =>
      optimizer.applyGradients({ weight: gradient === null ? null : tf.tensor1d([...gradient]) }),
    );
    d.push((await optimizer.state()).groups![0]!.d!);
    weights.push(weight.dataSync()[0]!);
  }
  optimizer.dispose();
  weight.dispose();
  return { d, weights };
}

/** A few float32 roundings of numbers of about 1. */
const digits = 5;

describe('Prodigy', () => {
  const plain = { initialD: 1, beta1: 0, beta2: 0, beta3: 0, epsilon: 0 };

  it('estimates the distance from the products of gradients with the way from the start', async () => {
    // The first step is -d sign(g) = -1 and estimates 0. Then p_0 - p = 1: r = d^2 g (p_0 - p) = 3 and s = d^2 g = 3 give the estimate
    // 8 * 3 / 3.
    const { d, weights } = await estimates({ ...plain, dCoefficient: 8 }, [[2], [3]]);
    expect(d[0]).toBe(1);
    expect(d[1]).toBeCloseTo(8, digits);
    // The step is still the d of before: what is learned in a step counts from the next one on.
    expect(weights[0]).toBeCloseTo(-1, digits);
    expect(weights[1]).toBeCloseTo(-2, digits);
  });

  it('jumps from the first estimate, and grows by growthRate from there on', async () => {
    const gradients = [[1], [1], [1], [1]];
    const { d } = await estimates({ ...plain, dCoefficient: 8, growthRate: 1.25 }, gradients);
    // 1, then min(8, 1.25 * 8) since the jump to 8 comes first; then 8 (p_0 - p) = 16, of which 1.25 * 8 = 10 are allowed, and so on.
    expect(d[1]).toBeCloseTo(8, digits);
    expect(d[2]).toBeCloseTo(10, digits);
    expect(d[3]).toBeCloseTo(12.5, digits);
  });

  it('never takes an estimate back', async () => {
    const { d } = await estimates({ ...plain, dCoefficient: 8 }, [[1], [1], [-1], [1]]);
    expect(d[1]).toBeCloseTo(8, digits);
    expect(d.slice(2)).toEqual([d[1], d[1]]);
  });

  it.each([false, true])(
    'moves nothing and learns nothing in steps without a learning rate, or as long as every gradient is 0, with biasCorrection %s',
    async (biasCorrection) => {
      const options = { ...plain, biasCorrection, weightDecay: 0.5, dCoefficient: 8 };
      const later = await estimates(
        { ...options, learningRate: (step) => (step <= 2 ? 0 : 1) },
        [[5], [7], [2], [3]],
        [4],
      );
      const zeros = await estimates(options, [[0], [0], [2], [3]], [4]);
      const fresh = await estimates(options, [[2], [3]], [4]);
      for (const { d, weights } of [later, zeros]) {
        expect(d).toEqual([1, 1, ...fresh.d]);
        expect(weights).toEqual([4, 4, ...fresh.weights]);
      }
    },
  );

  it.each([
    [Number.NaN, Number.NaN],
    // What is divided by it is an estimate of 0, in a step that learns too.
    [Number.POSITIVE_INFINITY, 4],
  ])(
    'in a step without a learning rate a sum of gradients of %d turns a weight of 4 into %d',
    async (sum, expected) => {
      const weights = ['summed', 'other'].map((name) => tf.variable(tf.tensor1d([4]), true, name));
      const optimizer = new Prodigy({
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
    const learningRate = (step: number) => (step === 4 ? 0 : 1);
    const options = { ...plain, dCoefficient: 8, growthRate: 1.25, learningRate };
    const { d } = await estimates(options, [[1], [1], [1], [1]]);
    expect(d[2]).toBeCloseTo(10, digits);
    expect(d[3]).toBe(d[2]);
  });

  it('goes on after a step without a learning rate as if there had been none', async () => {
    const options = { ...plain, beta1: 0.5, beta2: 0.5, beta3: 0.5, biasCorrection: true, dCoefficient: 8 };
    const learningRate = (step: number) => (step === 3 ? 0 : 1);
    const paused = await estimates({ ...options, learningRate }, [[1], [3], [5], [2], [1]]);
    const fresh = await estimates(options, [[1], [3], [2], [1]]);
    for (const key of ['d', 'weights'] as const) {
      const [one, two, ...others] = fresh[key];
      expect(paused[key]).toEqual([one, two, two, ...others]);
    }
  });

  it('forgets old products in a step that has no gradient of a weight', async () => {
    // r halves in every step, with or without: after the second step r = 1, after a missing one 1/2, and 3/2 + ... below.
    const options = { ...plain, beta3: 0.5, dCoefficient: 1e-3 };
    const weight = tf.variable(tf.tensor1d([0]), true, 'weight');
    const other = tf.variable(tf.tensor1d([0]), true, 'other');
    const optimizer = new Prodigy(options);
    const numerators: number[] = [];
    for (const weightGradient of [1, 1, null]) {
      tf.tidy(() =>
        optimizer.applyGradients({
          weight: weightGradient === null ? null : tf.tensor1d([weightGradient]),
          other: tf.tensor1d([1]),
        }),
      );
      numerators.push((await optimizer.state()).groups![0]!.dNumerator!);
    }
    // Products: 0; 1 of each weight; half of that, and 2 of the other weight.
    expect(numerators[0]).toBe(0);
    expect(numerators[1]).toBeCloseTo(2, digits);
    expect(numerators[2]).toBeCloseTo(1 + 2, digits);
    optimizer.dispose();
    tf.dispose([weight, other]);
  });

  it('multiplies decoupled decay by its estimate, and fixed decay by nothing', async () => {
    const options = { ...plain, initialD: 0.25, weightDecay: 0.5 };
    const free = (await weightsAfter(new Prodigy({ ...options, weightDecay: 0 }), [8], [[1]]))[0]!;
    const [decoupled] = await weightsAfter(new Prodigy({ ...options, learningRate: 1 }), [8], [[1]]);
    expect(free - decoupled!).toBeCloseTo(8 * 0.25 * 0.5, digits);
    const [fixed] = await weightsAfter(new Prodigy({ ...options, weightDecayMode: 'fixed' }), [8], [[1]]);
    expect(free - fixed!).toBeCloseTo(8 * 0.5, digits);
  });

  it('keeps a part of the state with sliceStride', async () => {
    const variable = tf.variable(tf.ones([5, 5]), true, 'weight');
    const bytes = [1, 11].map((sliceStride) => {
      const optimizer = new Prodigy({ sliceStride });
      tf.tidy(() => optimizer.applyGradients({ weight: tf.ones([5, 5]) }));
      const held = optimizer.stateBytes();
      optimizer.dispose();
      return held;
    });
    // Four tensors of 25, or two of 25 and two of every eleventh: 0, 11 and 22.
    expect(bytes).toEqual([4 * 4 * 25, 4 * (2 * 25 + 2 * 3)]);
    variable.dispose();
  });

  it.each([0, 1e-12, 1e12])('stays finite when the first gradients are %d', async (size) => {
    const gradients = Array.from({ length: 3 }, () => [size, -size, size]);
    for (const epsilon of [1e-8, 0]) {
      const values = await weightsAfter(new Prodigy({ epsilon }), [1, -2, 0.5], [...gradients, [1, 1, 1]]);
      for (const value of values) expect(Number.isFinite(value)).toBe(true);
    }
  });
});

describe('Prodigy on a device that JavaScript does not read at once', () => {
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
    const optimizer = new Prodigy({ initialD: 1, biasCorrection: true, beta2, epsilon: 0 });
    const [weight] = await weightsAfter(optimizer, [0], [[8]]);
    expect(Math.abs(weight! + 1)).toBeLessThan(1e-6);
  });
});
