import {
  causalAttentionGradientKernel,
  causalAttentionKernel,
  geluGradientKernel,
  geluKernel,
  layerNormGradientKernel,
  layerNormKernel,
  rotaryEmbeddingKernel,
  runKernel,
  softmaxCrossEntropyGradientKernel,
  softmaxCrossEntropyKernel,
} from '@steepest/training-kernels';
import '@steepest/wasm-kernels';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';

beforeAll(async () => {
  await tf.setBackend('wasm');
});

describe('the gradient of the softmax cross-entropy', () => {
  const logits = () => tf.tensor2d([0.5, -1, 2, 0, 1, -2], [2, 3]);
  const gradientOf = (x: tf.Tensor, overwrite: boolean) => {
    const labels = tf.tensor1d([2, 0], 'int32');
    const { logSumExp, kept } = runKernel(softmaxCrossEntropyKernel, { logits: x, labels }, {});
    // The memory of the logits once more.
    kept.dispose();
    const [lossesGradient, logSumExpGradient] = [tf.tensor1d([1, 0.5]), tf.tensor1d([0.1, -0.2])];
    const inputs = { kept: x, labels, logSumExp, lossesGradient, logSumExpGradient };
    return runKernel(softmaxCrossEntropyGradientKernel, inputs, { overwrite }).logits;
  };

  it('takes the memory of the logits only if it may and nobody else holds it', () => {
    const expected = Array.from(gradientOf(logits(), false).dataSync());
    const mine = logits();
    expect(Array.from(gradientOf(mine, true).dataSync())).toEqual(expected);
    expect(Array.from(mine.dataSync())).toEqual(expected);
    const shared = logits();
    const reshaped = tf.reshape(shared, [6]);
    expect(Array.from(gradientOf(shared, true).dataSync())).toEqual(expected);
    expect(Array.from(reshaped.dataSync())).toEqual([0.5, -1, 2, 0, 1, -2]);
  });

  it('refuses a label outside the vocabulary', () => {
    for (const wrong of [-1, 3]) {
      const inputs = { logits: logits(), labels: tf.tensor1d([0, wrong], 'int32') };
      expect(() => runKernel(softmaxCrossEntropyKernel, inputs, {})).toThrow(
        `the label ${wrong} is not in [0, 2]`,
      );
    }
  });

  it('is finite for logits of a thousand, exact for equal ones, 0 for -Infinity and NaN for NaN', () => {
    const x = tf.tensor2d(
      [1000, 0, -1000, 5, 5, 5, 0, 0, Number.NEGATIVE_INFINITY, 0, Number.NaN, 0],
      [4, 3],
    );
    const target = tf.tensor1d([2, 0, 0, 1], 'int32');
    const { losses, logSumExp } = runKernel(softmaxCrossEntropyKernel, { logits: x, labels: target }, {});
    expect(Array.from(losses.dataSync())).toEqual(
      [2000, Math.log(3), Math.log(2), Number.NaN].map(Math.fround),
    );
    const gradients = { lossesGradient: tf.ones([4]), logSumExpGradient: tf.zeros([4]) };
    const inputs = { kept: x, labels: target, logSumExp, ...gradients };
    const gradient = runKernel(softmaxCrossEntropyGradientKernel, inputs, { overwrite: false }).logits;
    expect(Array.from(gradient.dataSync().slice(0, 3))).toEqual([1, 0, -1]);
    expect(gradient.dataSync()[8]).toBe(0);
    expect(Array.from(gradient.dataSync().slice(9))).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  });
});

describe('a gradient that may overwrite what was saved for it', () => {
  const numbers = (shift: number) =>
    tf.tensor2d(
      [...Array(24).keys()].map((i) => Math.sin(i + shift)),
      [4, 6],
    );
  const gradients: Record<string, (saved: tf.Tensor[], overwrite: boolean) => tf.Tensor[]> = {
    GELU: ([x], overwrite) => [
      runKernel(geluGradientKernel, { x: x!, gradient: numbers(5) }, { overwrite }).x,
    ],
    'layer norm': ([x], overwrite) => {
      const weight = tf.ones([6]);
      const { means, inverses } = runKernel(layerNormKernel, { x: x!, weight }, { epsilon: 1e-5 });
      const inputs = { x: x!, weight, means, inverses, gradient: numbers(5) };
      return Object.values(runKernel(layerNormGradientKernel, inputs, { overwrite }));
    },
    attention: ([queries, keys, values], overwrite) => {
      const inputs = { queries: queries!, keys: keys!, values: values!, gradient: numbers(5) };
      const attributes = { sequences: 1, positions: 4, heads: 2, overwrite };
      return Object.values(runKernel(causalAttentionGradientKernel, inputs, attributes));
    },
  };

  it.each(Object.entries(gradients))('of %s does so only where nobody else holds it', (_, gradient) => {
    const saved = () => [numbers(1), numbers(2), numbers(3)];
    const read = (tensors: tf.Tensor[]) => tensors.map((tensor) => Array.from(tensor.dataSync()));
    const untouched = saved();
    const expected = read(gradient(untouched, false));
    expect(read(untouched)).toEqual(read(saved()));
    const mine = saved();
    expect(read(gradient(mine, true))).toEqual(expected);
    expect(read(mine.slice(0, 1))).toEqual(expected.slice(0, 1));
    const shared = saved();
    const others = shared.map((tensor) => tf.clone(tensor));
    expect(read(gradient(shared, true))).toEqual(expected);
    expect(read(others)).toEqual(read(saved()));
  });

  it('does not where queries, keys and values are one tensor', () => {
    const gradient = gradients.attention!;
    const x = numbers(1);
    const apart = gradient([numbers(1), numbers(1), numbers(1)], false).map((tensor) => tensor.dataSync());
    expect(gradient([x, x, x], true).map((tensor) => tensor.dataSync())).toEqual(apart);
  });
});

describe('a training kernel', () => {
  it('refuses tensors whose shapes do not fit, naming them', () => {
    const x = tf.ones([4, 6]);
    const layout = { sequences: 2, positions: 2, heads: 4 };
    expect(() => runKernel(layerNormKernel, { x, weight: tf.ones([5]) }, { epsilon: 0 })).toThrow(
      'SteepestLayerNorm: weight must be float32 [6], got float32 [5].',
    );
    expect(() =>
      runKernel(geluGradientKernel, { x, gradient: tf.ones([6, 4]) }, { overwrite: false }),
    ).toThrow('got float32 [6,4]');
    expect(() => runKernel(causalAttentionKernel, { queries: x, keys: x, values: x }, layout)).toThrow(
      '[4,6] cannot be cut into 2 sequences of 2 positions and 4 heads',
    );
    const tables = { cosine: x, sine: tf.ones([2, 6]) };
    expect(() => runKernel(rotaryEmbeddingKernel, { x, ...tables }, { headWidth: 2 })).toThrow(
      'sine must be float32 [4,6], got float32 [2,6]',
    );
    expect(() => runKernel(rotaryEmbeddingKernel, { x, ...tables }, { headWidth: 3 })).toThrow(
      'even headWidth',
    );
  });
});

describe('GELU', () => {
  it('keeps its relative accuracy in the left tail, where 1 + erf has none left', () => {
    // x Phi(x) with Phi(-5) = 2.866515719e-7 and Phi(-8) = 6.220960574e-16 (normal tables).
    const values = runKernel(geluKernel, { x: tf.tensor1d([-5, -8, -100, 100, 0]) }, {}).y.dataSync();
    expect(Math.abs(values[0]! / (-5 * 2.866515719e-7) - 1)).toBeLessThan(5e-6);
    expect(Math.abs(values[1]! / (-8 * 6.220960574e-16) - 1)).toBeLessThan(1e-5);
    expect(Array.from(values.slice(2))).toEqual([-0, 100, 0]);
  });
});

describe('tf.clone', () => {
  it('shares memory until the last holder is disposed of', () => {
    const count = () => tf.engine().backend.numDataIds();
    const before = count();
    const x = tf.tensor1d([1, 2, 3]);
    const copy = tf.clone(x);
    expect(count()).toBe(before + 1);
    x.dispose();
    expect(Array.from(copy.dataSync())).toEqual([1, 2, 3]);
    copy.dispose();
    expect(count()).toBe(before);
    expect(tf.clone(tf.tensor1d(['a'], 'string')).dataSync()).toEqual(['a']);
  });
});
