import { defineConfig, mergeConfig } from 'vitest/config';
import everywhere from './vitest.config.ts';

/**
 * Tests of numbers that choose no backend themselves, on TensorFlow: the conformance suite of every optimizer, and operations and
 * gradients of the models. `npm run test:tensorflow`, after `npm run tensorflow -- install`.
 */
const onTensorflow = mergeConfig(
  everywhere,
  defineConfig({
    test: {
      setupFiles: ['packages/tensorflow/test/on-tensorflow.ts'],
      // Checks that are named after another backend are the same here as everywhere.
      testNamePattern: /^(?!.*\bon wasm\b)/,
    },
  }),
);
onTensorflow.test!.include = [
  'packages/optim-*/test/conformance.test.ts',
  'packages/lm-models/test/{operations,language-model,generate}.test.ts',
];
export default onTensorflow;
