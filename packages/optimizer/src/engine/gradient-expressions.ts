import * as tf from '@tensorflow/tfjs-core';
import { PlanRunner } from '../interpreters/plan-runner.ts';
import { type Expression, mul, sum, tensorSymbol } from '../rule/expression.ts';

/** A sum over all elements of an expression of a gradient. */
export class GradientSum {
  private readonly runners = new Map<number, PlanRunner>();

  /** @param term What is summed, an element of it from an element of the gradient. */
  constructor(private readonly term: (gradient: Expression) => Expression) {}

  /** The sum for one gradient, as a tensor with one element. */
  of(gradient: tf.Tensor): tf.Tensor {
    const { size } = gradient;
    let runner = this.runners.get(size);
    if (runner === undefined) {
      const total = sum(this.term(tensorSymbol('gradient', [size])));
      runner = new PlanRunner({
        outputs: { total },
        shapes: { gradient: [size], total: [1] },
        slots: {},
      });
      this.runners.set(size, runner);
    }
    return runner.run({ gradient }, {}, { inPlace: false }).total!;
  }

  /** The sum over several gradients, as a tensor with one element. */
  ofAll(gradients: readonly tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => tf.addN(gradients.map((gradient) => this.of(gradient))));
  }
}

/** Not a number for NaN and the infinities, and 0 for every other number. */
export const finiteness = new GradientSum((gradient) => mul(gradient, 0));
