import * as tf from '@tensorflow/tfjs';
import { operations, type Product } from './products.ts';

/** Something that multiplies, timed in turn with others. */
export interface Multiplier {
  readonly name: string;
  /** Makes a product ready to be computed by `run`, over and over, and `end` to be called after the last time. */
  prepare(product: Product): Prepared | Promise<Prepared>;
}

export interface Prepared {
  /** Computes the product once. @returns milliseconds that it took */
  run(): number | Promise<number>;
  end(): void;
}

/** A clock in milliseconds: that of the wall, or what processors this process has used. */
export type Clock = () => number;

/** GFLOP/s of a product by each of several: the fastest of the runs made within `seconds` for each, three at least. */
export async function gigaflops(
  product: Product,
  seconds: number,
  multipliers: readonly Multiplier[],
): Promise<number[]> {
  const prepared: Prepared[] = [];
  for (const multiplier of multipliers) prepared.push(await multiplier.prepare(product));
  const fastest = multipliers.map(() => Number.POSITIVE_INFINITY);
  let total = 0;
  for (let run = 0; run < 3 || total < seconds * 1000 * multipliers.length; run++) {
    for (const [index, one] of prepared.entries()) {
      const elapsed = await one.run();
      fastest[index] = Math.min(fastest[index]!, elapsed);
      total += elapsed;
    }
  }
  for (const one of prepared) one.end();
  return fastest.map((milliseconds) => operations(product) / milliseconds / 1e6);
}

/** `tf.matMul` with a kernel of the wasm backend. @param begin Called before each product, such as to choose the threads */
export function tensorflowJs(
  name: string,
  kernel: tf.KernelConfig,
  clock: Clock,
  begin: () => void = () => {},
): Multiplier {
  return {
    name,
    prepare({ batch, m, k, n, transposeA, transposeB }) {
      const a = tf.randomUniform(transposeA ? [batch, k, m] : [batch, m, k], -1, 1, 'float32', 1);
      const b = tf.randomUniform(transposeB ? [batch, n, k] : [batch, k, n], -1, 1, 'float32', 2);
      const before = registeredKernel();
      return {
        run: () => {
          register(kernel);
          begin();
          const start = clock();
          tf.dispose(tf.matMul(a, b, transposeA, transposeB));
          return clock() - start;
        },
        end: () => {
          register(before);
          tf.dispose([a, b]);
        },
      };
    },
  };
}

/** The matrix product that the wasm backend now uses. */
export function registeredKernel(): tf.KernelConfig {
  return tf.getKernel('BatchMatMul', 'wasm');
}

function register(kernel: tf.KernelConfig): void {
  tf.unregisterKernel('BatchMatMul', 'wasm');
  tf.registerKernel(kernel);
}
