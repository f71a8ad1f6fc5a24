import { Float64Optimizer, type OptimizerMember } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Adalayer, type AdalayerOptions, adalayerRule } from '../src/index.ts';

const size = 6;
const freezeSteps = 4;
const gradientAt = (step: number): number[] =>
  Array.from({ length: size }, (_, index) => Math.sin(step * (index + 1)) * (1 + index));
const meanSquare = (step: number): number =>
  gradientAt(step).reduce((total, gradient) => total + gradient ** 2, 0) / size;

interface Run {
  readonly value: Float64Array;
  readonly momentum: Float64Array;
  readonly secondMoment: number;
}

/** A [3, 2] matrix after each of the steps, counted from 1. */
function run(options: AdalayerOptions, steps: number, gradientOf = gradientAt): Run[] {
  const optimizer = new Float64Optimizer([{ rule: adalayerRule, options } as unknown as OptimizerMember]);
  optimizer.add({ name: 'weight', shape: [3, 2], size }, new Float64Array(size).fill(1));
  return Array.from({ length: steps + 1 }, (_, step) => {
    if (step > 0) optimizer.step({ weight: gradientOf(step) });
    const { momentum, secondMoment } = optimizer.slots('weight');
    return { value: optimizer.value('weight'), momentum: momentum!, secondMoment: secondMoment![0]! };
  });
}

describe('frozen Adalayer', () => {
  it('measures a second moment that counts a zero before the first gradient, and then keeps it for ever', () => {
    const steps = run({ freezeSteps }, 10);
    let total = 0;
    for (let step = 1; step <= freezeSteps; step++) {
      total += meanSquare(step);
      expect(steps[step]!.secondMoment).toBeCloseTo(total / (step + 1), 12);
    }
    for (const later of steps.slice(freezeSteps)) {
      expect(later.secondMoment).toBe(steps[freezeSteps]!.secondMoment);
    }
  });

  it('with afterFreeze updating follows the gradients with beta2 from the step after the freeze', () => {
    const steps = run({ freezeSteps, afterFreeze: 'updating', beta2: 0.75 }, 10);
    for (let step = freezeSteps + 1; step <= 10; step++) {
      const expected = 0.75 * steps[step - 1]!.secondMoment + 0.25 * meanSquare(step);
      expect(steps[step]!.secondMoment).toBeCloseTo(expected, 12);
    }
  });

  it('moves nothing while the learning rate is 0, and gathers momentum meanwhile', () => {
    const learningRate = (step: number) => (step < freezeSteps ? 0 : 0.01);
    const steps = run({ freezeSteps, learningRate }, freezeSteps);
    expect(steps[freezeSteps - 1]!.value).toEqual(steps[0]!.value);
    expect(steps[freezeSteps]!.value).not.toEqual(steps[0]!.value);
    expect(steps[freezeSteps]!.momentum).toEqual(run({}, freezeSteps)[freezeSteps]!.momentum);
  });

  it('is SGD with averaged momentum at one fixed rate a block once it is frozen', () => {
    const options = { freezeSteps, learningRate: 0.01, beta1: 0.8, epsilon: 0.5 };
    const steps = run(options, 10);
    const rate = 0.01 / (Math.sqrt(steps[freezeSteps]!.secondMoment) + 0.5);
    for (let step = freezeSteps + 1; step <= 10; step++) {
      const { value, momentum } = steps[step]!;
      for (const [index, after] of value.entries()) {
        const move = (rate * momentum[index]!) / (1 - 0.8 ** step);
        expect(after).toBeCloseTo(steps[step - 1]!.value[index]! - move, 12);
      }
    }
  });

  it('leaves a block alone whose gradients were all 0 during the freeze, when epsilon is 0', () => {
    const late = (step: number) => (step <= freezeSteps ? new Array(size).fill(0) : gradientAt(step));
    const steps = run({ freezeSteps, epsilon: 0 }, 10, late);
    expect(steps[10]!.value).toEqual(steps[0]!.value);
  });

  it('freezes group by group', async () => {
    const variables = ['body', 'norm'].map((name) => tf.variable(tf.ones([2, 3]), true, name));
    const optimizer = new Adalayer({
      freezeSteps: 1,
      groups: [{ match: 'norm', afterFreeze: 'updating' }],
    });
    const secondMoments = async () => {
      const { parameters } = await optimizer.state();
      return ['body', 'norm'].map((name) => parameters[name]!.slots.secondMoment!.data[0]);
    };
    const gradients = { body: tf.ones([2, 3]), norm: tf.ones([2, 3]) };
    optimizer.applyGradients(gradients);
    expect(await secondMoments()).toEqual([0.5, 0.5]);
    optimizer.applyGradients(gradients);
    const [body, norm] = await secondMoments();
    expect(body).toBe(0.5);
    expect(norm).toBeCloseTo(0.95 * 0.5 + 0.05, 6);
    optimizer.dispose();
    tf.dispose([...variables, ...Object.values(gradients)]);
  });

  it.each([-1, 2.5, '3'])('refuses freezeSteps of %s', (value) => {
    expect(() => new Adalayer({ freezeSteps: value as number })).toThrow(
      'adalayer: freezeSteps must be a whole number of at least 0, got',
    );
  });

  it('refuses an afterFreeze it does not know', () => {
    expect(() => new Adalayer({ afterFreeze: 'thawed' as 'frozen' })).toThrow(
      'adalayer: afterFreeze must be one of frozen, updating, got "thawed" (string)',
    );
  });
});
