import * as tf from '@tensorflow/tfjs';

/**
 * Lets the wasm backend, which must not be in use yet, work on as many threads as are to be measured at most.
 * @returns what changes how many work
 */
export async function startThreads(most: number): Promise<(threads: number) => void> {
  // Loaded only here, since it also puts other kernels under the optimizers of tf.train.
  const { setThreads, useThreads } = await import('@steepest/wasm-kernels');
  const { threads, reason } = await useThreads({ threads: most });
  if (threads !== most) throw new Error(`cannot measure ${most} threads: ${reason}`);
  await tf.setBackend('wasm');
  // The first kernel makes the threads, which a copy needs too.
  tf.tidy(() => void tf.matMul(tf.ones([512, 512]), tf.ones([512, 512])));
  return setThreads;
}
