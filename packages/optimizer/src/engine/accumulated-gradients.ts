import * as tf from '@tensorflow/tfjs-core';
import { PlanRunner } from '../interpreters/plan-runner.ts';
import { add, tensorSymbol } from '../rule/expression.ts';

const runners = new Map<number, PlanRunner>();

/** Adds a gradient to an accumulated one, in its place where nothing else holds that. Disposes what it replaces. */
export function accumulated(before: tf.Tensor, gradient: tf.Tensor): tf.Tensor {
  const { size } = gradient;
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
  const after = tf.tidy(() => {
    const outputs = runner.run({ accumulated: before, gradient }, {}, { inPlace: true });
    return tf.keep(outputs.accumulated!);
  });
  if (after !== before) before.dispose();
  return after;
}
