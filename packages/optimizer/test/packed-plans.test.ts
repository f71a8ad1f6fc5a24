import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import '../src/wasm.ts';
import { afterAll, describe, expect, it } from 'vitest';
import { currentWasmHeap, type HeapThreads } from '../src/compiler/wasm-heap.ts';
import { WasmPlan } from '../src/compiler/wasm-plan.ts';
import { encodeState, planUpdate } from '../src/index.ts';
import { Moments, type MomentsOptions, momentsRule, TestModel } from './test-rules.ts';

const threadsKey = Symbol.for('@steepest/wasm-kernels/threads');

afterAll(() => tf.setBackend('cpu'));

/** Functions that have a place, which they keep as long as the heap. */
const functions: ((...values: number[]) => void)[] = [];

/** Parts of work run on this thread, the last one first: what depends on their order or on their number would show. */
function backwards(threads: number, parts: number[]): HeapThreads {
  return {
    threads,
    add: ({ names }, exports) =>
      functions.push(...names.map((name) => exports[name] as () => void)) - names.length,
    run: (lists) => {
      parts.push(lists.length);
      for (const list of lists.toReversed()) {
        for (const { kernel, values } of list) functions[kernel]!(...values);
      }
    },
  };
}

/** Flat, of one block of the walk and of many, with a last block of every kind; and in rows that divide no block. */
const shapes = {
  'a/one': [1],
  'b/two': [255],
  'c/three': [256],
  'd/four': [257],
  'e/five': [4099],
  'f/six': [301, 127],
  'g/seven': [3, 5, 700],
};

/** Trains a fresh model. @returns the bits of its values and of the state */
async function trained(options: MomentsOptions): Promise<Buffer> {
  const model = new TestModel(shapes);
  const optimizer = new Moments({ learningRate: 0.05, stateMinimumSize: 1, ...options });
  model.train(optimizer, 1, 4);
  // A clone holds the memory of the slots, so that the next step writes its own.
  const pending = optimizer.state();
  model.train(optimizer, 5, 5);
  await pending;
  const values = (await model.values()).map((each) => Buffer.from(each.buffer));
  const bits = Buffer.concat([...values, encodeState(await optimizer.state())]);
  model.dispose();
  optimizer.dispose();
  return bits;
}

describe.each<MomentsOptions>([
  { stateFormat: '8bit' },
  { stateFormat: 'bfloat16' },
  { stateFormat: { momentum: 'bfloat16', secondMoment: '8bit', average: 'bfloat16' }, averageDecay: 0.9 },
  { stateFormat: '8bit', recordMetrics: true, weightDecay: 0.1 },
  { stateFormat: 'bfloat16', lazyRows: { rank: [2, 3] } },
])('a compiled step of %j', (options) => {
  // Bit for bit: every operation on an element has one right answer in float32, and the largest of a block too.
  it('gives the bits of the tfjs operations, for any number of threads', async () => {
    await tf.setBackend('cpu');
    const expected = await trained(options);
    await tf.setBackend('wasm');
    expect((await trained(options)).equals(expected)).toBe(true);
    for (const threads of [2, 3]) {
      const parts: number[] = [];
      Object.defineProperty(tf.backend(), threadsKey, {
        value: backwards(threads, parts),
        configurable: true,
      });
      try {
        expect((await trained(options)).equals(expected)).toBe(true);
        expect(Math.max(...parts)).toBeGreaterThan(1);
      } finally {
        delete (tf.backend() as unknown as Record<symbol, unknown>)[threadsKey];
      }
    }
  });
});

it('is compiled, and cautious steps of several passes too', async () => {
  await tf.setBackend('wasm');
  const parameter = { name: 'weight', shape: [301, 127], size: 301 * 127 };
  const constant = (name: string): number | undefined =>
    (momentsRule.hyperparameters as Record<string, { default: number }>)[name]?.default;
  const context = { parameter, settings: { flavour: 'plain_flavour' }, constant };
  for (const stateFormat of ['8bit', 'bfloat16'] as const) {
    for (const cautious of [{}, { cautious: 'mean' as const }]) {
      const plan = planUpdate(momentsRule as never, context, { stateFormat, ...cautious });
      expect(Object.keys(plan.formats!)).toEqual(['momentum', 'secondMoment']);
      expect(WasmPlan.of(plan, currentWasmHeap()!)).toBeDefined();
    }
  }
});
