import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';

// As from a CDN that makes one file of each entry: whatever two entries share is there twice.
beforeAll(() => tf.setBackend('wasm'));
afterAll(() => tf.setBackend('cpu'));
beforeEach(() => vi.resetModules());
afterEach(() => vi.unstubAllGlobals());

const entries = async (versionOfKernels?: string) => {
  const { currentKernels } = await import('../src/compiler/backend-kernels.ts');
  const engine = await import('../src/browser.ts');
  vi.resetModules();
  // As the build of another version defines it.
  if (versionOfKernels !== undefined) vi.stubGlobal('packageVersion', versionOfKernels);
  await import('../src/wasm.ts');
  return { currentKernels, ...engine };
};

// What has registered itself stays where every copy of the engine finds it.
afterEach(() => {
  Reflect.deleteProperty(globalThis, Symbol.for('@steepest/optimizer@source/kernels'));
});

it('leaves the kernels of another version alone, whose plans may be others', async () => {
  const { currentKernels } = await entries('0.0.1');
  expect(currentKernels()).toBeUndefined();
});

it('trains in the kernels of an entry that shares no module with the engine', async () => {
  const { currentKernels, defineUpdateRule, mul, optimizerClass, sub } = await entries();
  expect(currentKernels()).toBeDefined();
  const rule = defineUpdateRule({
    name: 'separate-descent',
    title: 'Descent',
    paper: { authors: 'nobody', year: 2000, title: 'A rule for tests', source: 'none' },
    hyperparameters: { learningRate: { default: 0.25, minimum: 0, description: 'Step size' } },
    slots: () => ({}),
    update: ({ parameter, gradient }, { learningRate }) => ({
      parameter: sub(parameter, mul(learningRate, gradient)),
    }),
  });
  const Descent = optimizerClass(rule, 'TestSeparateEntries');
  const optimizer = new Descent();
  const weight = tf.variable(tf.ones([300]), true, 'weight');
  const step = () => tf.tidy(() => optimizer.applyGradients({ weight: tf.ones([300]) }));
  step();
  const { dataId } = weight;
  step();
  // Kernels write where the parameter is; operations of tfjs make a new tensor.
  expect(weight.dataId).toBe(dataId);
  expect([...weight.dataSync()]).toEqual(new Array(300).fill(0.5));
  optimizer.dispose();
  weight.dispose();
});
