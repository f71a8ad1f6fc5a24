import * as tf from '@tensorflow/tfjs';

/** How many pieces of the wasm heap a function asks for. */
export function allocationsOf(run: () => void): number {
  const { wasm } = tf.backend() as unknown as {
    wasm: { _malloc(bytes: number): number; _free(address: number): void };
  };
  // Emscripten puts the real function in place of its own forerunner at the first call.
  wasm._free(wasm._malloc(8));
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
