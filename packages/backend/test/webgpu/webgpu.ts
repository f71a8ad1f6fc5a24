import { prepareBackend } from '@steepest/backend';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe } from 'vitest';
import { whyNoWebgpu } from './adapter.ts';
import { failOnDeviceErrors, watchDevice } from './device-errors.ts';

/** Why no test can run on WebGPU here, as a clause; undefined where tfjs now uses it. */
export const missing = await whyNoWebgpu();

if (missing === undefined) {
  await prepareBackend({ backend: 'webgpu' });
  watchDevice();
}

/** Runs the tests of a file or a `describe` on WebGPU, where every message of Dawn's validation fails its test. */
export function runOnWebgpu(): void {
  beforeAll(() => tf.setBackend('webgpu'));
  failOnDeviceErrors();
}

/** A `describe` on WebGPU, skipped with the reason in its name where there is none. */
export function describeOnWebgpu(name: string, tests: () => void): void {
  if (missing !== undefined) {
    describe.skip(`${name} (skipped: ${missing})`, tests);
  } else {
    describe(name, () => {
      runOnWebgpu();
      tests();
    });
  }
}
