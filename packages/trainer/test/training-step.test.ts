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

it('takes no time of the optimizer, and moves nothing, where the step is left out', async () => {
  const model = new TinyModel();
  const optimizer = new TinyOptimizer({ learningRate: 0.5 });
  const before = await model.variables[0]!.data();
  const tensors = tf.memory().numTensors;
  const asked: number[] = [];
  const skip = async (loss: number, gradients: tf.NamedTensorMap) => {
    asked.push(loss);
    expect(Object.keys(gradients)).toEqual(['embedding/weight', 'head/weight']);
    return true;
  };
  const result = await trainingStep(model, optimizer, await tinyData().train.next(), { skip });
  expect(asked).toEqual([result.crossEntropy]);
  expect(result.optimizerMilliseconds).toBe(0);
  expect(await model.variables[0]!.data()).toEqual(before);
  expect(optimizer.iterations).toBe(0);
  expect(tf.memory().numTensors).toBe(tensors);
  optimizer.dispose();
  model.dispose();
});

it('refreshes before it applies, with the calls that an optimizer has, and frees both kinds of gradients', async () => {
  const model = new TinyModel();
  const batch = await tinyData().train.next();
  const curvature = () => ({ curvature: tf.scalar(3) });
  const calls: string[] = [];
  const call = (name: string) => (gradients: object) => {
    for (const gradient of Object.values(gradients)) expect(gradient.isDisposed).toBe(false);
    calls.push(`${name} ${Object.keys(gradients)}`);
  };
  const later = (name: string) => async (gradients: object) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    call(name)(gradients);
  };
  const plain = { applyGradients: call('apply'), applyRefresh: call('refresh') };
  const waiting = {
    applyGradients: () => expect.unreachable(),
    applyRefresh: () => expect.unreachable(),
    applyGradientsAsync: later('apply later'),
    applyRefreshAsync: later('refresh later'),
  };
  const tensors = tf.memory().numTensors;
  const weights = 'embedding/weight,head/weight';
  for (const [optimizer, refresh, expected] of [
    [plain, undefined, [`apply ${weights}`]],
    [plain, curvature, ['refresh curvature', `apply ${weights}`]],
    [waiting, undefined, [`apply later ${weights}`]],
    [waiting, curvature, ['refresh later curvature', `apply later ${weights}`]],
  ] as const) {
    calls.length = 0;
    const options = refresh === undefined ? {} : { refresh: async () => refresh() };
    await trainingStep(model, optimizer as never, batch, options);
    expect(calls).toEqual(expected);
    expect(tf.memory().numTensors).toBe(tensors);
  }
  // A step that is left out is not worth a refresh.
  await trainingStep(model, plain as never, batch, {
    refresh: () => expect.unreachable(),
    skip: async () => true,
  });
  const failing = {
    ...plain,
    applyRefresh: () => {
      throw new Error('refused');
    },
  };
  calls.length = 0;
  const options = { refresh: async () => curvature() };
  await expect(trainingStep(model, failing as never, batch, options)).rejects.toThrow('refused');
  expect([calls, tf.memory().numTensors]).toEqual([[], tensors]);
  model.dispose();
});

it('trains a model whose last variable has one element', async () => {
  class Shifted extends TinyModel {
    constructor() {
      super();
      const shift = tf.variable(tf.tensor1d([3]), true, 'shift') as tf.Variable;
      this.variables.push(shift as tf.Variable<tf.Rank.R2>);
    }
    override loss(tokens: tf.Tensor2D) {
      const { total, crossEntropy } = super.loss(tokens);
      const shift = tf.sum(this.variables.at(-1)!);
      return { total: tf.add(total, shift) as tf.Scalar, crossEntropy };
    }
  }
  const model = new Shifted();
  const optimizer = new TinyOptimizer({ learningRate: 0.5 });
  await trainingStep(model, optimizer, await tinyData().train.next());
  // The gradient is 1; its average begins at 0 and takes in a tenth of it: 3 - 0.5 * 0.1.
  expect((await model.variables.at(-1)!.data())[0]).toBeCloseTo(2.95, 6);
  optimizer.dispose();
  model.dispose();
});

it.each([
  [
    'throws',
    (): never => {
      throw new Error('no loss today');
    },
    'no loss today',
  ],
  [
    'is no scalar',
    (losses: { crossEntropy: tf.Scalar }) => ({
      ...losses,
      total: tf.mul(losses.crossEntropy, [1, 2]) as never,
    }),
    /scalar/,
  ],
] as const)('leaves no tensor behind where the loss %s', async (_, broken, message) => {
  class Broken extends TinyModel {
    override loss(tokens: tf.Tensor2D) {
      return broken(super.loss(tokens));
    }
  }
  const model = new Broken();
  const optimizer = new TinyOptimizer({ learningRate: 0.5 });
  const before = await model.variables[0]!.data();
  const tensors = tf.memory().numTensors;
  const batch = await tinyData().train.next();
  await expect(trainingStep(model, optimizer, batch)).rejects.toThrow(message);
  expect(tf.memory().numTensors).toBe(tensors);
  expect(await model.variables[0]!.data()).toEqual(before);
  optimizer.dispose();
  model.dispose();
});
