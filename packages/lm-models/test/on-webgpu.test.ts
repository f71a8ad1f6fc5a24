import { installKernels } from '@steepest/webgpu-kernels';
import '@steepest/wasm-kernels';
import * as tf from '@tensorflow/tfjs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { describeOnWebgpu } from '../../backend/test/webgpu/webgpu.ts';
import { createLanguageModel, type LanguageModel } from '../src/index.ts';
import { softmaxCrossEntropy } from '../src/operations/softmax-cross-entropy.ts';
import { agreesWithPyTorch, fewReferences } from './decoder-agreement.ts';
import { cases, kernelsOfStep, numbers, size, withKernels } from './operation-cases.ts';

const shape = { modelWidth: 16, layers: 2, heads: 2, vocabularySize: 20, contextLength: 8, seed: 1 };
const batch = (start = 0) =>
  tf.tensor2d(
    Array.from({ length: 18 }, (_, i) => (start + i * i) % 20),
    [2, 9],
    'int32',
  );

/** The numbers of tensors, which are disposed of. */
async function read(tensors: tf.Tensor[]): Promise<Float32Array[]> {
  const values = await Promise.all(tensors.map((tensor) => tensor.data<'float32'>()));
  tf.dispose(tensors);
  return values;
}

/** Loss and gradients of a batch. */
function step(model: LanguageModel): tf.Tensor[] {
  return tf.tidy(() => {
    const { value, grads } = tf.variableGrads(() => model.loss(batch()).total, [...model.variables]);
    return [value, ...Object.values(grads)];
  });
}

interface WebgpuBackend {
  readonly bufferManager: { getNumUsedBuffers(): number };
  numDataIds(): number;
}
const memory = () => {
  const backend = tf.backend() as unknown as WebgpuBackend;
  return [tf.memory().numTensors, backend.numDataIds(), backend.bufferManager.getNumUsedBuffers()];
};

/** The losses of eight steps of Adam. */
async function losses(backend: string): Promise<number[]> {
  await tf.setBackend(backend);
  const model = createLanguageModel(shape);
  const optimizer = tf.train.adam(0.01);
  const taken: number[] = [];
  for (let i = 0; i < 8; i++) {
    const loss = tf.tidy(
      () => optimizer.minimize(() => model.loss(batch(i)).total, true, [...model.variables])!,
    );
    taken.push(...(await read([loss]))[0]!);
  }
  optimizer.dispose();
  model.dispose();
  return taken;
}

describeOnWebgpu('on WebGPU', () => {
  agreesWithPyTorch('webgpu', 'WebGPU with fused kernels');

  describe.each([...withKernels, ...cases.filter(({ name }) => name === 'rmsNorm')])(
    '$name with fused kernels',
    ({ shapes, operation }) => {
      const compute = () =>
        read(
          tf.tidy(() => {
            const inputs = shapes.map((shape, i) => tf.tensor(numbers(size(shape), i), shape));
            const value = operation(...inputs);
            const weights = tf.tensor(numbers(value.size, 9), value.shape);
            const gradients = tf.grads((...x: tf.Tensor[]) => tf.sum(tf.mul(operation(...x), weights)))(
              inputs,
            );
            return [value, ...gradients];
          }),
        );
      afterEach(() => tf.setBackend('webgpu'));

      it('agrees with the composed operations of the cpu backend', async () => {
        const fused = await compute();
        await tf.setBackend('cpu');
        for (const [i, values] of (await compute()).entries()) {
          // Tens of float32 roundings, and the cpu backend's erf, within 1.5e-7 of the true one.
          for (const [j, value] of values.entries())
            expect(Math.abs(fused[i]![j]! - value)).toBeLessThan(3e-6);
        }
      });
    },
  );

  describe('a training step', () => {
    let model: LanguageModel;
    beforeAll(() => {
      model = createLanguageModel(shape);
    });
    afterAll(() => model.dispose());

    it('runs the fused kernels, each with its gradient, and no squares of scores', async () => {
      const { kernelNames } = await tf.profile(() => tf.dispose(step(model)));
      const fused = kernelNames.filter((name) => name.startsWith('Steepest'));
      expect([...new Set(fused)].sort()).toEqual(kernelsOfStep);
      expect(kernelNames).not.toContain('Softmax');
    });

    it('gives the same bits every time, and takes no more memory after the first', async () => {
      const first = await read(step(model));
      const before = memory();
      for (let i = 0; i < 5; i++) expect(await read(step(model))).toEqual(first);
      expect(memory()).toEqual(before);
    });

    it('makes the loss NaN where a token is outside the vocabulary, since a device cannot throw', async () => {
      const outside = tf.tensor2d([[1, 2, 20]], undefined, 'int32');
      const [loss] = await read([tf.tidy(() => model.loss(outside).total)]);
      expect(loss![0]).toBeNaN();
      outside.dispose();
    });
  });

  it('writes the gradient of the logits over them, and never over what another tensor holds', async () => {
    const logits = tf.variable(tf.tensor2d(numbers(60, 1), [3, 20]));
    const labels = tf.tensor1d([0, 1, 2], 'int32');
    const before = await logits.data();
    const gradientOf = (logitsOf: () => tf.Tensor) =>
      tf.tidy(() => {
        const loss = () => tf.sum(softmaxCrossEntropy(logitsOf() as tf.Tensor2D, labels, 0.1)) as tf.Scalar;
        return Object.values(tf.variableGrads(loss).grads)[0]!;
      });
    const computed = await read([gradientOf(() => tf.add(logits, 0))]);
    expect(await read([gradientOf(() => logits)])).toEqual(computed);
    expect(await logits.data()).toEqual(before);
    tf.dispose([logits, labels]);
  });

  describe('a training run', () => {
    afterEach(async () => {
      await tf.setBackend('webgpu');
      tf.env().set('WEBGPU_CPU_FORWARD', false);
    });

    it.each([false, true])('has the losses of one on wasm, with small tensors on cpu: %s', async (onCpu) => {
      tf.env().set('WEBGPU_CPU_FORWARD', onCpu);
      const onWebgpu = await losses('webgpu');
      const onWasm = await losses('wasm');
      expect(onWasm.at(-1)).toBeLessThan(onWasm[0]!);
      for (const [i, loss] of onWasm.entries()) expect(Math.abs(onWebgpu[i]! - loss)).toBeLessThan(1e-5);
    });
  });

  describe('without @steepest/webgpu-kernels', () => {
    beforeAll(() => {
      for (const name of installKernels()) tf.unregisterKernel(name, 'webgpu');
    });
    afterAll(() => {
      installKernels();
    });

    // A software adapter compiles the shaders of tfjs for each shape, for minutes.
    const compared = process.env.STEEPEST_THOROUGH === '1' ? undefined : fewReferences;
    agreesWithPyTorch('webgpu', 'WebGPU with operations of tfjs', compared);
  });
});
