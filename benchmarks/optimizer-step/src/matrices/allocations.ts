import * as tf from '@tensorflow/tfjs';

/** How many pieces of the wasm heap a function asks for. */
export function allocationsOf(run: () => void): number {
  const { wasm } = tf.backend() as unknown as { wasm: { _malloc(bytes: number): number } };
  const allocate = wasm._malloc;
  let count = 0;
  wasm._malloc = (bytes) => {
    count++;
    return allocate(bytes);
  };
  try {
    run();
  } finally {
    wasm._malloc = allocate;
  }
  return count;
}
