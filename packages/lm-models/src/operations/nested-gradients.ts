import * as tf from '@tensorflow/tfjs-core';

/** An operation in two forms with the same value. */
export interface OperationForms {
  /** The name in errors. */
  readonly name: string;
  /** Its formula, in operations whose gradients have gradients: those of tfjs but `exp` and others that save their results. */
  readonly formula: (...inputs: tf.Tensor[]) => tf.Tensor;
  /** What `tf.customGrad` takes: the value, with a faster gradient from saved results, which counts these as constants. */
  readonly fast: Parameters<typeof tf.customGrad>[0];
}

/**
 * Computes an operation in its fast form, or by its formula where gradients of gradients are taken.
 *
 * What a custom gradient saves has no gradient of its own, so differentiating it again would give a wrong number without
 * a word.
 *
 * @throws Error from the second of two gradients, if only that one was being taken when the operation was computed
 */
export function differentiable({ name, formula, fast }: OperationForms, ...inputs: tf.Tensor[]): tf.Tensor {
  if (gradientDepth() > 1) return formula(...inputs);
  const operation = tf.customGrad((...given) => {
    const { value, gradFunc } = fast(...given);
    return {
      value,
      gradFunc: (gradient, saved) => {
        if (gradientDepth() === 0) return gradFunc(gradient, saved);
        throw new Error(
          `${name} was computed outside of the function whose gradient is taken inside another gradient: ` +
            'compute it within that function, so that its gradient has a gradient',
        );
      },
    };
  });
  return operation(...inputs);
}

/** How many gradients are being recorded, one inside the other. */
function gradientDepth(): number {
  return tf.engine().state.gradientDepth;
}

type Elementwise = <T extends tf.Tensor>(input: T) => T;

/** A function of each element whose derivatives of every order are right: each is computed from the input. */
function smooth(value: Elementwise, slope: Elementwise): Elementwise {
  return <T extends tf.Tensor>(input: T): T => {
    const operation = tf.customGrad((...inputs) => {
      const [x, save] = inputs as [T, tf.GradSaveFunc];
      save([x]);
      return {
        value: value(x),
        gradFunc: (gradient: tf.Tensor, saved: tf.Tensor[]) => tf.mul(gradient, slope(saved[0]!)),
      };
    });
    return operation(input) as T;
  };
}

// Those of tfjs lose their gradient in a gradient: what `exp`, `sigmoid` and `tanh` save is their result, whose copy the
// tape (tfjs-core 4.22) records before the result, and so takes for a constant. That of `erf` contains `exp`.
export const exp: Elementwise = smooth(tf.exp, (x) => exp(x));
export const sigmoid: Elementwise = smooth(tf.sigmoid, (x) => tf.mul(sigmoid(x), sigmoid(tf.neg(x))));
export const tanh: Elementwise = smooth(tf.tanh, (x) => tf.sub(1, tf.square(tanh(x))));
export const erf: Elementwise = smooth(tf.erf, (x) =>
  tf.mul(exp(tf.neg(tf.square(x))), 2 / Math.sqrt(Math.PI)),
);

/** The softmax over the last axis and the logarithm of its denominator, [..., 1], with derivatives of every order. */
export function softmax<T extends tf.Tensor>(logits: T): { probabilities: T; logSumExp: tf.Tensor } {
  const largest = lastAxisMaximum(logits);
  const exponentials = exp(tf.sub(logits, largest));
  const sum = tf.sum(exponentials, -1, true);
  return { probabilities: tf.div(exponentials, sum), logSumExp: tf.add(tf.log(sum), largest) };
}

/** As a constant: the softmax does not depend on what is subtracted from all logits of a row. */
function lastAxisMaximum(logits: tf.Tensor): tf.Tensor {
  const operation = tf.customGrad((...inputs) => {
    const [x, save] = inputs as [tf.Tensor, tf.GradSaveFunc];
    save([x]);
    return {
      value: tf.max(x, -1, true),
      gradFunc: (_: tf.Tensor, saved: tf.Tensor[]) => tf.zerosLike(saved[0]!),
    };
  });
  return operation(logits);
}
