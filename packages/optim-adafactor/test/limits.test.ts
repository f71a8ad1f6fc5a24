import { Adalayer, adalayerRule } from '@steepest/optim-adalayer';
import { Adam, adamRule } from '@steepest/optim-adam';
import { Float64Optimizer, type Optimizer, type OptimizerMember } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Adafactor, adafactorRule } from '../src/index.ts';

const moments = { learningRate: 0.01, beta1: 0.9, beta2: 0.95, epsilon: 1e-15 };
const steps = 30;
const gradientAt = (step: number, size: number): number[] =>
  Array.from({ length: size }, (_, index) => Math.sin(step * (index + 1)) * 10 ** ((index % 5) - 2));

async function onTensors(optimizer: Optimizer, shape: number[], gradientOf = gradientAt): Promise<number[]> {
  const size = tf.util.sizeFromShape(shape);
  const weight = tf.variable(tf.linspace(-1, 1, size).reshape(shape), true, 'weight');
  for (let step = 1; step <= steps; step++) {
    optimizer.applyGradients({ weight: tf.tensor(gradientOf(step, size), shape) });
  }
  const values = [...(await weight.data())];
  optimizer.dispose();
  weight.dispose();
  return values;
}

function inFloat64(member: OptimizerMember, shape: number[], gradientOf = gradientAt): Float64Array {
  const size = tf.util.sizeFromShape(shape);
  const optimizer = new Float64Optimizer([member]);
  optimizer.add({ name: 'weight', shape, size }, new Float64Array(size).fill(1));
  for (let step = 1; step <= steps; step++) optimizer.step({ weight: gradientOf(step, size) });
  return optimizer.value('weight');
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  for (const [index, value] of Array.from(actual).entries()) {
    expect(Math.abs(value - expected[index]!)).toBeLessThan(tolerance);
  }
}

describe('Adafactor', () => {
  it('with perElement equals Adam on a vector, bit for bit', async () => {
    const adafactor = new Adafactor({ ...moments, vectorSecondMoment: 'perElement' });
    expect(await onTensors(adafactor, [12])).toEqual(await onTensors(new Adam(moments), [12]));
  });

  it('with perElement moves every element of a vector although the mean of their squares overflows', () => {
    // The squares are 1.69e308: their sum is beyond float64.
    const options = { ...moments, beta2: 0, vectorSecondMoment: 'perElement' as const };
    const optimizer = new Float64Optimizer([{ rule: adafactorRule, options }]);
    optimizer.add({ name: 'weight', shape: [2], size: 2 }, [1, 1]);
    optimizer.step({ weight: [1.3e154, -1.3e154] });
    // The first step is the learning rate, against the sign of the gradient.
    expectClose(optimizer.value('weight'), [0.99, 1.01], 1e-12);
  });

  it('equals Adalayer on a vector by default', async () => {
    // The same formula; only the order of a product and a quotient differs.
    const adafactor = { rule: adafactorRule, options: moments } as unknown as OptimizerMember;
    const adalayer = { rule: adalayerRule, options: moments } as unknown as OptimizerMember;
    expectClose(inFloat64(adafactor, [12]), inFloat64(adalayer, [12]), 1e-13);
    expectClose(
      await onTensors(new Adafactor(moments), [12]),
      await onTensors(new Adalayer(moments), [12]),
      1e-5,
    );
  });

  it('equals Adam on a matrix whose squared gradient is an outer product, where factoring loses nothing', async () => {
    const [rows, columns] = [3, 4];
    const outer = (step: number): number[] =>
      Array.from({ length: rows * columns }, (_, index) => {
        const [row, column] = [Math.floor(index / columns), index % columns];
        return Math.sin(step) * (row + 1) * (0.3 - column);
      });
    const adafactor = { rule: adafactorRule, options: moments } as unknown as OptimizerMember;
    const adam = { rule: adamRule, options: moments } as unknown as OptimizerMember;
    expectClose(inFloat64(adafactor, [rows, columns], outer), inFloat64(adam, [rows, columns], outer), 1e-12);
    expectClose(
      await onTensors(new Adafactor(moments), [rows, columns], outer),
      await onTensors(new Adam(moments), [rows, columns], outer),
      1e-5,
    );
  });

  it.each([
    [6, 1],
    [1, 6],
  ])('equals Adam on a %i x %i matrix, whose factors are its elements', (...shape) => {
    const adafactor = { rule: adafactorRule, options: moments } as unknown as OptimizerMember;
    const adam = { rule: adamRule, options: moments } as unknown as OptimizerMember;
    expectClose(inFloat64(adafactor, shape), inFloat64(adam, shape), 1e-12);
  });

  it('with neuronOnly equals Adalayer with a block a row on a matrix', () => {
    const adafactor = { rule: adafactorRule, options: { ...moments, neuronOnly: true } };
    const adalayer = { rule: adalayerRule, options: { ...moments, blocks: 'rows' } };
    const values = inFloat64(adafactor as unknown as OptimizerMember, [4, 3]);
    expectClose(values, inFloat64(adalayer as unknown as OptimizerMember, [4, 3]), 1e-12);
  });

  it('keeps the momentum and one number a row and a column', async () => {
    const optimizer = new Adafactor(moments);
    const weight = tf.variable(tf.ones([8, 5]), true, 'weight');
    optimizer.applyGradients({ weight: tf.ones([8, 5]) });
    expect(optimizer.stateBytes()).toBe(4 * (8 * 5 + 8 + 5));
    optimizer.dispose();
    weight.dispose();
  });
});
