import * as tf from '@tensorflow/tfjs-core';

/** Whether JavaScript reads tensors of the current backend at once, and its numbers are those of IEEE 754: it is no device. */
export function readsAtOnce(): boolean {
  return ['cpu', 'wasm'].includes(tf.getBackend());
}

/** Whether the current backend is TensorFlow's library. Its tensors are read at once too, by a copy, also those of a GPU. */
export function isTensorflow(): boolean {
  return tf.getBackend() === 'tensorflow';
}

/** Whether TensorFlow's library computes on a GPU. */
export function isTensorflowOnGpu(): boolean {
  return isTensorflow() && (tf.backend() as { isUsingGpuDevice?: boolean }).isUsingGpuDevice === true;
}
