import * as tf from '@tensorflow/tfjs-core';
import { PlanRunner } from '../interpreters/plan-runner.ts';
import { add, tensorSymbol } from '../rule/expression.ts';

/** Slot of the gradients that wait for the rest of their step. */
export const accumulatedSlot = 'accumulatedGradient';

/** Runners of a sum of two gradients, by their size. */
const runners = new Map<number, PlanRunner>();

function runnerFor(size: number): PlanRunner {
  let runner = runners.get(size);
  if (runner === undefined) {
    const shape = [size];
    const after = add(tensorSymbol('accumulated', shape), tensorSymbol('gradient', shape));
    runner = new PlanRunner({
      outputs: { accumulated: after },
      shapes: { accumulated: shape, gradient: shape },
      slots: {},
    });
    runners.set(size, runner);
  }
  return runner;
}

/** The gradients of one parameter that wait for the rest of their step, as their sum. */
export class AccumulatedGradient {
  /** The sum; `undefined` before the first gradient. */
  sum: tf.Tensor | undefined;

  /**
   * Readies the addition of a gradient, in the place of the sum where nothing else holds that.
   *
   * @returns Adds it, in the same `tf.tidy`.
   */
  stage(gradient: tf.Tensor): () => void {
    const { sum } = this;
    if (sum === undefined) {
      // A sum of booleans is one that backends take for another number, and state holds float32 only.
      const first = gradient.dtype === 'float32' ? tf.clone(gradient) : tf.cast(gradient, 'float32');
      return () => this.replace(first);
    }
    const finish = runnerFor(gradient.size).stage({ accumulated: sum, gradient }, {});
    return () => this.replace(finish().accumulated!);
  }

  /** The sum with one more gradient, as a tensor of the surrounding `tf.tidy`; the sum stays as it is. */
  with(gradient: tf.Tensor | undefined): tf.Tensor {
    const { sum } = this;
    if (sum === undefined || gradient === undefined) return tf.clone((sum ?? gradient)!);
    const inputs = { accumulated: sum, gradient };
    return runnerFor(gradient.size).run(inputs, {}, { inPlace: false }).accumulated!;
  }

  private replace(sum: tf.Tensor): void {
    if (sum === this.sum) return;
    this.sum?.dispose();
    this.sum = tf.keep(sum);
  }

  /** Forgets what waits. */
  dispose(): void {
    this.sum?.dispose();
    this.sum = undefined;
  }
}
