import { defineConfig, mergeConfig } from 'vitest/config';
import { whyNoWebgpu } from './packages/backend/test/webgpu/adapter.ts';
import { namesWithout, notOnWebgpu } from './packages/backend/test/webgpu/elsewhere.ts';
import everywhere from './vitest.config.ts';

const missing = await whyNoWebgpu();
if (missing !== undefined) console.log(`WebGPU: skipped (${missing})`);

/**
 * Tests of numbers that choose no backend themselves, on WebGPU by Dawn in Node: the conformance suite of every optimizer, and
 * operations and gradients of the models. Skipped where Dawn finds no adapter.
 */
const onWebgpu = mergeConfig(
  everywhere,
  defineConfig({
    test: {
      setupFiles: ['packages/backend/test/webgpu/on-webgpu.ts'],
      passWithNoTests: missing !== undefined,
      testNamePattern: namesWithout(notOnWebgpu),
    },
  }),
);
onWebgpu.test!.include =
  missing === undefined
    ? [
        'packages/optim-*/test/conformance.test.ts',
        'packages/lm-models/test/{operations,language-model,generate}.test.ts',
      ]
    : [];
export default onWebgpu;
