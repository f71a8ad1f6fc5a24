import { Adam, adamRule } from '@steepest/optim-adam';
import { Float64Optimizer, type Optimizer, type OptimizerMember } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Adalayer, adalayerRule } from '../src/index.ts';

const moments = { learningRate: 0.01, beta1: 0.9, beta2: 0.95, epsilon: 1e-15 };
const steps = 30;
const gradientAt = (step: number, size: number): number[] =>
  Array.from({ length: size }, (_, index) => Math.sin(step * (index + 1)) * 10 ** ((index % 5) - 2));

async function onTensors(optimizer: Optimizer, shape: number[]): Promise<number[]> {
  const size = tf.util.sizeFromShape(shape);
  const weight = tf.variable(tf.linspace(0.5, 1, size).reshape(shape), true, 'weight');
  for (let step = 1; step <= steps; step++) {
    optimizer.applyGradients({ weight: tf.tensor(gradientAt(step, size), shape) });
  }
  const values = [...(await weight.data())];
  optimizer.dispose();
  weight.dispose();
  return values;
}

function inFloat64(rule: unknown, shape: number[], options: object = moments): number[] {
  const size = tf.util.sizeFromShape(shape);
  const optimizer = new Float64Optimizer([{ rule, options } as OptimizerMember]);
  optimizer.add({ name: 'weight', shape, size }, new Float64Array(size).fill(1));
  for (let step = 1; step <= steps; step++) optimizer.step({ weight: gradientAt(step, size) });
  return [...optimizer.value('weight')];
}

function expectClose(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  for (const [index, value] of actual.entries()) {
    expect(Math.abs(value - expected[index]!)).toBeLessThan(tolerance);
  }
}

describe('Adalayer', () => {
  it('equals Adam on a single element', async () => {
    // The same formula; only the order of a product and a quotient differs.
    expectClose(inFloat64(adalayerRule, [1]), inFloat64(adamRule, [1]), 1e-13);
    expectClose(await onTensors(new Adalayer(moments), [1]), await onTensors(new Adam(moments), [1]), 1e-6);
  });

  it('equals Adam on a column when every row is a block', async () => {
    const rows = new Adalayer({ ...moments, blocks: 'rows' });
    expectClose(
      inFloat64(adalayerRule, [6, 1], { ...moments, blocks: 'rows' }),
      inFloat64(adamRule, [6, 1]),
      1e-13,
    );
    expectClose(await onTensors(rows, [6, 1]), await onTensors(new Adam(moments), [6, 1]), 1e-6);
  });

  it('moves a block in the direction of its momentum: the ratios of a first step are those of the gradient', async () => {
    const weight = tf.variable(tf.zeros([2, 3]), true, 'weight');
    const optimizer = new Adalayer({ learningRate: 1, blocks: 'tensor' });
    const gradient = [1, -2, 3, 4, -5, 6];
    optimizer.applyGradients({ weight: tf.tensor2d(gradient, [2, 3]) });
    const norm = Math.sqrt(gradient.reduce((total, g) => total + g * g, 0) / gradient.length);
    for (const [index, value] of (await weight.data()).entries()) {
      // A few float32 roundings of numbers of about 1.
      expect(value).toBeCloseTo(-gradient[index]! / norm, 6);
    }
    optimizer.dispose();
    weight.dispose();
  });

  it('with epsilon 0 leaves a block alone that has had no gradient but 0, or ones whose squares vanish', async () => {
    const optimizer = new Adalayer({ learningRate: 0.25, epsilon: 0, blocks: 'rows' });
    const weight = tf.variable(tf.ones([3, 2]), true, 'weight');
    const gradient = tf.tensor2d([0, 0, 1e-30, -1e-30, 1, 1], [3, 2]);
    for (let step = 1; step <= 3; step++) optimizer.applyGradients({ weight: gradient });
    // Three steps of 0.25 in the one block that has a scale.
    for (const [index, value] of (await weight.data()).entries()) {
      expect(value).toBeCloseTo(index < 4 ? 1 : 0.25, 6);
    }
    optimizer.dispose();
    tf.dispose([weight, gradient]);
  });

  it('with beta2 0 moves on in the step after a gradient whose square is beyond float32', async () => {
    const optimizer = new Adalayer({ learningRate: 0.25, beta1: 0, beta2: 0 });
    const weight = tf.variable(tf.ones([2]), true, 'weight');
    optimizer.applyGradients({ weight: tf.tensor1d([1e30, 1e30]) });
    expect([...(await weight.data())]).toEqual([1, 1]);
    optimizer.applyGradients({ weight: tf.tensor1d([1, -1]) });
    expect([...(await weight.data())]).toEqual([0.75, 1.25]);
    optimizer.dispose();
    weight.dispose();
  });

  it.each([
    ['lastLayer', [8, 5], 8],
    ['qkv', [6, 5], 3],
    ['norm', [5], 1],
    ['mlp', [8, 5], 1],
  ])('keeps the blocks of the role %s by default', (role, shape, blocks) => {
    const weight = tf.variable(tf.ones(shape), true, 'weight');
    (weight as { role?: string }).role = role;
    const optimizer = new Adalayer();
    optimizer.applyGradients({ weight: tf.ones(shape) });
    expect(optimizer.stateBytes()).toBe(4 * (tf.util.sizeFromShape(shape) + blocks));
    optimizer.dispose();
    weight.dispose();
  });

  it('cuts a matrix named qkv in three, and refuses to cut rows that three does not divide', () => {
    const weight = tf.variable(tf.ones([9, 2]), true, 'blocks/0/attention/qkv/weight');
    const optimizer = new Adalayer();
    optimizer.applyGradients({ [weight.name]: tf.ones([9, 2]) });
    expect(optimizer.stateBytes()).toBe(4 * (18 + 3));
    const odd = tf.variable(tf.ones([4, 2]), true, 'odd');
    expect(() => new Adalayer({ blocks: 'qkv' }).applyGradients({ odd: tf.ones([4, 2]) })).toThrow(
      'adalayer: blocks "qkv" needs a first axis divisible by 3; odd has [4,2]',
    );
    optimizer.dispose();
    tf.dispose([weight, odd]);
  });
});
