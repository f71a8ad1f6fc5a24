import * as tf from '@tensorflow/tfjs-core';
import type { Check } from './check.ts';

/** Runs `body` on a backend of tfjs, and returns to the present one. */
export async function onBackend(name: 'cpu' | 'wasm', body: () => Promise<void>): Promise<void> {
  await tf.ready();
  const present = tf.getBackend();
  if (name === 'wasm') await import('@tensorflow/tfjs-backend-wasm');
  if (!(await tf.setBackend(name))) throw new Error(`the tfjs backend ${name} did not start`);
  try {
    await body();
  } finally {
    await tf.setBackend(present);
  }
}

/** The same checks on wasm, where the engine compiles rules to kernels that work in place. */
export function onWasm(checks: readonly Check[]): Check[] {
  return checks.map(({ name, kind, run }) => ({
    name: `${name}, on wasm`,
    kind,
    run: () => onBackend('wasm', run),
  }));
}
