import { defineConfig, mergeConfig } from 'vitest/config';
import { whyNoWebgpu } from './packages/backend/test/webgpu/adapter.ts';
import everywhere from './vitest.config.ts';

const missing = await whyNoWebgpu();
if (missing !== undefined) console.log(`WebGPU: skipped (${missing})`);

/** Names of checks that say nothing about WebGPU, or need what it does not have. */
const elsewhere = [
  // Checks that are named after another backend are the same here as everywhere.
  '\\bon wasm\\b',
  // A device cannot throw: the loss is NaN instead.
  'names a token outside the vocabulary',
  // skipNonFinite reads a number at once, which WebGPU can only do later.
  'skips a step with',
  'the count of skipped steps',
  'every engine feature on',
  'a state file of schema version',
];

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
      testNamePattern: new RegExp(`^(?!.*(${elsewhere.join('|')}))`),
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
