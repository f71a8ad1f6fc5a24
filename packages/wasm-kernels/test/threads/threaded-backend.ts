import { useThreads } from '@steepest/wasm-kernels';
import * as tf from '@tensorflow/tfjs';
import { kernelModule } from '../../src/kernel-module.ts';
import type { WasmBackend } from '../../src/wasm-backend.ts';

const stock = tf.findBackendFactory('wasm');

/** Makes tfjs use a fresh wasm backend with this many threads, and waits until all of them work. */
export async function startBackend(threads: number): Promise<void> {
  if (tf.findBackendFactory('wasm') != null) tf.removeBackend('wasm');
  if (threads === 1) tf.registerBackend('wasm', stock, 2);
  const { threads: used, reason } = await useThreads({ threads });
  if (used !== threads) throw new Error(reason);
  await tf.setBackend('wasm');
  while (threadsAtWork() < threads) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Parts that large work is cut into now. */
export function threadsAtWork(): number {
  return kernelModule(tf.backend() as unknown as WasmBackend).cut({ items: 1e6, unit: 1, nanoseconds: 1e12 })
    .length;
}

/** The bits of a tensor's elements. */
export function bitsOf(tensor: tf.Tensor): Int32Array {
  return new Int32Array(Float32Array.from(tensor.dataSync()).buffer);
}
