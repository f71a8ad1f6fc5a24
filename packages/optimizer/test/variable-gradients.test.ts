import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { variableGradients } from '../src/index.ts';

const size = 1000;
let weight: tf.Variable;
let tensorsBefore: number;

beforeEach(async () => {
  await tf.setBackend('cpu');
  tensorsBefore = tf.memory().numTensors;
  weight = tf.tidy(() => tf.variable(tf.linspace(-1, 2, size), true, 'weight'));
});
afterEach(() => {
  weight.dispose();
  expect(tf.memory().numTensors).toBe(tensorsBefore);
});

/** The gradient of a loss by `weight`, and the loss. */
function gradientOf(
  loss: () => tf.Scalar,
  gradients = variableGradients,
): { value: number; gradient: Float32Array } {
  const { value, grads } = gradients(loss, [weight]);
  const result = {
    value: value.dataSync()[0]!,
    gradient: Float32Array.from(grads.weight!.dataSync()),
  };
  tf.dispose([value, grads]);
  return result;
}

const plain = (loss: () => tf.Scalar, variables?: readonly tf.Variable[]) =>
  tf.variableGrads(loss, variables && [...variables]);

/** Passes its input on, and tells of the backward pass when that comes to it. */
function watched(x: tf.Tensor, onBackward: () => void): tf.Tensor {
  return tf.customGrad((input) => ({
    value: tf.clone(input as tf.Tensor),
    gradFunc: (gradient: tf.Tensor) => {
      onBackward();
      return tf.mul(gradient, 1);
    },
  }))(x);
}

const depth = 20;

/** A loss of many operations, each of which keeps its input for the gradient; tells the bytes that the last gradient finds. */
function deepLoss(onBytes: (bytes: number) => void = () => {}): () => tf.Scalar {
  return () => {
    let x = watched(weight, () => onBytes(tf.memory().numBytes));
    for (let layer = 0; layer < depth; layer++) x = tf.add(tf.sin(x), tf.mul(x, x));
    return tf.mean(tf.sin(x)) as tf.Scalar;
  };
}

describe('variableGradients', () => {
  it.each(['tensor', 'variable'])('leaves a %s that a gradient only returns to its owner', (kind) => {
    const constant = tf.tidy(() => tf.fill([size], 3));
    const owned = kind === 'tensor' ? constant : tf.variable(constant);
    const dot = tf.customGrad((x) => ({
      value: tf.sum(tf.mul(x as tf.Tensor, owned)),
      gradFunc: () => owned as tf.Tensor,
    }));
    const loss = () => tf.add(dot(tf.mul(weight, 2)), dot(tf.sin(weight))) as tf.Scalar;
    const expected = gradientOf(loss, plain);
    for (let call = 0; call < 2; call++) expect(gradientOf(loss)).toEqual(expected);
    expect(owned.isDisposed).toBe(false);
    tf.dispose([owned, constant]);
  });

  it('has the bits of tf.variableGrads', () => {
    const ours = gradientOf(deepLoss());
    const theirs = gradientOf(deepLoss(), plain);
    expect(ours.value).toBe(theirs.value);
    expect([...new Int32Array(ours.gradient.buffer)]).toEqual([...new Int32Array(theirs.gradient.buffer)]);
  });

  it('frees what the backward pass has read, where tfjs keeps it to the end', () => {
    const bytes: number[] = [];
    gradientOf(deepLoss((held) => bytes.push(held)));
    gradientOf(
      deepLoss((held) => bytes.push(held)),
      plain,
    );
    const vector = 4 * size;
    // The first operation of all comes last: its gradients, what it saved, the weight and the loss are all that is needed.
    expect(bytes[0]).toBeLessThan(10 * vector);
    // In every layer tfjs holds what sine and product have saved, and gradients of three results.
    expect(bytes[1]).toBeGreaterThan(4 * depth * vector);
  });

  it('keeps a gradient that belongs to two tensors, and a saved tensor that is a gradient', () => {
    // f(a, b) = a + b with the very gradient of its result for both, and g(x) = x with what it saved as its gradient.
    const sum = tf.customGrad((a, b) => ({
      value: tf.add(a as tf.Tensor, b as tf.Tensor),
      gradFunc: (gradient: tf.Tensor) => [gradient, gradient],
    }));
    const saved = tf.customGrad((x, save) => {
      const ones = tf.onesLike(x as tf.Tensor);
      (save as tf.GradSaveFunc)([ones]);
      return {
        value: tf.clone(x as tf.Tensor),
        gradFunc: (_: tf.Tensor, [gradient]: tf.Tensor[]) => gradient!,
      };
    });
    const loss = () => tf.sum(saved(sum(tf.mul(weight, 2), tf.mul(tf.mul(weight, 3), 1)))) as tf.Scalar;
    // The derivative of 2 w + 3 w.
    expect(gradientOf(loss).gradient).toEqual(new Float32Array(size).fill(5));
  });

  it('differentiates a loss that has a gradient in it', () => {
    // d/dw sum(d/dw w^3) = d/dw sum(3 w^2) = 6 w.
    const cube = tf.grad((x) => tf.mul(tf.mul(x, x), x));
    const { gradient } = gradientOf(() => tf.sum(cube(weight)) as tf.Scalar);
    for (const [i, w] of weight.dataSync().entries()) expect(gradient[i]).toBeCloseTo(6 * w, 5);
  });

  it('takes all trainable variables by default, and refuses a loss without any, as tfjs does', () => {
    const frozen = tf.tidy(() => tf.variable(tf.scalar(1), false, 'frozen'));
    const { value, grads } = variableGradients(() => tf.sum(tf.mul(weight, frozen)) as tf.Scalar);
    expect(Object.keys(grads)).toEqual(['weight']);
    tf.dispose([value, grads, frozen]);
    expect(() => variableGradients(() => tf.scalar(1), [weight])).toThrow(/Cannot find a connection/);
  });

  it('leaves nothing behind where the loss throws, or is none', () => {
    const saving = () => tf.sin(tf.mul(weight, tf.exp(weight)));
    const before = tf.memory();
    const failing: [() => tf.Scalar, string | RegExp][] = [
      [
        () => {
          saving();
          throw new Error('no loss today');
        },
        'no loss today',
      ],
      [() => saving() as unknown as tf.Scalar, /must return a scalar/],
      [
        () => {
          saving();
          return undefined as unknown as tf.Scalar;
        },
        /must be a tensor/,
      ],
      [
        () =>
          tf.sum(
            watched(saving(), () => {
              throw new Error('no gradient today');
            }),
          ) as tf.Scalar,
        'no gradient today',
      ],
    ];
    for (const [loss, message] of failing) {
      expect(() => variableGradients(loss, [weight])).toThrow(message);
      expect(tf.memory().numTensors).toBe(before.numTensors);
      expect(tf.memory().numBytes).toBe(before.numBytes);
    }
    // d/dw sum(w^2) = 2 w: what failed before has no part in it.
    const { gradient } = gradientOf(() => tf.sum(tf.square(weight)) as tf.Scalar);
    for (const [i, w] of weight.dataSync().entries()) expect(gradient[i]).toBeCloseTo(2 * w, 5);
  });

  it('leaves the tape of an outer gradient whole where an inner one fails', () => {
    // d/dw sum(w^3) = 3 w^2, with what the outer pass saved before the inner failed.
    const { gradient } = gradientOf(() => {
      const cube = tf.mul(tf.mul(weight, weight), weight);
      const none = () => {
        tf.exp(weight);
        throw new Error('no loss today');
      };
      expect(() => variableGradients(none, [weight])).toThrow('no loss today');
      return tf.sum(cube) as tf.Scalar;
    });
    for (const [i, w] of weight.dataSync().entries()) expect(gradient[i]).toBeCloseTo(3 * w * w, 4);
  });
});
