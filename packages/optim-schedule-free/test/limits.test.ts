import { Float64Optimizer, type UpdateRule } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it } from 'vitest';
import {
  ScheduleFreeAdamW,
  type ScheduleFreeAdamWOptions,
  scheduleFreeAdamWRule,
  scheduleFreeRAdamRule,
  scheduleFreeSgdRule,
} from '../src/index.ts';
import { scheduleFreeReference } from './schedule-free-adamw-reference.ts';

afterEach(() => tf.disposeVariables());

const start = [1, -2, 0.5];
const gradientAt = (step: number): number[] => start.map((_, i) => Math.sin(3 * step + i) + 0.3 * i);

function engineWith(options: ScheduleFreeAdamWOptions): Float64Optimizer {
  const engine = new Float64Optimizer([{ rule: scheduleFreeAdamWRule as unknown as UpdateRule, options }]);
  engine.add({ name: 'weight', shape: [3], size: 3 }, start);
  return engine;
}

/** Order of operations is all that may differ. */
const digits = 12;

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual).toHaveLength(expected.length);
  for (let i = 0; i < expected.length; i++) expect(actual[i]).toBeCloseTo(expected[i]!, digits);
}

describe('schedule-free AdamW', () => {
  it('averages z equally when the learning rate is constant', () => {
    const engine = engineWith({ learningRate: 0.1 });
    const sum = [0, 0, 0];
    for (let step = 1; step <= 12; step++) {
      engine.step({ weight: gradientAt(step) });
      for (const [i, z] of engine.slots('weight').z!.entries()) sum[i]! += z;
      const mean = sum.map((total) => total / step);
      expectClose(engine.average('weight'), mean);
    }
  });

  it('averages by the step number with polynomialPower 1', () => {
    const engine = engineWith({ learningRate: 0.1, polynomialPower: 1 });
    const sum = [0, 0, 0];
    for (let step = 1; step <= 12; step++) {
      engine.step({ weight: gradientAt(step) });
      for (const [i, z] of engine.slots('weight').z!.entries()) sum[i]! += step * z;
    }
    expectClose(
      engine.average('weight'),
      sum.map((total) => total / 78),
    );
  });

  it('trains the average itself with beta1 1', () => {
    const engine = engineWith({ learningRate: 0.1, beta1: 1 });
    for (let step = 1; step <= 5; step++) engine.step({ weight: gradientAt(step) });
    expect(engine.value('weight')).toEqual(engine.average('weight'));
    expect(engine.value('weight')).not.toEqual(engine.slots('weight').z);
  });

  it('recovers the average that a code which keeps it has, with every option in use', () => {
    const options = {
      learningRate: 0.1,
      beta1: 0.7,
      beta2: 0.9,
      epsilon: 1e-3,
      warmupSteps: 4,
      polynomialPower: 0.5,
      weightLrPower: 1.5,
      innerMomentum: 0.6,
    };
    const engine = engineWith({ ...options, weightDecay: 0.2 });
    const parameter = Float64Array.from(start);
    const state: Record<string, Float64Array> = {};
    for (let iteration = 1; iteration <= 20; iteration++) {
      engine.step({ weight: gradientAt(iteration) });
      const gradient = Float64Array.from(gradientAt(iteration));
      scheduleFreeReference({
        parameter,
        gradient,
        state,
        iteration,
        options: { ...options, decay: 0.1 * 0.2 },
      });
      expectClose(engine.value('weight'), parameter);
      expectClose(engine.average('weight'), state.x!);
    }
  });

  it('warms up as a linear schedule of the learning rate does, decay included', () => {
    const shared = { weightDecay: 0.5 };
    const warmed = engineWith({ ...shared, learningRate: 0.1, warmupSteps: 5 });
    const scheduled = engineWith({ ...shared, learningRate: (step) => 0.1 * Math.min(1, step / 5) });
    for (let step = 1; step <= 10; step++) {
      warmed.step({ weight: gradientAt(step) });
      scheduled.step({ weight: gradientAt(step) });
      expectClose(warmed.value('weight'), scheduled.value('weight'));
    }
    expectClose(warmed.average('weight'), scheduled.average('weight'));
  });

  it('decays z by the place of y, so that zero gradients shrink all iterates alike', () => {
    const engine = engineWith({ learningRate: 0.5, weightDecay: 0.1 });
    engine.step({ weight: [0, 0, 0] });
    // The first share is 1: x = z, and so is y.
    const shrunk = start.map((weight) => weight * 0.95);
    expectClose(engine.value('weight'), shrunk);
    expectClose(engine.average('weight'), shrunk);
  });

  it('waits while the learning rate is 0, and starts its average at the first step that moves', () => {
    const engine = engineWith({ learningRate: (step) => (step <= 3 ? 0 : 0.1) });
    for (let step = 1; step <= 3; step++) engine.step({ weight: gradientAt(step) });
    expect([...engine.value('weight')]).toEqual(start);
    expectClose(engine.average('weight'), start);
    engine.step({ weight: gradientAt(4) });
    expectClose(engine.average('weight'), engine.slots('weight').z!);
  });

  it('stays finite when the first gradients are zero, and at the ends of float32', async () => {
    const weight = tf.variable(tf.ones([4]), true, 'weight');
    const optimizer = new ScheduleFreeAdamW({ learningRate: 0.01, epsilon: 1e-15, innerMomentum: 0.5 });
    for (const gradient of [[0, 0, 0, 0], ...Array.from({ length: 5 }, () => [0, 1e-30, -1e30, 3e38])]) {
      tf.tidy(() => optimizer.applyGradients({ weight: tf.tensor1d(gradient) }));
    }
    // A step is a few learning rates at most: nothing is near an overflow.
    for (const value of await weight.data()) expect(Math.abs(value - 1)).toBeLessThan(0.2);
    optimizer.swapInAverage();
    for (const value of await weight.data()) expect(Math.abs(value - 1)).toBeLessThan(0.2);
    optimizer.dispose();
  });

  it('refuses a beta1 that loses the average, and a schedule of it', () => {
    const message = 'beta1 must be a number from 0.01 to 1, the same for the whole run, got';
    expect(() => new ScheduleFreeAdamW({ beta1: 0 })).toThrow(`${message} 0`);
    expect(() => new ScheduleFreeAdamW({ beta1: (() => 0.9) as never })).toThrow(`${message} a function`);
  });
});

/** An engine with one weight of three elements. */
function engineOf(rule: object, options: object): Float64Optimizer {
  const engine = new Float64Optimizer([{ rule: rule as UpdateRule, options }]);
  engine.add({ name: 'weight', shape: [3], size: 3 }, start);
  return engine;
}

describe('schedule-free SGD', () => {
  it('averages the iterates of gradient descent at the average itself with momentum 1', () => {
    // Primal averaging: z_k = z_(k-1) - lr g_k, and y = x = the mean of z_1 to z_k.
    const engine = engineOf(scheduleFreeSgdRule, { learningRate: 0.1, momentum: 1 });
    const z = [...start];
    const sum = [0, 0, 0];
    for (let step = 1; step <= 12; step++) {
      engine.step({ weight: gradientAt(step) });
      for (const [i, g] of gradientAt(step).entries()) {
        z[i]! -= 0.1 * g;
        sum[i]! += z[i]!;
      }
      expectClose(
        engine.value('weight'),
        sum.map((total) => total / step),
      );
    }
    expectClose(engine.average('weight'), engine.value('weight'));
  });

  it('leaves a weight without a gradient where it is, and weighs its next step by the steps of the group', () => {
    const engine = engineOf(scheduleFreeSgdRule, { learningRate: 0.1 });
    engine.step({ weight: gradientAt(1) });
    const before = [...engine.value('weight')];
    engine.step({ weight: null });
    expect([...engine.value('weight')]).toEqual(before);
    const [x, z] = [engine.average('weight').slice(), engine.slots('weight').z!.slice()];
    engine.step({ weight: gradientAt(3) });
    // The third step of three of equal weight: c = 1 / 3.
    const moved = z.map((value, i) => value - 0.1 * gradientAt(3)[i]!);
    expectClose(
      engine.average('weight'),
      x.map((value, i) => (2 / 3) * value + moved[i]! / 3),
    );
  });
});

describe('schedule-free RAdam', () => {
  // rhoMax = 1999 for beta2 0.999; rho is 4.998 after five steps and below 4 after four (Liu et al. 2020, section 4).
  it('stays in place until the second moment can be trusted, which is from the fifth step on', () => {
    const engine = engineOf(scheduleFreeRAdamRule, { learningRate: 0.1 });
    for (let step = 1; step <= 4; step++) engine.step({ weight: gradientAt(step) });
    expect([...engine.value('weight')]).toEqual(start);
    engine.step({ weight: gradientAt(5) });
    expect([...engine.value('weight')]).not.toEqual(start);
    expectClose(engine.average('weight'), engine.slots('weight').z!);
  });

  it('is schedule-free SGD before, where the phase is not silent', () => {
    const options = { learningRate: 0.1, weightDecay: 0.3 };
    const radam = engineOf(scheduleFreeRAdamRule, { ...options, silentSgdPhase: false });
    const sgd = engineOf(scheduleFreeSgdRule, options);
    for (let step = 1; step <= 4; step++) {
      radam.step({ weight: gradientAt(step) });
      sgd.step({ weight: gradientAt(step) });
      expectClose(radam.value('weight'), sgd.value('weight'));
    }
  });
});
