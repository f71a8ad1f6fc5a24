import { Float64Optimizer, type Optimizer, type OptimizerMember } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Adafactor, AdafactorOriginal } from '../src/index.ts';

type GradientOf = (step: number, index: number) => number;

const steps = 6;
const shapes: number[][] = [[], [4], [3, 4], [2, 3, 2]];

/** Gradients that float32 holds, with squares that it does not hold, or hardly. */
const extremes: Record<string, GradientOf> = {
  'all zero': () => 0,
  'zero in the first step': (step) => (step === 1 ? 0 : 1),
  'of 1e-30': (_, index) => (index % 2 === 0 ? 1e-30 : -1e-30),
  'of 1e30': (_, index) => (index % 2 === 0 ? 1e30 : -1e30),
  'of 1e30 in the first step': (step) => (step === 1 ? 1e30 : 1),
  'of 1e30 next to zeros': (_, index) => (index < 4 ? 1e30 : 0),
  'whose squares just overflow in a sum': () => 1.5e19,
  'of every size': (_, index) => [1e30, 1e-30, 0, 1, -1e-20, 1e20][index % 6]!,
  'zero in a row and in a column': (_, index) => (index % 4 === 0 || index < 4 ? 0 : 1e-2),
};

async function eachStep(
  optimizer: Optimizer,
  shape: number[],
  gradientOf: GradientOf,
): Promise<readonly Float64Array[]> {
  const size = tf.util.sizeFromShape(shape);
  const weight = tf.variable(tf.fill(shape, 0.5), true, 'weight');
  const values = [Float64Array.from(await weight.data())];
  for (let step = 1; step <= steps; step++) {
    const gradient = Float32Array.from({ length: size }, (_, index) => gradientOf(step, index));
    optimizer.applyGradients({ weight: tf.tensor(gradient, shape) });
    values.push(Float64Array.from(await weight.data()));
  }
  const { slots } = (await optimizer.state()).parameters.weight!;
  for (const { data } of Object.values(slots)) expect([...data]).not.toContain(Number.NaN);
  optimizer.dispose();
  weight.dispose();
  return values;
}

function eachStepInFloat64(member: OptimizerMember, shape: number[], gradientOf: GradientOf) {
  const size = tf.util.sizeFromShape(shape);
  const optimizer = new Float64Optimizer([member]);
  optimizer.add({ name: 'weight', shape, size }, new Float64Array(size).fill(0.5));
  const values = [optimizer.value('weight')];
  for (let step = 1; step <= steps; step++) {
    optimizer.step({ weight: Float32Array.from({ length: size }, (_, index) => gradientOf(step, index)) });
    values.push(optimizer.value('weight'));
  }
  return values;
}

describe.each([
  ['', {}],
  ['with beta2 0', { beta2: 0 }],
  ['with epsilon 0', { epsilon: 0 }],
  ['with neuronOnly', { neuronOnly: true }],
  ['with perElement', { vectorSecondMoment: 'perElement' as const }],
])('Adafactor %s', (_, variant) => {
  it.each(Object.keys(extremes))('moves no weight further than in float64 by gradients %s', async (name) => {
    const options = { learningRate: 0.01, ...variant };
    for (const shape of shapes) {
      const optimizer = new Adafactor(options);
      const exact = eachStepInFloat64(optimizer.member(), shape, extremes[name]!);
      const values = await eachStep(optimizer, shape, extremes[name]!);
      for (let step = 1; step <= steps; step++) {
        for (const [index, value] of values[step]!.entries()) {
          const moved = Math.abs(value - values[step - 1]![index]!);
          const exactly = Math.abs(exact[step]![index]! - exact[step - 1]![index]!);
          // NaN fails too. 1e-6: float32 roundings of a weight of about 1.
          expect(moved, `[${shape}] step ${step}`).toBeLessThanOrEqual(exactly * 1.001 + 1e-6);
        }
      }
    }
  });
});

describe.each([
  ['', {}],
  ['with momentum', { beta1: 0.9 }],
  ['with epsilon1 0', { epsilon1: 0 }],
  ['with beta2Decay 0', { beta2Decay: 0 }],
])('AdafactorOriginal %s', (_, variant) => {
  it.each(Object.keys(extremes))('stays within its clipped step under gradients %s', async (name) => {
    for (const shape of shapes) {
      const size = tf.util.sizeFromShape(shape);
      const values = await eachStep(new AdafactorOriginal(variant), shape, extremes[name]!);
      for (let step = 1; step <= steps; step++) {
        const before = values[step - 1]!;
        const scale = Math.hypot(...before) / Math.sqrt(size);
        // The root mean square of a step is at most 0.01 of that of the weights, so no weight moves sqrt(size) as far.
        const furthest = 0.01 * 1.05 * scale * Math.sqrt(size) + 1e-6;
        for (const [index, value] of values[step]!.entries()) {
          expect(Math.abs(value - before[index]!), `[${shape}] step ${step}`).toBeLessThanOrEqual(furthest);
        }
      }
    }
  });

  it('moves the live weights of a matrix with a dead row and a dead column', async () => {
    const values = await eachStep(
      new AdafactorOriginal(variant),
      [3, 4],
      extremes['zero in a row and in a column']!,
    );
    const alive = Array.from({ length: 12 }, (_, index) => index % 4 !== 0 && index >= 4);
    expect([...values.at(-1)!].map((value) => value !== 0.5)).toEqual(alive);
  });
});
