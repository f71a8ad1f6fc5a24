import { Float64Optimizer, type UpdateRule } from '@steepest/optimizer';
import {
  readTrajectories,
  recordedOptions,
  replayOnTensors,
  type Trajectory,
} from '@steepest/optimizer-testing';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { ScheduleFreeAdamW, type ScheduleFreeAdamWOptions, scheduleFreeRule } from '../src/index.ts';

/** A run that also records the average after each of `expected.steps`. */
type ScheduleFreeRun = Trajectory & {
  readonly expected: Trajectory['expected'] & {
    readonly evalParams: readonly (readonly (readonly number[])[])[];
  };
};

const runs = readTrajectories(new URL('./fixtures/', import.meta.url)) as ScheduleFreeRun[];

/** The options of a run; its learning rates were recorded after the warm-up, so they come without one. */
function optionsOf(run: ScheduleFreeRun): ScheduleFreeAdamWOptions {
  const { beta1, beta2, epsilon, polynomialPower, weightLrPower, innerMomentum } = run.hyper as Record<
    string,
    number
  >;
  return {
    ...recordedOptions(run),
    weightDecayMode: 'decoupled', // recorded as decoupled-at-y
    beta1: beta1!,
    beta2: beta2!,
    epsilon: epsilon!,
    polynomialPower: polynomialPower!,
    weightLrPower: weightLrPower!,
    innerMomentum: innerMomentum!,
  };
}

const warmed = runs.filter(({ hyper }) => hyper.warmupSteps !== 0);

/** Every run under its recorded learning rates; those with a warm-up also under that of the optimizer. */
const cases = [
  ...runs.map((run) => ({ name: run.case, run, options: optionsOf(run) })),
  ...warmed.map((run) => ({
    name: `${run.case}, with warmupSteps`,
    run,
    options: {
      ...optionsOf(run),
      learningRate: run.hyper.learningRate,
      warmupSteps: run.hyper.warmupSteps as number,
    },
  })),
];

/** Largest difference, relative to the largest expected element. */
function deviation(actual: ArrayLike<number>, expected: readonly number[]): number {
  const scale = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0) || 1;
  return expected.reduce((most, x, i) => {
    const difference = Math.abs(actual[i]! - x) / scale;
    return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(most, difference);
  }, 0);
}

/** Order of operations is all that may differ from the recorder's float64 code. */
const float64Tolerance = 1e-10;
const float32Tolerance = 1e-5;

it('one of the recorded runs has a warm-up', () => expect(warmed).not.toHaveLength(0));

describe.each(cases)('the authors’ run $name', ({ run, options }) => {
  it('is reproduced in float64, averages included', () => {
    const rule = scheduleFreeRule as unknown as UpdateRule;
    const engine = new Float64Optimizer([{ rule, options }]);
    for (const { name, shape, role, init } of run.params) {
      engine.add({ name, shape, role, size: init.length }, init);
    }
    let compared = 0;
    for (const [index, gradients] of run.grads.entries()) {
      engine.step(Object.fromEntries(run.params.map(({ name }, i) => [name, gradients[i] ?? null])));
      const at = run.expected.steps.indexOf(index + 1);
      if (at < 0) continue;
      for (const [i, { name }] of run.params.entries()) {
        const where = `${name} after step ${index + 1}`;
        const { params, evalParams } = run.expected;
        expect(deviation(engine.value(name), params[at]![i]!), where).toBeLessThan(float64Tolerance);
        expect(deviation(engine.average(name), evalParams[at]![i]!), where).toBeLessThan(float64Tolerance);
        compared += 2;
      }
    }
    expect(compared).toBe(2 * run.params.length * run.expected.steps.length);
    for (const [slot, expected] of Object.entries(run.expected.state)) {
      for (const [i, { name }] of run.params.entries()) {
        expect(deviation(engine.slots(name)[slot]!, expected[i]!), slot).toBeLessThan(float64Tolerance);
      }
    }
  });

  it('is reproduced on float32 tensors to 1e-5, averages included', async () => {
    const optimizer = new ScheduleFreeAdamW(options);
    const variables = (): tf.Variable[] =>
      run.params.map(({ name }) => tf.engine().registeredVariables[name]!);
    let index = 0;
    let averages = 0;
    const result = await replayOnTensors(run, {
      applyGradients: (gradients) => {
        optimizer.applyGradients(gradients);
        const at = run.expected.steps.indexOf(++index);
        if (at < 0) return;
        const training = variables().map((variable) => variable.dataSync());
        optimizer.swapInAverage();
        for (const [i, variable] of variables().entries()) {
          const where = `${variable.name} after step ${index}`;
          const expected = run.expected.evalParams[at]![i]!;
          expect(deviation(variable.dataSync(), expected), where).toBeLessThan(float32Tolerance);
          averages++;
        }
        optimizer.swapOutAverage();
        expect(variables().map((variable) => variable.dataSync())).toEqual(training);
      },
      state: () => optimizer.state(),
      dispose: () => optimizer.dispose(),
    });
    expect(averages).toBe(run.params.length * run.expected.steps.length);
    const slots = Object.keys(run.expected.state).length;
    expect(result.compared).toBe(run.params.length * (run.expected.steps.length + slots));
    expect(result.parameters, result.worst).toBeLessThan(float32Tolerance);
    expect(result.state, result.worst).toBeLessThan(float32Tolerance);
  });
});
