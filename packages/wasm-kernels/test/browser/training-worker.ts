// Runs in a worker of a browser, or a page itself: trains a matrix for a few steps and posts what came of it.
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { threadUse, useThreads } from '../../src/index.ts';

async function train(): Promise<object> {
  setWasmPaths('/');
  const request = new URLSearchParams(location.hash.slice(1));
  const asked = request.get('threads') ?? 2;
  if (request.has('refused')) {
    WebAssembly.Memory = class {
      constructor() {
        throw new RangeError('no room');
      }
    } as never;
  }
  const { threads, reason } = await useThreads({ threads: Number(asked) });
  await tf.setBackend('wasm');
  const product = () => tf.tidy(() => tf.matMul(tf.fill([500, 400], 0.5), tf.fill([400, 300], 3)).dataSync());
  product();
  // A worker's own script starts once this one has given way.
  for (let turn = 0; turn < 2000 && (threadUse()?.started ?? threads) < threads; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const weight = tf.variable(tf.fill([300, 200], 0.01));
  const optimizer = tf.train.sgd(1e-3);
  const losses: number[] = [];
  for (let step = 0; step < 5; step++) {
    const loss = optimizer.minimize(
      () => tf.mean(tf.square(tf.sub(tf.matMul(tf.ones([400, 300]), weight), 1))),
      true,
    )!;
    losses.push(loss.dataSync()[0]!);
  }
  return {
    threads,
    reason,
    isolated: globalThis.crossOriginIsolated,
    started: threadUse()?.started ?? 1,
    jobs: threadUse()?.jobs ?? 0,
    // 400 times 0.5 times 3 everywhere.
    isRight: product().every((value) => value === 600),
    losses,
  };
}

train().then(
  (result) => postMessage(result),
  (error: unknown) => postMessage({ error: String(error) }),
);
