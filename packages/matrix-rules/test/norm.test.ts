import { defineUpdateRule, Float64Optimizer, optimizerClass, sub } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { frobeniusNorm } from '../src/index.ts';

/** A rule that moves a parameter by the norm of its gradient, over all axes or over the last. */
const ruleOf = (axes?: readonly number[]) =>
  defineUpdateRule({
    name: 'norm-test',
    title: 'Norm test',
    paper: { authors: 'nobody', year: 2000, title: 'none', source: 'none' },
    hyperparameters: { learningRate: { default: 1, description: 'Step size' } },
    slots: () => ({}),
    update: ({ parameter, gradient }) => ({ parameter: sub(parameter, frobeniusNorm(gradient, axes)) }),
  });
const NormTest = optimizerClass(ruleOf(), 'MatrixRulesNormTest');

function onTensors(gradient: readonly number[]): number {
  const weight = tf.variable(tf.zeros([gradient.length]));
  const optimizer = new NormTest();
  optimizer.applyGradients({ [weight.name]: tf.tensor1d([...gradient]) });
  const [moved] = weight.dataSync();
  optimizer.dispose();
  weight.dispose();
  return -moved!;
}

describe('the Frobenius norm', () => {
  it.each([
    [[3, -4], 5],
    [[0, 0], 0],
    [[3e30, 4e30], 5e30],
    [[3e-30, -4e-30], 5e-30],
    [[0, 0, 0, 7], 7],
  ])('of %j in float32 is %d', (gradient, expected) => {
    expect(onTensors(gradient) / (expected || 1)).toBeCloseTo(expected === 0 ? 0 : 1, 6);
  });

  it('of what is not a number is none', () => {
    expect(onTensors([1, Number.NaN])).toBeNaN();
  });

  it('over an axis is one of each slice', () => {
    const engine = new Float64Optimizer([{ rule: ruleOf([1]), options: {} }]);
    engine.add({ name: 'weight', shape: [2, 2], size: 4 }, [0, 0, 0, 0]);
    engine.step({ weight: [3, 4, 5, 12] });
    for (const [index, norm] of [5, 5, 13, 13].entries()) {
      expect(-engine.value('weight')[index]!).toBeCloseTo(norm, 12);
    }
  });
});
