import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { decoderProducts } from './products.ts';
import { gigaflops } from './timing.ts';

const secondsEach = 0.3;

await tf.setBackend('wasm');
const products = decoderProducts({
  tokens: 2048,
  width: 128,
  mlpWidth: 512,
  vocabulary: 4096,
  sequences: 8,
  heads: 4,
});
// tfjs first: once the kernels are in place there is no way back to its own.
const stock = products.map((product) => gigaflops(product, secondsEach));
await import('@steepest/wasm-kernels');
console.log(`${'product'.padEnd(26)}${'batch x m x k x n'.padEnd(24)}   tfjs   ours  GFLOP/s  ratio`);
for (const [i, product] of products.entries()) {
  const ours = gigaflops(product, secondsEach);
  const size = `${product.batch} x ${product.m} x ${product.k} x ${product.n}`;
  const numbers = [stock[i]!.toFixed(1).padStart(7), ours.toFixed(1).padStart(7)].join('');
  console.log(
    `${product.name.padEnd(26)}${size.padEnd(24)}${numbers}${`${(ours / stock[i]!).toFixed(1)}x`.padStart(15)}`,
  );
}
