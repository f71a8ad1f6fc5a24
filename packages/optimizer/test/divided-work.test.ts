import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { HeapThreads } from '../src/compiler/wasm-heap.ts';
import { defineUpdateRule, mean, mul, optimizerClass, sub } from '../src/index.ts';
import { Descent } from './test-rules.ts';

const threadsKey = Symbol.for('@steepest/wasm-kernels/threads');
type Runnable = (...values: number[]) => void;

/** Stands for two threads: does the work of both, and keeps how many lists of calls each run had. */
class OneAfterAnother implements HeapThreads {
  readonly threads = 2;
  readonly runs: number[] = [];
  private readonly kernels: Runnable[] = [];

  add({ names }: { readonly names: readonly string[] }, exports: WebAssembly.Exports): number {
    return this.kernels.push(...names.map((name) => exports[name] as Runnable)) - names.length;
  }

  run(lists: readonly (readonly { readonly kernel: number; readonly values: readonly number[] }[])[]): void {
    this.runs.push(lists.length);
    for (const { kernel, values } of lists.flat()) this.kernels[kernel]!(...values);
  }
}

let threads: OneAfterAnother;

beforeAll(async () => {
  await tf.setBackend('wasm');
});

beforeEach(() => {
  threads = new OneAfterAnother();
  Object.assign(tf.backend(), { [threadsKey]: threads });
});

afterEach(() => {
  Object.assign(tf.backend(), { [threadsKey]: undefined });
  tf.disposeVariables();
});

/** Moves every element by the mean of all gradients. */
const MeanDescent = optimizerClass(
  defineUpdateRule({
    name: 'mean-descent',
    title: 'Descent by the mean',
    paper: { authors: 'nobody', year: 2000, title: 'A rule for tests', source: 'none' },
    hyperparameters: { learningRate: { default: 1, minimum: 0, description: 'Step size' } },
    slots: () => ({}),
    update: ({ parameter, gradient }, { learningRate }) => ({
      parameter: sub(parameter, mul(learningRate, mean(gradient))),
    }),
  }),
  'SteepestTestMeanDescent',
);

/** Elements that are worth two threads. */
const length = 100_000;
/** 0 in the first half and 2 in the second: a mean of 1, and of 0 and 2 in halves. */
const gradient = (): tf.Tensor1D =>
  tf.concat([tf.zeros([length / 2]), tf.fill([length / 2], 2)]) as tf.Tensor1D;

function valuesAfterStep(optimizer: {
  applyGradients(gradients: Record<string, tf.Tensor>): void;
  dispose(): void;
}): Set<number>[] {
  const weight = tf.variable(tf.ones([length]), true, 'weight');
  tf.tidy(() => optimizer.applyGradients({ weight: gradient() }));
  const values = weight.dataSync();
  optimizer.dispose();
  return [new Set(values.subarray(0, length / 2)), new Set(values.subarray(length / 2))];
}

it('an element-wise step of a long tensor is divided among the threads', () => {
  expect(valuesAfterStep(new Descent({ learningRate: 0.5 }))).toEqual([new Set([1]), new Set([0])]);
  expect(threads.runs).toEqual([2]);
});

it('a step that needs a mean over all elements is divided twice: for parts of the mean, and once it is there', () => {
  expect(valuesAfterStep(new MeanDescent())).toEqual([new Set([0]), new Set([0])]);
  expect(threads.runs).toEqual([2, 2]);
});
