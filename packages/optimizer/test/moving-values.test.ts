import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type BatchNormModel, reestimateBatchNorm } from '../src/index.ts';

beforeAll(() => tf.setBackend('cpu'));

/** A layer with moving values that follow a batch as tfjs lets them: momentum * old + (1 - momentum) * new. */
class Normalization {
  momentum = 0.99;
  readonly movingMean = tf.variable(tf.tensor1d([7, 7]));
  readonly movingVariance = tf.variable(tf.tensor1d([Number.NaN, 7]));
  readonly seen: number[] = [];
  constructor(readonly name: string) {}
  getClassName(): string {
    return 'BatchNormalization';
  }
  follow(batch: tf.Tensor): void {
    this.seen.push(this.momentum);
    const { mean, variance } = tf.moments(batch, 0);
    const moved = (old: tf.Tensor, now: tf.Tensor): tf.Tensor =>
      tf.add(tf.mul(old, this.momentum), tf.mul(now, 1 - this.momentum));
    this.movingMean.assign(moved(this.movingMean, mean) as tf.Tensor1D);
    this.movingVariance.assign(moved(this.movingVariance, variance) as tf.Tensor1D);
  }
}

/** What `reestimateBatchNorm` reads and writes: tfjs-layers' own LayerVariable has these methods. */
function layerOf(normalization: Normalization) {
  const movingValue = (variable: tf.Variable) => ({
    read: () => variable as tf.Tensor,
    write: (value: tf.Tensor) => variable.assign(value),
  });
  const { movingMean, movingVariance } = normalization;
  return new Proxy(normalization, {
    get(target, name) {
      if (name === 'movingMean') return movingValue(movingMean);
      if (name === 'movingVariance') return movingValue(movingVariance);
      const value = Reflect.get(target, name) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
const dense = { name: 'dense', getClassName: () => 'Dense' };

function modelOf(normalizations: readonly Normalization[], layers: readonly unknown[]): BatchNormModel {
  return {
    layers,
    apply: (inputs, options) => {
      expect(options).toEqual({ training: true });
      const batch = Array.isArray(inputs) ? inputs[0]! : inputs;
      for (const normalization of normalizations) normalization.follow(batch);
      return batch;
    },
  };
}
const batches = (): tf.Tensor2D[] => [
  tf.tensor2d([0, 2, 2, 4], [2, 2]),
  tf.tensor2d([3, 3, 3, 5], [2, 2]),
  tf.tensor2d([9, 1, 13, 1], [2, 2]),
];

describe('moving means and variances', () => {
  it('become the plain means of those of all batches, in layers that are wrapped, nested or used twice', async () => {
    const [plain, wrapped, nested] = ['plain', 'wrapped', 'nested'].map(
      (name) => new Normalization(name),
    ) as [Normalization, Normalization, Normalization];
    const [plainLayer, wrappedLayer, nestedLayer] = [plain, wrapped, nested].map(layerOf);
    const layers = [
      dense,
      plainLayer,
      { ...dense, layer: wrappedLayer },
      { ...dense, layers: [dense, nestedLayer, { ...dense, layers: [plainLayer] }] },
    ];
    const data = batches();
    const before = tf.memory().numTensors;
    expect(await reestimateBatchNorm(modelOf([plain, wrapped, nested], layers), data)).toBe(3);
    expect(tf.memory().numTensors).toBe(before);
    for (const { movingMean, movingVariance, momentum, seen } of [plain, wrapped, nested]) {
      // Means [1, 3], [3, 4] and [11, 1]; variances [1, 1], [0, 1] and [4, 0].
      const [mean, variance] = [movingMean, movingVariance].map((value) => [...value.dataSync()]);
      expect(mean![0]).toBeCloseTo(5, 5);
      expect(mean![1]).toBeCloseTo(8 / 3, 5);
      expect(variance![0]).toBeCloseTo(5 / 3, 5);
      expect(variance![1]).toBeCloseTo(2 / 3, 5);
      expect(momentum).toBe(0.99);
      expect(seen).toEqual([0, 1 / 2, 2 / 3]);
    }
    tf.dispose(data);
  });

  it('take batches as tensors, lists of them, or under xs', async () => {
    const normalization = new Normalization('alone');
    const data = batches();
    const [first, second, third] = data as [tf.Tensor, tf.Tensor, tf.Tensor];
    const mixed = [first, [second], { xs: third }];
    expect(await reestimateBatchNorm(modelOf([normalization], [layerOf(normalization)]), mixed)).toBe(1);
    expect(normalization.movingMean.dataSync()[0]).toBeCloseTo(5, 5);
    tf.dispose(data);
  });

  it('are as before, with their momentum, where a batch fails or none comes', async () => {
    const normalization = new Normalization('alone');
    const model = modelOf([normalization], [layerOf(normalization)]);
    let calls = 0;
    const failing: BatchNormModel = {
      ...model,
      apply: (...given) => {
        calls += 1;
        if (calls === 2) throw new Error('does not fit');
        return model.apply(...given);
      },
    };
    const data = batches();
    const before = tf.memory().numTensors;
    await expect(reestimateBatchNorm(failing, data)).rejects.toThrow('does not fit');
    await expect(reestimateBatchNorm(model, [])).rejects.toThrow(
      'reestimateBatchNorm needs at least one batch of training data, got none',
    );
    expect([...normalization.movingMean.dataSync()]).toEqual([7, 7]);
    expect([...normalization.movingVariance.dataSync()]).toEqual([Number.NaN, 7]);
    expect(normalization.momentum).toBe(0.99);
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose(data);
  });

  it('are none of a model without such layers, of which no batch is read', async () => {
    const unread: AsyncIterable<tf.Tensor> = {
      [Symbol.asyncIterator]: () => {
        throw new Error('read');
      },
    };
    expect(await reestimateBatchNorm(modelOf([], [dense]), unread)).toBe(0);
  });
});
