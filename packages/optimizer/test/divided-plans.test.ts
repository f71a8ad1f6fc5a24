import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import '../src/wasm.ts';
import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { HeapThreads } from '../src/compiler/wasm-heap.ts';
import { sumOfSquares } from '../src/engine/norms.ts';
import { PlanRunner } from '../src/interpreters/plan-runner.ts';
import {
  add,
  div,
  type Expression,
  mean,
  mul,
  type Shape,
  sqrt,
  square,
  sub,
  sum,
  tensorSymbol,
} from '../src/rule/expression.ts';
import type { UpdatePlan } from '../src/rule/plan.ts';
import { runInFloat32, sizeOf, values } from './compiler-plans.ts';

const threadsKey = Symbol.for('@steepest/wasm-kernels/threads');

beforeAll(async () => {
  await tf.setBackend('wasm');
});
afterEach(() => {
  delete (tf.backend() as unknown as Record<symbol, unknown>)[threadsKey];
});

/** Functions that have a place, which they keep as long as the heap. */
const functions: ((...values: number[]) => void)[] = [];

/** Parts of work run on this thread, the last one first: what depends on their order or on their number would show. */
class Backwards implements HeapThreads {
  readonly partsOfCalls: number[] = [];

  constructor(readonly threads: number) {
    Object.defineProperty(tf.backend(), threadsKey, { value: this, configurable: true });
  }

  add({ names }: { readonly names: readonly string[] }, exports: WebAssembly.Exports): number {
    return functions.push(...names.map((name) => exports[name] as () => void)) - names.length;
  }

  run(lists: Parameters<HeapThreads['run']>[0]): void {
    this.partsOfCalls.push(lists.length);
    for (const list of lists.toReversed()) {
      for (const { kernel, values: operands } of list) functions[kernel]!(...operands);
    }
  }
}

/** Sums over every set of axes, values kept between passes, and a new value for tensors of each size. */
function planOf(shape: Shape): UpdatePlan {
  const along = (kept: readonly number[]): Shape =>
    shape.map((length, axis) => (kept.includes(axis) ? length : 1));
  const axes = shape.map((_, axis) => axis);
  const others = (axis: number): number[] => axes.filter((other) => other !== axis);
  const shapes: Record<string, Shape> = { parameter: shape, gradient: shape, all: along([]) };
  for (const axis of axes) {
    shapes[`along${axis}`] = along([axis]);
    shapes[`across${axis}`] = along(others(axis));
  }
  const symbol = (name: string): Expression => tensorSymbol(name, shapes[name]!);
  const squares = add(square(symbol('gradient')), 0.5);
  const outputs: Record<string, Expression> = {};
  let scale: Expression = add(symbol('all'), mean(mul(symbol('gradient'), symbol('parameter'))));
  outputs.all = scale;
  for (const axis of axes) {
    outputs[`along${axis}`] = add(square(symbol(`along${axis}`)), mean(squares, others(axis)));
    outputs[`across${axis}`] = sub(symbol(`across${axis}`), sum(symbol('gradient'), [axis]));
    scale = mul(scale, sqrt(outputs[`along${axis}`]!));
  }
  const direction = div(symbol('gradient'), add(square(scale), 1));
  // The mean of what the first sums made: two passes later.
  outputs.parameter = sub(symbol('parameter'), div(direction, sqrt(add(mean(square(direction)), 1e-3))));
  return { shapes, slots: {}, outputs };
}

const lengths = fc.constantFrom(1, 2, 3, 7, 16, 24, 25, 63, 65, 240, 241, 400, 1001);
const shapes = fc
  .array(lengths, { minLength: 1, maxLength: 3 })
  .map((shape) => [...shape.slice(0, -1), shape.at(-1)! * Math.ceil(40_000 / sizeOf(shape))])
  .filter((shape) => sizeOf(shape) <= 150_000);

function run(plan: UpdatePlan, inputs: Record<string, { shape: Shape; data: Float32Array }>) {
  return tf.tidy(() => {
    const canary = values(64, 1);
    const before = tf.tensor1d(canary);
    const given: Record<string, tf.Tensor> = {};
    for (const [name, { shape, data }] of Object.entries(inputs)) given[name] = tf.tensor(data, [...shape]);
    const after = tf.tensor1d(canary);
    const outputs = new PlanRunner(plan).run(given, {}, { inPlace: true });
    for (const tensor of [before, after]) expect(tensor.dataSync()).toEqual(canary);
    return Object.fromEntries(
      Object.entries(outputs).map(([name, tensor]) => [name, new Float32Array(tensor.dataSync())]),
    );
  });
}

describe('a compiled plan of any number of threads', () => {
  it('gives the numbers of float64 sums, with the same bits for 1, 2, 3, 5 and 8', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const plan = planOf(shape);
        const inputs = Object.fromEntries(
          Object.entries(plan.shapes).map(([name, of], index) => [
            name,
            { shape: of, data: values(sizeOf(of), 31 * index + shape[0]!) },
          ]),
        );
        const alone = run(plan, inputs);
        const expected = runInFloat32({ plan, inputs, scalars: {} });
        for (const [name, numbers] of Object.entries(alone)) {
          const wanted = expected[name]!;
          // A float64 sum rounds to another float32 where it lies next to the middle of two, and what is made of it follows.
          const wrong = numbers.findIndex(
            (x, i) => !(Math.abs(x - wanted[i]!) <= 2 ** -21 * Math.max(1, Math.abs(wanted[i]!))),
          );
          expect(wrong, `${name} of [${shape}] at ${wrong}`).toBe(-1);
        }
        for (const threads of [2, 3, 5, 8]) {
          const divided = new Backwards(threads);
          expect(run(plan, inputs)).toEqual(alone);
          expect(Math.max(...divided.partsOfCalls)).toBeGreaterThan(1);
          expect(Math.max(...divided.partsOfCalls)).toBeLessThanOrEqual(threads);
        }
        delete (tf.backend() as unknown as Record<symbol, unknown>)[threadsKey];
      }),
      { numRuns: 12, seed: 20260301 },
    );
  });

  it('takes one thread for what is small', () => {
    const plan = planOf([20, 30]);
    const inputs = Object.fromEntries(
      Object.entries(plan.shapes).map(([name, shape]) => [name, { shape, data: values(sizeOf(shape), 3) }]),
    );
    const divided = new Backwards(8);
    run(plan, inputs);
    expect(divided.partsOfCalls).toEqual([]);
  });
});

describe('a sum of squares', () => {
  it.each([16_383, 16_384, 16_385, 100_003, 400_000])(
    'of %i numbers has the same bits for 1, 2, 3, 5 and 8 threads',
    (size) => {
      tf.tidy(() => {
        const [x, minus] = [tf.tensor1d(values(size, 5)), tf.tensor1d(values(size, 6))];
        const sums = () => [
          sumOfSquares(x),
          sumOfSquares(x, { minus }),
          sumOfSquares(x, { bound: 0.75 }),
          sumOfSquares(x, { minus, bound: 0.3 }),
        ];
        const alone = sums();
        const [a, b] = [x.dataSync(), minus.dataSync()] as [Float32Array, Float32Array];
        const inside = (value: number, bound: number) => Math.max(-bound, Math.min(bound, value));
        const exact = [
          a.reduce((total, value) => total + value ** 2, 0),
          a.reduce((total, value, i) => total + (value - b[i]!) ** 2, 0),
          a.reduce((total, value) => total + inside(value, 0.75) ** 2, 0),
          a.reduce((total, value, i) => total + inside(value - b[i]!, 0.3) ** 2, 0),
        ];
        // Float64 sums of positive numbers: an error of at most size 2^-53 each.
        for (const [i, sum] of alone.entries()) {
          expect(Math.abs(sum / exact[i]! - 1)).toBeLessThan(2 * size * 2 ** -53);
        }
        for (const threads of [2, 3, 5, 8]) {
          const divided = new Backwards(threads);
          expect(sums()).toEqual(alone);
          expect(divided.partsOfCalls.length).toBe(size >= 100_000 ? 4 : 0);
        }
      });
    },
  );
});
