import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { trainingStep } from '../src/training-step.ts';
import { TinyModel, TinyOptimizer, tinyData } from './tiny-run.ts';

beforeAll(() => tf.setBackend('cpu'));

it.each([
  ['total', Number.NaN],
  ['total', Number.POSITIVE_INFINITY],
  ['crossEntropy', Number.NaN],
] as const)('leaves the weights alone when only the %s loss is %d', async (name, value) => {
  class HalfBroken extends TinyModel {
    override loss(tokens: tf.Tensor2D) {
      const losses = super.loss(tokens);
      return { ...losses, [name]: tf.mul(losses[name], value) as tf.Scalar };
    }
  }
  const model = new HalfBroken();
  const optimizer = new TinyOptimizer({ learningRate: 0.5 });
  const before = await model.variables[0]!.data();
  const tensors = tf.memory().numTensors;
  const result = await trainingStep(model, optimizer, await tinyData().train.next());
  expect(result[name]).toBe(value);
  expect(result.optimizerMilliseconds).toBeUndefined();
  expect(await model.variables[0]!.data()).toEqual(before);
  expect(optimizer.iterations).toBe(0);
  expect(tf.memory().numTensors).toBe(tensors);
  optimizer.dispose();
  model.dispose();
});
