import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { reestimateBatchNorm } from '../src/index.ts';

beforeAll(() => tf.setBackend('cpu'));

const rows = [
  [
    [1, 10],
    [3, 30],
  ],
  [
    [-2, 0],
    [4, 5],
    [7, 1],
  ],
  [
    [0, 0],
    [1, 8],
  ],
];

/** Mean over the batches of what a function makes of a column. */
const overBatches = (column: number, of: (values: number[]) => number) =>
  rows.map((batch) => of(batch.map((row) => row[column]!))).reduce((a, b) => a + b) / rows.length;
const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
const variance = (values: number[]) => mean(values.map((x) => (x - mean(values)) ** 2));
const batches = () => rows.map((batch) => tf.tensor2d(batch));

function model() {
  return tf.sequential({ layers: [tf.layers.batchNormalization({ inputShape: [2], momentum: 0.9 })] });
}

const moving = async (layer: tf.layers.Layer) =>
  Promise.all(
    layer
      .getWeights()
      .slice(2)
      .map((weight) => weight.data()),
  );

describe('re-estimated batch normalization', () => {
  it('has the means over all batches of their means and variances, whatever it had before', async () => {
    for (const start of [0, 1e6, Number.NaN]) {
      const net = model();
      const [gamma, beta] = net.layers[0]!.getWeights();
      net.layers[0]!.setWeights([gamma!, beta!, tf.fill([2], start), tf.fill([2], start)]);
      expect(await reestimateBatchNorm(net, batches())).toBe(1);
      const [means, variances] = await moving(net.layers[0]!);
      for (const column of [0, 1]) {
        // A few float32 roundings.
        expect(means![column]).toBeCloseTo(overBatches(column, mean), 5);
        expect(variances![column]).toBeCloseTo(overBatches(column, variance), 4);
      }
      expect((net.layers[0] as unknown as { momentum: number }).momentum).toBe(0.9);
    }
  });

  it('reaches layers in models within models, and takes batches as { xs } of an async source', async () => {
    const inner = model();
    const outer = tf.sequential({
      layers: [inner, tf.layers.batchNormalization(), tf.layers.dense({ units: 1 })],
    });
    const before = await outer.layers[2]!.getWeights()[0]!.data();
    async function* source() {
      for (const xs of batches()) yield { xs };
    }
    expect(await reestimateBatchNorm(outer, source())).toBe(2);
    const [means] = await moving(inner.layers[0]!);
    expect(means![1]).toBeCloseTo(overBatches(1, mean), 5);
    expect(await outer.layers[2]!.getWeights()[0]!.data()).toEqual(before);
  });

  it('changes nothing when a batch does not fit or there is none, and leaves no tensor behind', async () => {
    const net = model();
    const before = await moving(net.layers[0]!);
    const [good, bad] = [tf.tensor2d([[1, 2]]), tf.tensor2d([[1, 2, 3]])];
    const tensors = tf.memory().numTensors;
    await expect(reestimateBatchNorm(net, [good, bad])).rejects.toThrow();
    await expect(reestimateBatchNorm(net, [])).rejects.toThrow('needs at least one batch of training data');
    expect(await moving(net.layers[0]!)).toEqual(before);
    expect(tf.memory().numTensors).toBe(tensors);
    await reestimateBatchNorm(net, [good, good]);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('is nothing to do for a model without such layers', async () => {
    const net = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
    expect(await reestimateBatchNorm(net, [])).toBe(0);
  });
});
