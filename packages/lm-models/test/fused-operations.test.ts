import '@steepest/wasm-kernels';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createLanguageModel } from '../src/index.ts';
import { gelu } from '../src/operations/activation.ts';
import { softmaxCrossEntropy } from '../src/operations/softmax-cross-entropy.ts';
import { kernelsOfStep, numbers, size, withKernels } from './operation-cases.ts';

beforeAll(async () => {
  await tf.setBackend('wasm');
});

afterEach(async () => {
  await tf.setBackend('wasm');
});

describe.each(withKernels)('$name with fused kernels', ({ shapes, operation }) => {
  const compute = () =>
    tf.tidy(() => {
      const inputs = shapes.map((shape, i) => tf.tensor(numbers(size(shape), i), shape));
      const value = operation(...inputs);
      const weights = tf.tensor(numbers(value.size, 9), value.shape);
      const gradients = tf.grads((...x: tf.Tensor[]) => tf.sum(tf.mul(operation(...x), weights)))(inputs);
      return [value, ...gradients].map((tensor) => tensor.dataSync());
    });

  it('agrees with the composed operations of the cpu backend', async () => {
    const fused = compute();
    await tf.setBackend('cpu');
    const composed = compute();
    for (const [i, values] of composed.entries()) {
      // Tens of float32 roundings, and the cpu backend's erf, within 1.5e-7 of the true one.
      for (const [j, value] of values.entries()) expect(Math.abs(fused[i]![j]! - value)).toBeLessThan(3e-6);
    }
  });
});

describe('a training step', () => {
  const shape = { modelWidth: 16, layers: 1, heads: 2, vocabularySize: 20, contextLength: 8, seed: 1 };
  const tokens = () => tf.tensor2d([[1, 2, 3, 4, 5]], undefined, 'int32');

  it('runs the fused kernels, each with its gradient, and no squares of scores', async () => {
    const model = createLanguageModel(shape);
    const batch = tokens();
    const { kernelNames } = await tf.profile(() =>
      tf.tidy(() => tf.variableGrads(() => model.loss(batch).total).value),
    );
    expect(kernelNames.filter((name) => name.startsWith('Steepest')).sort()).toEqual(kernelsOfStep);
    expect(kernelNames).not.toContain('Softmax');
    model.dispose();
    batch.dispose();
  });

  it('names a token outside the vocabulary that is predicted', () => {
    const model = createLanguageModel(shape);
    const wrong = tf.tensor2d([[1, 20]], undefined, 'int32');
    expect(() => model.loss(wrong)).toThrow(
      "token 20 is outside the model's vocabulary: ids go from 0 to 19",
    );
    model.dispose();
    wrong.dispose();
  });

  it('gives the same bits every time, and takes no more memory after the first', () => {
    const model = createLanguageModel(shape);
    const batch = tokens();
    const step = () =>
      tf.tidy(() => {
        const { value, grads } = tf.variableGrads(() => model.loss(batch).total);
        return [value, ...Object.values(grads)].map((tensor) => tensor.dataSync());
      });
    const { wasm } = tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } };
    const memory = () => [tf.memory().numTensors, tf.engine().backend.numDataIds(), wasm.HEAPU8.length];
    const first = step();
    const before = memory();
    for (let i = 0; i < 200; i++) expect(step()).toEqual(first);
    expect(memory()).toEqual(before);
    model.dispose();
    batch.dispose();
  });

  it('writes the gradient of the logits over them, and never over what another tensor holds', () => {
    const logits = tf.variable(tf.tensor2d(numbers(60, 1), [3, 20]));
    const before = logits.dataSync();
    const labels = tf.tensor1d([0, 1, 2], 'int32');
    const makeOutput = vi.spyOn(
      tf.backend() as unknown as { makeOutput(shape: number[]): object },
      'makeOutput',
    );
    const gradientOf = (logitsOf: () => tf.Tensor) => {
      makeOutput.mockClear();
      const gradient = tf.tidy(() => {
        const loss = () => tf.sum(softmaxCrossEntropy(logitsOf() as tf.Tensor2D, labels, 0.1)) as tf.Scalar;
        return Object.values(tf.variableGrads(loss).grads)[0]!.dataSync();
      });
      const pieces = makeOutput.mock.calls.filter(([shape]) => String(shape) === '3,20').length;
      return { gradient, pieces };
    };
    const computed = gradientOf(() => tf.add(logits, 0));
    expect(computed.pieces).toBe(1);
    const held = gradientOf(() => logits);
    expect(held.pieces).toBe(1);
    expect(held.gradient).toEqual(computed.gradient);
    expect(logits.dataSync()).toEqual(before);
    makeOutput.mockRestore();
    tf.dispose([logits, labels]);
  });
});

describe('gradients of gradients', () => {
  it('are those of the composed operations', async () => {
    const second = () =>
      tf.tidy(() => {
        const first = tf.grad((x: tf.Tensor) => tf.sum(gelu(x)));
        return tf
          .grad((x: tf.Tensor) => tf.sum(first(x)))(tf.tensor1d([-1.5, 0, 0.7]))
          .dataSync();
      });
    const fused = second();
    await tf.setBackend('cpu');
    for (const [i, value] of second().entries()) expect(Math.abs(fused[i]! - value)).toBeLessThan(1e-6);
  });
});
