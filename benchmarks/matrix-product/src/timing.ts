import * as tf from '@tensorflow/tfjs';
import { operations, type Product } from './products.ts';

/** GFLOP/s of the fastest of the runs made within `seconds` (three at least), with the kernels now registered. */
export function gigaflops(product: Product, seconds: number): number {
  const { batch, m, k, n, transposeA, transposeB } = product;
  const a = tf.randomUniform(transposeA ? [batch, k, m] : [batch, m, k], -1, 1, 'float32', 1);
  const b = tf.randomUniform(transposeB ? [batch, n, k] : [batch, k, n], -1, 1, 'float32', 2);
  let fastest = Number.POSITIVE_INFINITY;
  let total = 0;
  for (let run = 0; run < 3 || total < seconds * 1000; run++) {
    const start = performance.now();
    tf.dispose(tf.matMul(a, b, transposeA, transposeB));
    const elapsed = performance.now() - start;
    fastest = Math.min(fastest, elapsed);
    total += elapsed;
  }
  tf.dispose([a, b]);
  return operations(product) / fastest / 1e6;
}
