import { threadUse, useThreads } from '@steepest/wasm-kernels';
import * as tf from '@tensorflow/tfjs';

const stock = tf.findBackendFactory('wasm');

/** Makes tfjs use a fresh wasm backend with this many threads, and waits until all of them run. */
export async function startBackend(threads: number): Promise<void> {
  if (tf.findBackendFactory('wasm') != null) tf.removeBackend('wasm');
  if (threads === 1) tf.registerBackend('wasm', stock, 2);
  const { threads: used, reason } = await useThreads({ threads });
  if (used !== threads) throw new Error(reason);
  await tf.setBackend('wasm');
  // Large enough to be divided.
  tf.matMul(tf.ones([600, 600]), tf.ones([600, 600])).dispose();
  while (threadsRunning() < threads) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Threads that have started for the backend in use. */
export function threadsRunning(): number {
  return threadUse()?.started ?? 1;
}

/** The bits of a tensor's elements. */
export function bitsOf(tensor: tf.Tensor): Int32Array {
  return new Int32Array(Float32Array.from(tensor.dataSync()).buffer);
}
