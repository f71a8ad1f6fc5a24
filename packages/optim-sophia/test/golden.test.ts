import { Float64Optimizer, type UpdateRule } from '@steepest/optimizer';
import {
  readTrajectories,
  recordedOptions,
  replayOnTensors,
  type Trajectory,
} from '@steepest/optimizer-testing';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Sophia, type SophiaOptions, sophiaRule } from '../src/index.ts';
import { sophiaReference, sophiaReferenceRefresh } from './sophia-reference.ts';

/** The gradients of the refresh after each step beside the run; null where there was none. */
type SophiaRun = Trajectory & { readonly hessianGrads: readonly ((readonly number[])[] | null)[] };

const runs = readTrajectories(new URL('./fixtures/', import.meta.url)) as SophiaRun[];

function optionsOf(run: SophiaRun): SophiaOptions {
  const { beta1, beta2, rho, batchTokens, epsilon } = run.hyper as Record<string, number>;
  return {
    ...recordedOptions(run),
    beta1: beta1!,
    beta2: beta2!,
    rho: rho!,
    batchTokens: batchTokens!,
    epsilon: epsilon!,
  };
}

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

/** Takes a run's gradients and refreshes in turn, and compares the parameters where they were recorded. */
function replay(
  run: SophiaRun,
  step: (index: number) => void,
  refresh: (index: number) => void,
  current: (parameter: number) => ArrayLike<number>,
): void {
  let compared = 0;
  for (const index of run.grads.keys()) {
    step(index);
    if (run.hessianGrads[index] !== null) refresh(index);
    const recorded = run.expected.params[run.expected.steps.indexOf(index + 1)] ?? [];
    for (const [parameter, expected] of recorded.entries()) {
      const where = `${run.params[parameter]!.name} after step ${index + 1}`;
      expect(deviation(current(parameter), expected), where).toBeLessThan(float64Tolerance);
      compared++;
    }
  }
  expect(compared).toBe(run.params.length * run.expected.steps.length);
}

describe.each(runs)('the authors’ run $case', (run) => {
  const { momentum, hessian } = run.expected.state as Record<string, number[][]>;

  it('is reproduced in float64, refreshes included', () => {
    const rule = sophiaRule as unknown as UpdateRule;
    const engine = new Float64Optimizer([{ rule, options: optionsOf(run) }]);
    for (const { name, shape, role, init } of run.params) {
      engine.add({ name, shape, role, size: init.length }, init);
    }
    const named = (gradients: readonly (readonly number[] | null)[]) =>
      Object.fromEntries(run.params.map(({ name }, i) => [name, gradients[i] ?? null]));
    replay(
      run,
      (index) => engine.step(named(run.grads[index]!)),
      (index) => engine.refresh(named(run.hessianGrads[index]!)),
      (parameter) => engine.value(run.params[parameter]!.name),
    );
    for (const [i, { name }] of run.params.entries()) {
      expect(deviation(engine.slots(name).momentum!, momentum![i]!)).toBeLessThan(float64Tolerance);
      expect(deviation(engine.slots(name).hessian!, hessian![i]!)).toBeLessThan(float64Tolerance);
    }
  });

  it('is reproduced by the reference in plain JavaScript', () => {
    const values = run.params.map(({ init }) => Float64Array.from(init));
    const states = run.params.map((): Record<string, Float64Array> => ({}));
    const { learningRate, weightDecay, peakLearningRate, ...constants } = optionsOf(run);
    const each = (
      gradients: readonly (readonly number[] | null)[],
      reference: typeof sophiaReference,
      rate: number,
    ): void => {
      for (const [i, gradient] of gradients.entries()) {
        if (gradient === null) continue;
        const options = { ...constants, learningRate: rate };
        const input = {
          parameter: values[i]!,
          gradient: Float64Array.from(gradient),
          state: states[i]!,
          options,
        };
        reference(input);
      }
    };
    replay(
      run,
      (index) => {
        const rate = run.learningRates[index]!;
        const shrink = 1 - ((weightDecay as number) * rate) / (peakLearningRate as number);
        for (const [i, gradient] of run.grads[index]!.entries()) {
          if (gradient !== null) values[i] = values[i]!.map((x) => x * shrink);
        }
        each(run.grads[index]!, sophiaReference, rate);
      },
      (index) => each(run.hessianGrads[index]!, sophiaReferenceRefresh, 0),
      (parameter) => values[parameter]!,
    );
  });

  it('is reproduced on float32 tensors to 1e-5', async () => {
    const optimizer = new Sophia(optionsOf(run));
    let index = 0;
    const result = await replayOnTensors(run, {
      applyGradients: (gradients) => {
        optimizer.applyGradients(gradients);
        const refresh = run.hessianGrads[index++];
        if (!refresh) return;
        tf.tidy(() =>
          optimizer.applyRefresh(
            run.params.map(({ name, shape }, i) => ({
              name,
              tensor: tf.tensor([...refresh[i]!], [...shape], 'float32'),
            })),
          ),
        );
      },
      state: () => optimizer.state(),
      dispose: () => optimizer.dispose(),
    });
    expect(result.compared).toBe(run.params.length * (run.expected.steps.length + 2));
    expect(result.parameters, result.worst).toBeLessThan(1e-5);
    expect(result.state, result.worst).toBeLessThan(1e-5);
  });
});
