import type { OptimizerMember } from '@steepest/optimizer';
import { Float64Optimizer } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { AdafactorOriginal, type AdafactorOriginalOptions, adafactorOriginalRule } from '../src/index.ts';

const steps = 12;
/** Of float64 codes that differ in the order of operations, on numbers of about 1. */
const rounding = 1e-12;

const wave = (size: number, phase: number): number[] =>
  Array.from({ length: size }, (_, index) => Math.sin(1.7 * index + phase) * (1 + (index % 3)));

interface Run {
  readonly shape: number[];
  readonly initial?: readonly number[];
  readonly gradientAt?: (step: number) => readonly number[];
}

/** The values of one parameter before the first step and after each. */
function trajectory(options: AdafactorOriginalOptions, { shape, initial, gradientAt }: Run): number[][] {
  const size = tf.util.sizeFromShape(shape);
  const optimizer = new Float64Optimizer([
    { rule: adafactorOriginalRule, options } as unknown as OptimizerMember,
  ]);
  optimizer.add({ name: 'weight', shape, size }, initial ?? wave(size, 0.3));
  const values = [[...optimizer.value('weight')]];
  for (let step = 1; step <= steps; step++) {
    optimizer.step({ weight: gradientAt?.(step) ?? wave(size, step) });
    values.push([...optimizer.value('weight')]);
  }
  return values;
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [index, value] of actual.entries()) {
    expect(Math.abs(value - expected[index]!)).toBeLessThan(rounding);
  }
}

const rootMeanSquare = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((total, value) => total + value * value, 0) / values.length);

const movesOf = (values: number[][], step: number): number[] =>
  values[step]!.map((value, index) => value - values[step - 1]![index]!);

/** The bare rule: neither the relative step, nor the parameter's scale, nor clipping. */
const bare = { relativeStep: false, scaleParameter: false, clipThreshold: 1e9 };

describe('AdafactorOriginal', () => {
  it('moves every element of a vector by a hundredth of the vector’s root mean square in its first step', () => {
    const values = trajectory({}, { shape: [7] });
    const moves = movesOf(values, 1);
    const expected = wave(7, 1).map((gradient) => -0.01 * rootMeanSquare(values[0]!) * Math.sign(gradient));
    expectClose(moves, expected);
  });

  it('takes the parameter’s scale: a parameter 8 times as large moves 8 times as far, bit for bit', () => {
    const initial = wave(12, 0.3);
    const values = trajectory({}, { shape: [3, 4], initial });
    const larger = trajectory({}, { shape: [3, 4], initial: initial.map((value) => 8 * value) });
    expect(larger).toEqual(values.map((step) => step.map((value) => 8 * value)));
  });

  it('counts a parameter near zero with epsilon2', () => {
    const values = trajectory({ epsilon2: 0.5 }, { shape: [5], initial: [0, 0, 0, 0, 0] });
    expectClose(movesOf(values, 1).map(Math.abs), new Array(5).fill(0.01 * 0.5));
  });

  it('with epsilon1 0 leaves alone what has only had gradients whose squares vanish', () => {
    for (const shape of [[4], [2, 2]]) {
      // 1e-400 is 0 in float64; 1e-200 times any step size is not.
      const gradientAt = () => [1e-200, -1e-200, 1e-200, 0];
      const values = trajectory({ epsilon1: 0 }, { shape, initial: [0, 0, 0, 0], gradientAt });
      expect(values.at(-1)!.map(Math.abs)).toEqual([0, 0, 0, 0]);
    }
  });

  it('does not move by gradients whose mean square overflows, nor next to them', () => {
    // The squares are 1.69e308 and 1: each row's mean is finite, and the sum of the four is not.
    const gradientAt = () => [1.3e154, 1, 1.3e154, 1, 1.3e154, 1, 1.3e154, 1];
    const zeros = new Array(8).fill(0);
    const values = trajectory({}, { shape: [4, 2], initial: zeros, gradientAt });
    expect(values.at(-1)!.map(Math.abs)).toEqual(zeros);
  });

  it('takes no notice of the size of the gradients', () => {
    const values = trajectory({}, { shape: [3, 4] });
    const larger = trajectory(
      {},
      { shape: [3, 4], gradientAt: (step) => wave(12, step).map((gradient) => 1024 * gradient) },
    );
    expectClose(larger.at(-1)!, values.at(-1)!);
  });

  it('clips a step after a thousandfold gradient to the root mean square of an ordinary one', () => {
    const gradientAt = (step: number) => wave(12, step).map((gradient) => gradient * (step === 6 ? 1e3 : 1));
    const values = trajectory({}, { shape: [3, 4], gradientAt });
    const limit = 0.01 * rootMeanSquare(values[5]!);
    expect(rootMeanSquare(movesOf(values, 6))).toBeCloseTo(limit, 12);
    const unclipped = trajectory({ clipThreshold: 1e9 }, { shape: [3, 4], gradientAt });
    expect(rootMeanSquare(movesOf(unclipped, 6))).toBeGreaterThan(1.5 * limit);
  });

  it('steps by learningRate while that is less than 1 / sqrt(t), and by 1 / sqrt(t) afterwards', () => {
    const relative = trajectory({ learningRate: 0.5 }, { shape: [5] });
    const explicit = trajectory(
      { relativeStep: false, learningRate: (step) => Math.min(0.5, 1 / Math.sqrt(step)) },
      { shape: [5] },
    );
    expectClose(relative.at(-1)!, explicit.at(-1)!);
    expect(1 / Math.sqrt(steps)).toBeLessThan(0.5);
  });

  it('with beta2Decay 0 is sign descent on a vector', () => {
    const values = trajectory({ ...bare, learningRate: 0.125, beta2Decay: 0 }, { shape: [7] });
    for (let step = 1; step <= steps; step++) {
      expectClose(
        movesOf(values, step),
        wave(7, step).map((gradient) => -0.125 * Math.sign(gradient)),
      );
    }
  });

  it('with beta2Decay -1 and a learning rate falling as 1 / sqrt(t) is AdaGrad on a vector', () => {
    const values = trajectory(
      { ...bare, beta2Decay: -1, learningRate: (step) => 0.1 / Math.sqrt(step) },
      { shape: [7] },
    );
    const adagrad = wave(7, 0.3);
    const sums = new Float64Array(7);
    for (let step = 1; step <= steps; step++) {
      for (const [index, gradient] of wave(7, step).entries()) {
        sums[index]! += gradient ** 2;
        adagrad[index]! -= (0.1 * gradient) / Math.sqrt(sums[index]!);
      }
    }
    expectClose(values.at(-1)!, adagrad);
  });

  it('loses nothing by factoring a matrix whose squared gradient is an outer product', () => {
    const gradientAt = (step: number) =>
      Array.from(
        { length: 12 },
        (_, index) => Math.cos(step) * (1 + Math.floor(index / 4)) * (0.3 - (index % 4)),
      );
    const matrix = trajectory({ beta1: 0.5 }, { shape: [3, 4], gradientAt });
    expectClose(matrix.at(-1)!, trajectory({ beta1: 0.5 }, { shape: [12], gradientAt }).at(-1)!);
  });

  it('factors each matrix of the leading axes on its own', () => {
    const whole = trajectory(bare, { shape: [2, 3, 4] });
    for (const half of [0, 1]) {
      const part = <T>(values: readonly T[]): T[] => values.slice(12 * half, 12 * half + 12);
      const alone = trajectory(bare, {
        shape: [3, 4],
        initial: part(wave(24, 0.3)),
        gradientAt: (step) => part(wave(24, step)),
      });
      expectClose(part(whole.at(-1)!), alone.at(-1)!);
    }
  });

  it('keeps one number a row and a column, and a number an element only for vectors and momentum', () => {
    const bytes = (shape: number[], options: AdafactorOriginalOptions = {}): number => {
      const weight = tf.variable(tf.ones(shape), true, 'weight');
      const optimizer = new AdafactorOriginal(options);
      optimizer.applyGradients({ weight: tf.ones(shape) });
      const held = optimizer.stateBytes();
      optimizer.dispose();
      weight.dispose();
      return held;
    };
    expect(bytes([8, 5])).toBe(4 * (8 + 5));
    expect(bytes([2, 8, 5])).toBe(4 * 2 * (8 + 5));
    expect(bytes([8])).toBe(4 * 8);
    expect(bytes([8, 5], { beta1: 0.9 })).toBe(4 * (8 * 5 + 8 + 5));
  });

  it('refuses a negative clipThreshold and a positive beta2Decay', () => {
    expect(() => new AdafactorOriginal({ clipThreshold: -0.5 })).toThrow(
      'clipThreshold must be a finite number and at least 0',
    );
    expect(() => new AdafactorOriginal({ beta2Decay: 0.8 })).toThrow(
      'beta2Decay must be a finite number and at most 0',
    );
  });

  it('warms up by 1e-6 with every gradient, as far as the learning rate', () => {
    const options = { scaleParameter: false, relativeStep: true, warmupInit: true, learningRate: 2.5e-6 };
    const values = trajectory(options, { shape: [1], initial: [0], gradientAt: () => [1] });
    // Equal gradients are their own root mean square, so that a step is its size.
    const sizes = [1e-6, 2e-6, 2.5e-6, 2.5e-6];
    for (const [index, size] of sizes.entries()) expectClose(movesOf(values, index + 1), [-size]);
  });

  it('neither moves nor decays at a learning rate of 0, where the decay is a share of the step size', () => {
    const decay = { weightDecay: 0.1, weightDecayMode: 'fixed', decayScale: 'stepSize' } as const;
    const values = trajectory({ ...bare, ...decay, learningRate: 0 }, { shape: [3] });
    expect(values.at(-1)).toEqual(values[0]);
  });
});
