import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { gelu } from '../src/operations/activation.ts';
import { softmaxCrossEntropy } from '../src/operations/softmax-cross-entropy.ts';
import { cases, numbers, type Operation, size } from './operation-cases.ts';

describe.each(cases)('$name', ({ shapes, operation }) => {
  it('has the gradient that central differences give', async () => {
    const values = shapes.map((shape, input) => numbers(size(shape), input));
    const tensorsOf = (data: Float32Array[]) => data.map((array, i) => tf.tensor(array, shapes[i]!));
    const output = operation(...tensorsOf(values));
    // A weighted sum with irregular weights: a plain sum hides mistakes (a layer norm's output sums to 0).
    const weights = tf.tensor(numbers(output.size, 9), output.shape);
    const objective: Operation = (...inputs) => tf.sum(tf.mul(operation(...inputs), weights));

    const gradients = tf.grads(objective)(tensorsOf(values));
    // Step 2^-6 in float32: rounding gives about 1e-7 * |objective| / step < 1e-4, the third derivative
    // about step^2 = 2.4e-4. Fourth-order differences remove the latter.
    const step = 2 ** -6;
    for (const [input, gradient] of gradients.entries()) {
      const analytic = await gradient.data();
      expect(gradient.shape).toEqual(shapes[input]);
      for (let element = 0; element < analytic.length; element++) {
        const at = async (steps: number) => {
          const moved = values.map((array) => array.slice());
          moved[input]![element]! += steps * step;
          return (await objective(...tensorsOf(moved)).data())[0]!;
        };
        const numeric =
          (8 * ((await at(1)) - (await at(-1))) - ((await at(2)) - (await at(-2)))) / (12 * step);
        expect(Math.abs(analytic[element]! - numeric), `input ${input}[${element}]`).toBeLessThan(3e-4);
      }
    }
  });
});

describe('softmaxCrossEntropy', () => {
  it('stays finite for logits of a thousand and exact for equal ones', async () => {
    const logits = tf.tensor2d([
      [1000, 0, -1000],
      [5, 5, 5],
    ]);
    const [crossEntropy] = await softmaxCrossEntropy(logits, tf.tensor1d([2, 0], 'int32'), 0).data();
    // Hand formula: 2000 for the first row, log 3 for the second; float32 at 1000 resolves 6e-5.
    expect(crossEntropy).toBeCloseTo((2000 + Math.log(3)) / 2, 3);
  });
});

describe('gelu', () => {
  it('matches x Phi(x) at tabulated points', async () => {
    // Phi(1) = 0.841344746, Phi(-2) = 0.022750132 (normal tables); erf on cpu is within 1.5e-7.
    const values = await gelu(tf.tensor1d([0, 1, -2, 10, -10])).data();
    const expected = [0, 0.841344746, -0.045500264, 10, 0];
    for (const [i, value] of expected.entries()) {
      expect(Math.abs(values[i]! - value)).toBeLessThan(2e-6);
    }
  });
});

describe('every operation', () => {
  it('leaves no tensor behind in a tidy, with its gradient', () => {
    const before = tf.memory().numTensors;
    for (const { operation, shapes } of cases) {
      tf.tidy(() => {
        const inputs = shapes.map((shape, i) => tf.tensor(numbers(size(shape), i), shape));
        tf.grads((...x: tf.Tensor[]) => tf.sum(operation(...x)))(inputs);
      });
    }
    expect(tf.memory().numTensors).toBe(before);
  });
});
