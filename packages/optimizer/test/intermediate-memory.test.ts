import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  add,
  type Expression,
  mul,
  runOnTensors,
  sub,
  type TensorTransform,
  transform,
  type UpdatePlan,
  where,
} from '../src/index.ts';
import { tensorSymbol } from '../src/rule/expression.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const shape = [4];
const parameter = tensorSymbol('parameter', shape);
const planOf = (outputs: Record<string, Expression>): UpdatePlan => ({
  outputs,
  shapes: { parameter: shape, first: shape, second: shape },
  slots: {},
});

/** A transform that counts the tensors there are, and returns what it was given. */
function counting(counts: number[]): TensorTransform {
  return {
    name: 'count',
    shape,
    onTensors: ([x]) => {
      counts.push(tf.memory().numTensors);
      return x!;
    },
    inFloat64: ([x]) => x!.data,
  };
}

describe('a plan that runs on tensors', () => {
  it('holds no more intermediate results for a longer chain of operations', () => {
    const afterChain = (length: number): number => {
      const counts: number[] = [];
      let chain: Expression = parameter;
      for (let i = 0; i < length; i++) chain = mul(add(chain, parameter), parameter);
      const input = tf.tensor1d([1, 2, 3, 4]);
      const before = tf.memory().numTensors;
      tf.tidy(() =>
        runOnTensors(planOf({ parameter: transform(counting(counts), [chain]) }), { parameter: input }, {}),
      );
      input.dispose();
      return counts[0]! - before;
    };
    // The end of the chain is all that is read.
    expect([afterChain(1), afterChain(20)]).toEqual([1, 1]);
  });

  it('keeps what is read again, returned, or the value of several expressions', () => {
    const doubled = add(parameter, parameter);
    const same = transform(counting([]), [doubled]);
    const taken = where(1, same, mul(parameter, 5));
    // Every one of them reads a value that another has read before, under another name.
    const outputs = {
      parameter: sub(add(taken, same), doubled),
      first: doubled,
      second: mul(doubled, same),
    };
    const input = tf.tensor1d([1, 2, 3, 4]);
    const before = tf.memory().numTensors;
    const results = tf.tidy(() => runOnTensors(planOf(outputs), { parameter: input }, {}));
    const values = Object.fromEntries(
      Object.entries(results).map(([name, tensor]) => [name, Array.from(tensor.dataSync())]),
    );
    expect(values).toEqual({ parameter: [2, 4, 6, 8], first: [2, 4, 6, 8], second: [4, 16, 36, 64] });
    expect(Array.from(input.dataSync())).toEqual([1, 2, 3, 4]);
    tf.dispose([results, input]);
    expect(tf.memory().numTensors).toBe(before - 1);
  });
});
