import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, it } from 'vitest';
import { missing as absence } from '../../backend/test/webgpu/webgpu.ts';
import { Moments, TestModel } from './test-rules.ts';

afterAll(() => tf.setBackend('cpu'));

/** More variables than a shader binds buffers. */
const shapes = Object.fromEntries(
  Array.from({ length: 23 }, (_, index) => [`v${index}/weight`, [index % 5, 3]]),
);

async function trained(backend: string, options: ConstructorParameters<typeof Moments>[0]) {
  await tf.setBackend(backend);
  const model = new TestModel(shapes);
  const optimizer = new Moments({ learningRate: 0.05, recordMetrics: true, ...options });
  const norms: (number | undefined)[] = [];
  const updates: number[] = [];
  for (let step = 1; step <= 4; step++) {
    model.train(optimizer, step, step);
    norms.push(await optimizer.gradientNorm());
    updates.push((await optimizer.metrics())!.groups[0]!.updateNorm);
  }
  const values = await model.values();
  model.dispose();
  optimizer.dispose();
  return { norms, updates, values: values.flatMap((value) => [...value]) };
}

describe.skipIf(absence !== undefined)(
  `WebGPU${absence === undefined ? '' : ` (skipped: ${absence})`}`,
  () => {
    it.each([
      {},
      { clipGlobalNorm: 0.5 },
      { clipGlobalNorm: 0.5, clipValue: 0.25, averageDecay: 0.9, weightDecay: 0.1, maximize: true },
    ])('trains many variables as cpu does under %o', async (options) => {
      const expected = await trained('cpu', options);
      const { norms, updates, values } = await trained('webgpu', options);
      expect(values).toHaveLength(expected.values.length);
      // float32 rounding of four steps of numbers near 1.
      for (const [index, value] of values.entries()) expect(value).toBeCloseTo(expected.values[index]!, 5);
      for (const [index, norm] of norms.entries()) {
        if (expected.norms[index] === undefined) expect(norm).toBeUndefined();
        else expect(norm).toBeCloseTo(expected.norms[index]!, 4);
        expect(updates[index]).toBeCloseTo(expected.updates[index]!, 5);
      }
    });

    it.each([1e-30, 1e19, 1e30])('clips gradients of %d to their direction', async (g) => {
      await tf.setBackend('webgpu');
      const weight = tf.variable(tf.zeros([4]), true, 'clipped');
      const optimizer = new Moments({ learningRate: 1, beta1: 0, beta2: 0, clipGlobalNorm: 1 });
      tf.tidy(() => optimizer.applyGradients({ clipped: tf.fill([4], g) }));
      const norm = (await optimizer.gradientNorm())!;
      expect(norm / g).toBeCloseTo(2, 4);
      weight.dispose();
      optimizer.dispose();
    });
  },
);
