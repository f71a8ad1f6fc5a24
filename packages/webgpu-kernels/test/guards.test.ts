import {
  causalAttentionKernel,
  embeddingGradientKernel,
  geluGradientKernel,
  geluKernel,
  layerNormGradientKernel,
  layerNormKernel,
  runKernel,
  softmaxCrossEntropyGradientKernel,
  softmaxCrossEntropyKernel,
} from '@steepest/training-kernels';
import { installKernels } from '@steepest/webgpu-kernels';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { describeOnWebgpu } from '../../backend/test/webgpu/webgpu.ts';

const numbers = (shift: number, shape: [number, number] = [4, 6]) =>
  tf.tensor2d(
    Array.from({ length: shape[0] * shape[1] }, (_, i) => Math.sin(i + shift)),
    shape,
  );
const read = async (tensor: tf.Tensor) => Array.from(await tensor.data());

describe('installKernels', () => {
  it('names the kernels and their gradients, on any backend', () => {
    const names = installKernels();
    expect(names).toHaveLength(13);
    for (const name of names) expect(tf.getKernel(name, 'webgpu')).toBeDefined();
  });
});

describeOnWebgpu('on WebGPU', () => {
  interface Backend {
    readonly bufferManager: { getNumUsedBuffers(): number };
  }
  const backend = () => tf.backend() as unknown as Backend;

  describe('a gradient that may overwrite what was saved for it', () => {
    const gradients: Record<string, (saved: tf.Tensor, overwrite: boolean) => tf.Tensor> = {
      GELU: (x, overwrite) => runKernel(geluGradientKernel, { x, gradient: numbers(5) }, { overwrite }).x,
      'layer norm': (x, overwrite) => {
        const weight = tf.ones([6]);
        const { means, inverses } = runKernel(layerNormKernel, { x, weight }, { epsilon: 1e-5 });
        const inputs = { x, weight, means, inverses, gradient: numbers(5) };
        return runKernel(layerNormGradientKernel, inputs, { overwrite }).x;
      },
      'cross-entropy': (x, overwrite) => {
        const labels = tf.tensor1d([0, 5, 2, 2], 'int32');
        const { logSumExp, kept } = runKernel(softmaxCrossEntropyKernel, { logits: x, labels }, {});
        // The memory of the logits once more.
        kept.dispose();
        const [lossesGradient, logSumExpGradient] = [tf.tensor1d([1, 2, 3, 4]), tf.tensor1d([0.1, 0, -1, 2])];
        const inputs = { kept: x, labels, logSumExp, lossesGradient, logSumExpGradient };
        return runKernel(softmaxCrossEntropyGradientKernel, inputs, { overwrite }).logits;
      },
    };

    it.each(Object.entries(gradients))(
      'of %s does so only where nobody else holds it',
      async (_, gradient) => {
        const original = await read(numbers(1));
        const untouched = numbers(1);
        const expected = await read(gradient(untouched, false));
        expect(await read(untouched)).toEqual(original);
        const mine = numbers(1);
        // A copy that tfjs keeps of what it has read would be stale.
        await mine.data();
        expect(await read(gradient(mine, true))).toEqual(expected);
        expect(await read(mine)).toEqual(expected);
        const shared = numbers(1);
        const other = tf.clone(shared);
        expect(await read(gradient(shared, true))).toEqual(expected);
        expect(await read(other)).toEqual(original);
      },
    );
  });

  describe('the softmax cross-entropy', () => {
    it('is NaN where a label is outside the vocabulary, and right in the other rows', async () => {
      const logits = tf.zeros([3, 4]);
      const labels = tf.tensor1d([-1, 4, 3], 'int32');
      const { losses } = runKernel(softmaxCrossEntropyKernel, { logits, labels }, {});
      const [below, above, within] = await read(losses);
      expect([below, above]).toEqual([Number.NaN, Number.NaN]);
      expect(Math.abs(within! - Math.log(4))).toBeLessThan(1e-6);
    });

    it('stays finite for logits of a thousand, and lets NaN through', async () => {
      const logits = tf.tensor2d([
        [1000, 0, -1000],
        [5, Number.NaN, 5],
      ]);
      const labels = tf.tensor1d([2, 0], 'int32');
      const { losses, logSumExp } = runKernel(softmaxCrossEntropyKernel, { logits, labels }, {});
      expect(await read(losses)).toEqual([2000, Number.NaN]);
      expect(await read(logSumExp)).toEqual([1000, Number.NaN]);
    });
  });

  it('attention lets NaN through, where a position looks', async () => {
    const keys = tf.tensor2d([[1], [Number.NaN], [1]]);
    const ones = tf.ones([3, 1]);
    const layout = { sequences: 1, positions: 3, heads: 1 };
    const { y } = runKernel(causalAttentionKernel, { queries: ones, keys, values: ones }, layout);
    expect(await read(y)).toEqual([1, Number.NaN, Number.NaN]);
  });

  it('layer norm lets NaN through, in its row', async () => {
    const inputs = {
      x: tf.tensor2d([
        [1, Number.NaN],
        [1, -1],
      ]),
      weight: tf.ones([2]),
    };
    const { y, means, inverses } = runKernel(layerNormKernel, inputs, { epsilon: 0 });
    expect(await read(y)).toEqual([Number.NaN, Number.NaN, 1, -1]);
    const saved = {
      ...inputs,
      means,
      inverses,
      gradient: tf.tensor2d([
        [1, 2],
        [3, 4],
      ]),
    };
    const { x, weight } = runKernel(layerNormGradientKernel, saved, { overwrite: false });
    expect((await read(x)).slice(0, 2)).toEqual([Number.NaN, Number.NaN]);
    expect(await read(weight)).toEqual([Number.NaN, Number.NaN]);
  });

  it('GELU keeps its relative accuracy in the left tail, where 1 + erf has none left', async () => {
    // x Phi(x) with Phi(-5) = 2.866515719e-7 and Phi(-8) = 6.220960574e-16 (normal tables).
    const values = await read(runKernel(geluKernel, { x: tf.tensor1d([-5, -8, -100, 100, 0]) }, {}).y);
    // WGSL allows exp(-32) an error of 67 units in the last place, 4e-6.
    expect(Math.abs(values[0]! / (-5 * 2.866515719e-7) - 1)).toBeLessThan(1e-5);
    expect(Math.abs(values[1]! / (-8 * 6.220960574e-16) - 1)).toBeLessThan(1e-5);
    expect(values[2]).toBeCloseTo(0, 30);
    expect(values.slice(3)).toEqual([100, 0]);
    expect(await read(runKernel(geluKernel, { x: tf.tensor1d([Number.NaN]) }, {}).y)).toEqual([Number.NaN]);
  });

  it('takes more workgroups than a dimension has', async () => {
    // 65,792 groups of 256 elements.
    const [vocabularySize, width] = [65_536, 257];
    const gradient = numbers(3, [1, width]);
    const tokens = tf.tensor1d([vocabularySize - 1], 'int32');
    const { embedding } = runKernel(embeddingGradientKernel, { gradient, tokens }, { vocabularySize });
    const values = await embedding.data();
    const last = width * (vocabularySize - 1);
    expect(values.findIndex((value) => value !== 0)).toBe(last);
    expect(Array.from(values.slice(last))).toEqual(await read(gradient));
  });

  it('takes no rows: results are empty, and what is a sum of them zero', async () => {
    const none = tf.zeros([0, 3]);
    const empty = tf.zeros([0]);
    const { y } = runKernel(layerNormKernel, { x: none, weight: tf.ones([3]) }, { epsilon: 0 });
    expect(await read(y)).toEqual([]);
    const inputs = { x: none, weight: tf.ones([3]), means: empty, inverses: empty, gradient: none };
    expect(await read(runKernel(layerNormGradientKernel, inputs, { overwrite: true }).weight)).toEqual([
      0, 0, 0,
    ]);
    const lookup = { gradient: none, tokens: tf.tensor1d([], 'int32') };
    const { embedding } = runKernel(embeddingGradientKernel, lookup, { vocabularySize: 2 });
    expect(await read(embedding)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(await read(runKernel(geluKernel, { x: none }, {}).y)).toEqual([]);
  });

  describe('a call that fails', () => {
    it('says what it was given and what would be right, and keeps nothing', () => {
      const x = numbers(1);
      const wide = tf.zeros([1, 2000]);
      const count = () => [
        tf.memory().numTensors,
        tf.engine().backend.numDataIds(),
        backend().bufferManager.getNumUsedBuffers(),
      ];
      const before = count();
      const layout = { sequences: 1, positions: 1, heads: 1 };
      expect(() =>
        runKernel(causalAttentionKernel, { queries: wide, keys: wide, values: wide }, layout),
      ).toThrow('SteepestCausalAttention: on WebGPU a head is at most 1920 wide, got 2000.');
      expect(() => runKernel(layerNormKernel, { x, weight: tf.ones([5]) }, { epsilon: 0 })).toThrow(
        'SteepestLayerNorm: weight must be float32 [6], got float32 [5].',
      );
      expect(count().slice(1)).toEqual(before.slice(1).map((value, i) => value + (i === 0 ? 1 : 0)));
    });
  });
});
