import * as tf from '@tensorflow/tfjs-core';

/** Whether JavaScript reads tensors of the current backend at once, and its numbers are those of IEEE 754: it is no device. */
export function readsAtOnce(): boolean {
  return ['cpu', 'wasm'].includes(tf.getBackend());
}
