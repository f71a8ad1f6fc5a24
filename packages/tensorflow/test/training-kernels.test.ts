import {
  runKernel,
  softmaxCrossEntropyGradientKernel,
  softmaxCrossEntropyKernel,
} from '@steepest/training-kernels';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { findInstallation, loadTensorflow } from '../src/index.ts';

const isInstalled = findInstallation('cpu') !== undefined;

describe.skipIf(!isInstalled)('where `steepest tensorflow install` was run, softmax cross-entropy', () => {
  beforeAll(async () => {
    loadTensorflow({ device: 'cpu', threads: 1 });
    await tf.setBackend('tensorflow');
  });

  const [rows, width] = [5, 37];
  const logits = Float32Array.from({ length: rows * width }, (_, i) => 3 * Math.sin(1.7 * i + 0.4));
  const labels = [0, 36, 7, 7, 20];
  const ofLosses = [1, -0.5, 0, 2, 0.25];
  const ofLogSumExp = [0.1, 0.2, -0.3, 0, 4];

  /** By the definitions, in float64. */
  const exact = labels.map((label, row) => {
    const x = Array.from(logits.slice(row * width, (row + 1) * width));
    const lse = Math.log(x.reduce((sum, value) => sum + Math.exp(value), 0));
    const gradient = x.map(
      (value, i) =>
        Math.exp(value - lse) * (ofLosses[row]! + ofLogSumExp[row]!) - (i === label ? ofLosses[row]! : 0),
    );
    return { loss: lse - x[label]!, lse, gradient };
  });
  const close = (actual: Iterable<number>, expected: readonly number[]) => {
    for (const [i, value] of [...actual].entries()) {
      // A few float32 roundings of numbers up to 10.
      expect(Math.abs(value - expected[i]!)).toBeLessThan(4e-6);
    }
  };

  it('and its gradient are those of the definitions, and hold nothing afterwards', () => {
    const x = tf.tensor2d(logits, [rows, width]);
    const target = tf.tensor1d(labels, 'int32');
    const [gradients, before] = [[ofLosses, ofLogSumExp].map((values) => tf.tensor1d(values)), tf.memory()];
    tf.tidy(() => {
      const { losses, logSumExp, kept } = runKernel(
        softmaxCrossEntropyKernel,
        { logits: x, labels: target },
        {},
      );
      close(
        losses.dataSync(),
        exact.map(({ loss }) => loss),
      );
      close(
        logSumExp.dataSync(),
        exact.map(({ lse }) => lse),
      );
      const [lossesGradient, logSumExpGradient] = gradients as [tf.Tensor, tf.Tensor];
      const saved = { kept, labels: target, logSumExp, lossesGradient, logSumExpGradient };
      // Twice, since the first must leave what it reads as it is.
      for (let i = 0; i < 2; i++) {
        const { logits: gradient } = runKernel(softmaxCrossEntropyGradientKernel, saved, {
          overwrite: false,
        });
        expect(gradient.shape).toEqual([rows, width]);
        close(
          gradient.dataSync(),
          exact.flatMap(({ gradient }) => gradient),
        );
      }
    });
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numBytes).toBe(before.numBytes);
    expect(x.dataSync()).toEqual(logits);
    tf.dispose([x, target, gradients]);
  });

  it('refuses a label outside the vocabulary by its number', () => {
    const x = tf.tensor2d(logits, [rows, width]);
    for (const wrong of [-1, width]) {
      const inputs = { logits: x, labels: tf.tensor1d([0, 1, 2, 3, wrong], 'int32') };
      expect(() => tf.tidy(() => runKernel(softmaxCrossEntropyKernel, inputs, {}))).toThrow(
        `${wrong} is not in [0, ${width - 1}]`,
      );
    }
  });
});
