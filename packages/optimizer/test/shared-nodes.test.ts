import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { describe, expect, it } from 'vitest';
import { kernelProgram } from '../src/compiler/kernel-program.ts';
import { PlanCache } from '../src/engine/plan-cache.ts';
import {
  add,
  type Expression,
  likeParameter,
  mul,
  planUpdate,
  type RuleContext,
  recordOf,
  runInFloat64,
  runOnTensors,
  transform,
  type UpdateRule,
} from '../src/index.ts';
import { descentRule } from './test-rules.ts';

/** Half of the sum of a value with itself, sixty times: whoever visits a node for each of its readers never comes to an end. */
function deepened(value: Expression): Expression {
  let result = value;
  for (let depth = 0; depth < 60; depth++) result = mul(add(result, result), 0.5);
  return result;
}
const deep: UpdateRule = {
  ...(descentRule as unknown as UpdateRule),
  slots: () => ({ kept: likeParameter }),
  update: ({ parameter, gradient }, _, { constant }) => {
    const result = deepened(add(parameter, gradient));
    // One plan, whichever rate it is: the rule looks at it, and makes the same.
    return { parameter: (constant('learningRate') ?? 0) >= 0 ? result : parameter, kept: result };
  },
};
const context = (learningRate: number): RuleContext => ({
  parameter: { name: 'weight', shape: [2, 2], size: 4 },
  settings: {},
  constant: () => learningRate,
});
const inputs = { parameter: [1, 2, 3, 4], gradient: [10, 20, 30, 40], kept: [0, 0, 0, 0] };
const sums = [11, 22, 33, 44];

describe('nodes that are read twice are visited once', () => {
  const plan = planUpdate(deep, context(1));

  it('where a plan runs in float64', () => {
    const data = Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, Float64Array.from(x)]));
    expect([...runInFloat64(plan, data, {}).parameter!]).toEqual(sums);
  });

  it('where it runs with operations of tfjs', async () => {
    await tf.setBackend('cpu');
    tf.tidy(() => {
      const tensors = Object.fromEntries(
        Object.entries(inputs).map(([name, x]) => [name, tf.tensor2d(x, [2, 2])]),
      );
      expect([...runOnTensors(plan, tensors, {}).kept!.dataSync()]).toEqual(sums);
    });
  });

  it('where it is compiled', () => {
    const { passes } = kernelProgram(plan)!;
    expect(
      passes.map(({ instructions }) => instructions.filter(({ kind }) => kind === 'binary').length),
    ).toEqual([121]);
  });

  it('where two plans are compared', () => {
    const cache = new PlanCache((now: RuleContext) => planUpdate(deep, now));
    // Compared here: a matcher would walk the plans for its message.
    const runners = [1, 2, -1].map((rate) => cache.runnerFor(context(rate)));
    expect([runners[0] === runners[1], runners[0] === runners[2]]).toEqual([true, false]);
  });

  it('where a transform, or a sum over rows, is looked for', () => {
    expect(recordOf(deep).capabilities.transforms).toBe(false);
    const same = { name: 'same', shape: [1024, 1024], onTensors: () => null!, inFloat64: () => null! };
    const transformed: UpdateRule = {
      ...deep,
      update: ({ parameter, kept }) => ({ parameter: deepened(transform(same, [parameter])), kept: kept! }),
    };
    expect(recordOf(transformed).capabilities.transforms).toBe(true);
    expect(Object.keys(planUpdate(deep, context(1), { lazyRows: true }).outputs)).toEqual([
      'parameter',
      'kept',
    ]);
  });
});
