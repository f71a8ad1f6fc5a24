import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { peakGigaflops } from './peak.ts';
import { decoderProducts } from './products.ts';
import { gigaflops, registeredKernel } from './timing.ts';

const secondsEach = 0.3;

await tf.setBackend('wasm');
const stock = registeredKernel();
await import('@steepest/wasm-kernels');
const kernels = [stock, registeredKernel()];
const peak = await peakGigaflops(1);
console.log(
  `Peak of this machine and engine, one thread: ${peak.toFixed(1)} GFLOP/s (Node ${process.versions.node})\n`,
);
console.log(
  `${'product'.padEnd(26)}${'batch x m x k x n'.padEnd(24)}   tfjs   ours  GFLOP/s  ratio  of peak`,
);
const products = decoderProducts({
  tokens: 2048,
  width: 128,
  mlpWidth: 512,
  vocabulary: 4096,
  sequences: 16,
  heads: 4,
});
for (const product of products) {
  const [theirs, ours] = gigaflops(product, secondsEach, kernels) as [number, number];
  const size = `${product.batch} x ${product.m} x ${product.k} x ${product.n}`;
  const numbers = [theirs, ours].map((number) => number.toFixed(1).padStart(7)).join('');
  const ratio = `${(ours / theirs).toFixed(1)}x`.padStart(16);
  const share = `${((100 * ours) / peak).toFixed(0)} %`.padStart(9);
  console.log(`${product.name.padEnd(26)}${size.padEnd(24)}${numbers}${ratio}${share}`);
}
