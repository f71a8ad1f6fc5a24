import * as tf from '@tensorflow/tfjs';
import { processorTime } from './processor-time.ts';
import { operations, type Product } from './products.ts';

/**
 * GFLOP/s of a product with each of some BatchMatMul kernels in turn: the fastest of the runs made within `seconds` for
 * each kernel, three at least.
 */
export function gigaflops(
  product: Product,
  seconds: number,
  kernels: readonly tf.KernelConfig[] = [registeredKernel()],
): number[] {
  const { batch, m, k, n, transposeA, transposeB } = product;
  const before = registeredKernel();
  const a = tf.randomUniform(transposeA ? [batch, k, m] : [batch, m, k], -1, 1, 'float32', 1);
  const b = tf.randomUniform(transposeB ? [batch, n, k] : [batch, k, n], -1, 1, 'float32', 2);
  const fastest = kernels.map(() => Number.POSITIVE_INFINITY);
  let total = 0;
  for (let run = 0; run < 3 || total < seconds * 1000 * kernels.length; run++) {
    for (const [i, kernel] of kernels.entries()) {
      register(kernel);
      const start = processorTime();
      tf.dispose(tf.matMul(a, b, transposeA, transposeB));
      const elapsed = processorTime() - start;
      fastest[i] = Math.min(fastest[i]!, elapsed);
      total += elapsed;
    }
  }
  register(before);
  tf.dispose([a, b]);
  return fastest.map((milliseconds) => operations(product) / milliseconds / 1e6);
}

/** The matrix product that the wasm backend now uses. */
export function registeredKernel(): tf.KernelConfig {
  return tf.getKernel('BatchMatMul', 'wasm');
}

function register(kernel: tf.KernelConfig): void {
  tf.unregisterKernel('BatchMatMul', 'wasm');
  tf.registerKernel(kernel);
}
