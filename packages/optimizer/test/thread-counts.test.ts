import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import '../src/wasm.ts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { HeapThreads } from '../src/compiler/wasm-heap.ts';
import { Descent } from './test-rules.ts';

const threadsKey = Symbol.for('@steepest/wasm-kernels/threads');

/** Functions keep their places as long as the heap. */
const functions: ((...values: number[]) => void)[] = [];

/** Does the work of all threads on this one, and keeps in how many parts it came. */
class Recorder implements HeapThreads {
  readonly parts: number[] = [];

  constructor(readonly threads: number) {
    Object.defineProperty(tf.backend(), threadsKey, { value: this, configurable: true });
  }

  add({ names }: { readonly names: readonly string[] }, exports: WebAssembly.Exports): number {
    return functions.push(...names.map((name) => exports[name] as () => void)) - names.length;
  }

  run(lists: Parameters<HeapThreads['run']>[0]): void {
    this.parts.push(lists.length);
    for (const { kernel, values } of lists.flat()) functions[kernel]!(...values);
  }
}

beforeAll(async () => {
  await tf.setBackend('wasm');
});
afterEach(() => {
  delete (tf.backend() as unknown as Record<symbol, unknown>)[threadsKey];
  tf.disposeVariables();
});
afterAll(async () => {
  await tf.setBackend('cpu');
});

/** The parts of each run of one step of descent on so many elements, each of which moves from 1 to 0.5, once. */
function partsOf(length: number, threads: number): number[] {
  const recorder = new Recorder(threads);
  const weight = tf.variable(tf.ones([length]), true, 'weight');
  const optimizer = new Descent({ learningRate: 0.5 });
  tf.tidy(() => optimizer.applyGradients({ weight: tf.ones([length]) }));
  expect(new Set(weight.dataSync())).toEqual(new Set([0.5]));
  optimizer.dispose();
  weight.dispose();
  return recorder.parts;
}

describe('an element-wise step, which moves three numbers an element', () => {
  it('takes a thread for every 50,000 numbers', () => {
    expect(partsOf(33_333, 8)).toEqual([]);
    expect(partsOf(33_334, 8)).toEqual([2]);
    expect(partsOf(50_001, 8)).toEqual([3]);
  });

  it('takes no more threads than there are', () => {
    expect(partsOf(100_000, 2)).toEqual([2]);
    expect(partsOf(100_000, 1)).toEqual([1]);
    expect(partsOf(100_000, 99)).toEqual([6]);
  });

  it('is whole in any number of parts', () => {
    for (const threads of [2, 3, 5, 7]) expect(partsOf(300_000, threads)).toEqual([threads]);
  });
});
