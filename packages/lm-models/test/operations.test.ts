import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { activate, gelu } from '../src/operations/activation.ts';
import { layerNorm } from '../src/operations/layer-norm.ts';
import { softmaxCrossEntropy } from '../src/operations/softmax-cross-entropy.ts';
import activations from './fixtures/activations.json' with { type: 'json' };
import { cases, numbers, type Operation, size } from './operation-cases.ts';

describe.each(cases)('$name', ({ shapes, operation }) => {
  const values = shapes.map((shape, input) => numbers(size(shape), input));
  const tensorsOf = (data: Float32Array[]) => data.map((array, i) => tf.tensor(array, shapes[i]!));
  // A weighted sum with irregular weights: a plain sum hides mistakes (a layer norm's output sums to 0).
  const weighted =
    (value: Operation): Operation =>
    (...inputs) => {
      const output = value(...inputs);
      return tf.sum(tf.mul(output, tf.tensor(numbers(output.size, 9), output.shape)));
    };

  async function expectDifferences(objective: Operation): Promise<void> {
    const gradients = tf.grads(objective)(tensorsOf(values));
    // Step 2^-6 in float32: rounding gives about 1e-7 * |objective| / step, and as much again for each of the few sums that the
    // objective ends in; the third derivative about step^2 = 2.4e-4, which fourth-order differences remove.
    const step = 2 ** -6;
    const magnitude = Math.abs((await objective(...tensorsOf(values)).data())[0]!);
    const tolerance = 2e-4 + (4e-7 * magnitude) / step;
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
        expect(Math.abs(analytic[element]! - numeric), `input ${input}[${element}]`).toBeLessThan(tolerance);
      }
    }
  }

  it('has the gradient that central differences give', async () => {
    await expectDifferences(weighted(operation));
  });

  it('has a gradient whose gradient is what central differences give', async () => {
    const ofGradients: Operation = (...inputs) => {
      const gradients = tf.grads(weighted(operation))(inputs);
      // Squares depend on the inputs where the gradient itself does not, as that of a linear operation.
      const mixed = gradients.map((gradient, i) =>
        tf.sum(tf.mul(tf.square(gradient), tf.add(inputs[i]!, 2))),
      );
      return tf.sum(tf.stack(mixed));
    };
    await expectDifferences(ofGradients);
  });
});

describe.each(['gelu', 'geluTanh', 'silu'] as const)('%s', (name) => {
  it('has the derivatives of first, second and third order that mpmath gives', async () => {
    let derivative: (x: tf.Tensor) => tf.Tensor = (x) => activate(x as tf.Tensor2D, name);
    for (const expected of activations.derivatives[name]) {
      derivative = tf.grad(derivative);
      const actual = await derivative(tf.tensor1d(activations.inputs)).data();
      // A dozen float32 roundings of numbers up to 4, half of 2^-22 each; TensorFlow's tanh and the cpu backend's erf are off by more than
      // one, of which the third derivative takes several times.
      for (const [i, value] of expected.entries()) expect(Math.abs(actual[i]! - value)).toBeLessThan(4e-6);
    }
  });
});

describe('an operation outside of the function whose gradient is taken inside another gradient', () => {
  it('is refused instead of counting as a constant', () => {
    const weight = tf.ones([3]) as tf.Tensor1D;
    const outer = tf.grad((x: tf.Tensor) => {
      const normalized = layerNorm(x as tf.Tensor2D, weight);
      return tf.grad(() => tf.sum(tf.square(normalized)))(x);
    });
    // Where its gradient is a fused kernel, tfjs says that this one has none.
    expect(() => outer(tf.tensor2d([[1, 2, 4]]))).toThrow(
      /layerNorm was computed outside of the function whose gradient is taken inside another gradient|gradient function not found for SteepestLayerNormGradient/,
    );
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
