import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import {
  add,
  type Expression,
  mean,
  mul,
  runInFloat64,
  runOnTensors,
  type UpdatePlan,
  where,
} from '../src/index.ts';
import { scalarSymbol, tensorSymbol } from '../src/rule/expression.ts';
import { evaluateScalar } from '../src/rule/scalar-arithmetic.ts';

const parameter = tensorSymbol('parameter', [2, 3]);
const row = tensorSymbol('row', [3]);
const planOf = (output: Expression): UpdatePlan => ({
  shapes: { parameter: [2, 3], row: [3] },
  slots: {},
  outputs: { parameter: output },
});
const data = { parameter: Float64Array.of(1, 2, 3, 4, 5, 6), row: Float64Array.of(10, 20, 30) };

describe('a plan', () => {
  it('has a value for every tensor and scalar that it reads, of the right size', () => {
    const plan = planOf(add(parameter, mul(row, scalarSymbol('rate'))));
    expect([...runInFloat64(plan, data, { rate: 2 }).parameter!]).toEqual([21, 42, 63, 24, 45, 66]);
    expect(() => runInFloat64(plan, { parameter: data.parameter }, { rate: 2 })).toThrow(
      'no value for the tensor "row"',
    );
    expect(() => runInFloat64(plan, { ...data, row: Float64Array.of(1, 2) }, { rate: 2 })).toThrow(
      '"row" needs 3 elements, got 2',
    );
    expect(() => runInFloat64(plan, data, {})).toThrow('the update rule reads the unknown scalar "rate"');
    tf.tidy(() => {
      const tensors = { parameter: tf.ones([2, 3]), row: tf.ones([3]) };
      expect([...runOnTensors(plan, tensors, { rate: 2 }).parameter!.dataSync()]).toEqual(
        new Array(6).fill(3),
      );
      expect(() => runOnTensors(plan, { parameter: tensors.parameter }, { rate: 2 })).toThrow(
        'no value for the tensor "row"',
      );
      expect(() => runOnTensors(plan, tensors, {})).toThrow(
        'the update rule reads the unknown scalar "rate"',
      );
    });
  });

  it('gives outputs that are smaller than their shape in that shape', () => {
    const plan = planOf(mean(parameter, [1]));
    expect([...runInFloat64(plan, data, {}).parameter!]).toEqual([2, 2, 2, 5, 5, 5]);
    tf.tidy(() => {
      const tensors = { parameter: tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]), row: tf.ones([3]) };
      const output = runOnTensors(plan, tensors, {}).parameter!;
      expect(output.shape).toEqual([2, 3]);
      expect([...output.dataSync()]).toEqual([2, 2, 2, 5, 5, 5]);
    });
  });

  it('of a parameter without elements changes nothing, its other outputs included', () => {
    const plan: UpdatePlan = {
      shapes: { parameter: [0, 3], row: [3] },
      slots: {},
      outputs: { parameter: add(tensorSymbol('parameter', [0, 3]), 1), row: add(row, 1) },
    };
    const inputs = { parameter: new Float64Array(), row: data.row };
    expect(runInFloat64(plan, inputs, {})).toEqual(inputs);
  });

  it('evaluates only the branch that a scalar condition takes', () => {
    const plan = planOf(where(scalarSymbol('on'), parameter, mul(parameter, scalarSymbol('missing'))));
    expect([...runInFloat64(plan, data, { on: -0.5 }).parameter!]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(() => runInFloat64(plan, data, { on: 0 })).toThrow('reads the unknown scalar "missing"');
  });

  it('has no tensor where a scalar is needed', () => {
    expect(() => evaluateScalar(parameter, {})).toThrow('a tensor node is not a scalar');
  });
});
