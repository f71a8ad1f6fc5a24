import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TensorTransform } from '../src/index.ts';
import { runTogether, type Staging, type TransformCall } from '../src/interpreters/transform-calls.ts';

beforeEach(() => tf.setBackend('cpu'));
afterEach(() => tf.setBackend('cpu'));

/** Shapes of the inputs of every call, those of batches first. */
let batches: number[][] = [];
let singles: number[][] = [];
beforeEach(() => {
  [batches, singles] = [[], []];
});

/** Gives its first input back. */
function identity(shape: readonly number[], change: Partial<TensorTransform> = {}): TensorTransform {
  return {
    name: 'identity',
    shape,
    onTensors: ([x]) => {
      singles.push(x!.shape);
      return x!;
    },
    inFloat64: ([x]) => x!.data,
    batch: {
      key: '',
      onTensors: ([x]) => {
        batches.push(x!.shape);
        return tf.clone(x!);
      },
    },
    ...change,
  };
}
const callOf = (
  tensor: tf.Tensor,
  transform = identity(tensor.shape),
  scalars: readonly number[] = [],
): TransformCall => ({
  transform,
  inputs: [{ tensor, shape: tensor.shape }],
  scalars,
});

/** Work that asks for some transforms at once, and gives their results. */
function* asking(...calls: TransformCall[]): Staging<readonly tf.Tensor[]> {
  return yield calls;
}
const run = (...calls: TransformCall[]): readonly tf.Tensor[] => runTogether([asking(...calls)])[0]!;
const valuesOf = (tensors: readonly tf.Tensor[]): number[] => tensors.map((tensor) => tensor.dataSync()[0]!);

describe('transforms of several parameters', () => {
  it('are one batch where name, key, shapes and scalars are the same, and each gets its own result', () => {
    tf.tidy(() => {
      const numbers = [1, 2, 3, 4, 5, 6, 7].map((x) => tf.tensor2d([[x, x]]));
      const [a, b, c, d, e, f, g] = numbers as [
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
      ];
      const keyed = identity([1, 2]);
      const results = run(
        callOf(a),
        callOf(b, identity([1, 2], { name: 'other' })),
        callOf(c),
        callOf(d, { ...keyed, batch: { ...keyed.batch!, key: 'k' } }),
        callOf(e, keyed, [1]),
        callOf(f, keyed, [1]),
        callOf(tf.reshape(g, [2, 1])),
      );
      expect(valuesOf(results)).toEqual([1, 2, 3, 4, 5, 6, 7]);
      // a with c, and e with f; b, d and g have none beside them.
      expect(batches).toEqual([
        [2, 1, 2],
        [2, 1, 2],
      ]);
      expect(singles).toEqual([
        [1, 2],
        [1, 2],
        [2, 1],
      ]);
    });
  });

  it('are apart where a scalar differs, numbers included that JSON does not know', () => {
    tf.tidy(() => {
      const scalars = [Number.NaN, Infinity, -Infinity, 0, -0];
      run(...scalars.flatMap((scalar) => [0, 1].map((x) => callOf(tf.scalar(x), identity([]), [scalar]))));
      expect([singles, batches]).toEqual([[], scalars.map(() => [2])]);
    });
  });

  it('are apart where the results have other shapes, although the inputs have not', () => {
    tf.tidy(() => {
      const summed = (keepDims: boolean): TensorTransform => ({
        name: 'sum',
        shape: keepDims ? [1] : [],
        onTensors: ([x]) => tf.sum(x!, 0, keepDims),
        inFloat64: () => null!,
        batch: { key: '', onTensors: () => expect.unreachable() },
      });
      const results = run(callOf(tf.ones([3]), summed(true)), callOf(tf.ones([3]), summed(false)));
      expect(results.map(({ shape }) => shape)).toEqual([[1], []]);
    });
  });

  it('without a batch run one by one, each with a result of its own memory to dispose of', () => {
    tf.tidy(() => {
      const { batch: _, ...alone } = identity([1]);
      const x = tf.tensor1d([3]);
      const [first, second] = run(callOf(x, alone), callOf(x, alone)) as [tf.Tensor, tf.Tensor];
      expect(singles).toEqual([[1], [1]]);
      expect(first).not.toBe(x);
      first.dispose();
      expect(valuesOf([x, second])).toEqual([3, 3]);
    });
  });

  it('take their inputs in the shapes that they name', () => {
    tf.tidy(() => {
      const transform = identity([2, 2]);
      const flat = { transform, inputs: [{ tensor: tf.tensor1d([1, 2, 3, 4]), shape: [2, 2] }], scalars: [] };
      run(flat);
      run(flat, flat);
      expect([singles, batches]).toEqual([[[2, 2]], [[2, 2, 2]]]);
    });
  });

  it('have results of the shape that they declare, in a batch too', () => {
    tf.tidy(() => {
      const wrong = identity([2], { batch: { key: '', onTensors: ([x]) => tf.reshape(x!, [-1]) } });
      expect(() => run(callOf(tf.ones([2]), wrong), callOf(tf.ones([2]), wrong))).toThrow(
        'identity declares the shape [2,2] and returned [4]',
      );
      const alone = identity([2], { onTensors: ([x]) => tf.reshape(x!, [2, 1]) });
      expect(() => run(callOf(tf.ones([2]), alone))).toThrow(
        'identity declares the shape [2] and returned [2,1]',
      );
    });
  });

  it('of stagings that ask different numbers of times are together as long as both ask', () => {
    tf.tidy(() => {
      function* twice(start: number): Staging<number> {
        const [first] = yield [callOf(tf.scalar(start), identity([]))];
        const [second] = yield [callOf(tf.add(first!, 10), identity([]))];
        return second!.dataSync()[0]!;
      }
      function* once(): Staging<number> {
        const [first] = yield [callOf(tf.scalar(3), identity([]))];
        return first!.dataSync()[0]!;
      }
      // biome-ignore lint/correctness/useYield: it asks for nothing.
      function* never(): Staging<number> {
        return 7;
      }
      expect(runTogether([twice(1), once(), never(), twice(2)])).toEqual([11, 3, 7, 12]);
      expect(batches).toEqual([[3], [2]]);
    });
  });
});

describe('a batch', () => {
  it('has at most 2^22 elements of inputs', () => {
    tf.tidy(() => {
      const half = tf.zeros([2 ** 21]);
      const calls = Array.from({ length: 3 }, () => callOf(half));
      run(...calls);
      expect(batches).toEqual([[2, 2 ** 21]]);
      expect(singles).toEqual([[2 ** 21]]);
      batches = [];
      const more = tf.zeros([2 ** 21 + 1]);
      run(callOf(more), callOf(more));
      expect([batches, singles.length]).toEqual([[], 3]);
    });
  });

  it('counts all inputs of a transform', () => {
    tf.tidy(() => {
      const quarter = tf.zeros([2 ** 20]);
      const transform = identity(quarter.shape);
      const pair = {
        transform,
        inputs: [0, 1].map(() => ({ tensor: quarter, shape: quarter.shape })),
        scalars: [],
      };
      run(pair, pair, pair);
      expect([batches, singles]).toEqual([[[2, 2 ** 20]], [[2 ** 20]]]);
    });
  });

  it('is none on wasm of tensors above 2^15 elements that occupy all cores alone', async () => {
    const shares = (length: number, sharesCores?: boolean): TransformCall => {
      const transform = identity([length]);
      const batch = { ...transform.batch!, ...(sharesCores === undefined ? {} : { sharesCores }) };
      return callOf(tf.zeros([length]), { ...transform, batch });
    };
    const isBatch = (length: number, sharesCores?: boolean): boolean =>
      tf.tidy(() => {
        [batches, singles] = [[], []];
        run(shares(length, sharesCores), shares(length, sharesCores));
        return batches.length === 1 && singles.length === 0;
      });
    expect(isBatch(2 ** 15 + 1, true)).toBe(true);
    await tf.setBackend('wasm');
    expect([isBatch(2 ** 15, true), isBatch(2 ** 15 + 1, true)]).toEqual([true, false]);
    expect([isBatch(2 ** 15 + 1, false), isBatch(2 ** 15 + 1)]).toEqual([true, true]);
  });
});
