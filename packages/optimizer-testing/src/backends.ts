import * as tf from '@tensorflow/tfjs-core';
import type { Check } from './check.ts';
import type { OptionalPackages } from './optional-packages.ts';

/** @throws Error saying what to import, if the cpu backend of tfjs is not there to train on */
export function assertBackend(): void {
  if (tf.findBackendFactory('cpu') !== null) return;
  throw new Error(
    "the checks train on the cpu backend of tfjs, which is not registered: add import '@tensorflow/tfjs' to the test file. " +
      'If it is there, two copies of @tensorflow/tfjs-core are installed (npm ls @tensorflow/tfjs-core): keep one',
  );
}

/** The backends whose tensors are compared with float64. */
export type TestedBackend = 'cpu' | 'wasm' | 'webgpu';

/** Runs `body` on a backend of tfjs, and returns to the present one. */
export async function onBackend(
  name: TestedBackend,
  packages: OptionalPackages,
  body: () => Promise<void>,
): Promise<void> {
  await tf.ready();
  const present = tf.getBackend();
  if (name === 'wasm') await packages.wasm.load();
  if (!(await tf.setBackend(name))) throw new Error(`the tfjs backend ${name} did not start`);
  try {
    await body();
  } finally {
    await tf.setBackend(present);
  }
}

/** The same checks on wasm, where the engine compiles rules to kernels that work in place. */
export function onWasm(checks: readonly Check[], packages: OptionalPackages): Check[] {
  return checks.map((check) => ({
    ...check,
    name: `${check.name}, on wasm`,
    run: () => onBackend('wasm', packages, () => check.run()),
  }));
}
