import '@steepest/wasm-kernels';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { largestDifference, randomValues } from '../../training-kernels/test/numbers.ts';

beforeAll(async () => {
  await tf.setBackend('wasm');
});

/** Runs the same operations on wasm and on cpu. */
async function onBoth(run: () => tf.Tensor[]): Promise<[tf.Tensor[], number[][], tf.Tensor[], number[][]]> {
  const wasm = run();
  const wasmValues = wasm.map((tensor) => Array.from(tensor.dataSync()));
  await tf.setBackend('cpu');
  const cpu = run();
  const cpuValues = cpu.map((tensor) => Array.from(tensor.dataSync()));
  await tf.setBackend('wasm');
  return [wasm, wasmValues, cpu, cpuValues];
}

async function expectSameAsCpu(run: () => tf.Tensor[], tolerance: number): Promise<void> {
  const [wasm, wasmValues, cpu, cpuValues] = await onBoth(run);
  for (const [i, tensor] of wasm.entries()) {
    expect(tensor.shape).toEqual(cpu[i]!.shape);
    expect(tensor.dtype).toBe(cpu[i]!.dtype);
    expect(largestDifference(wasmValues[i]!, cpuValues[i]!)).toBeLessThanOrEqual(tolerance);
  }
}

const shapes = [[1], [7], [3, 1], [1, 9], [5, 4], [130, 17], [2, 3, 8], [4, 3, 2, 5]];

describe('Max', () => {
  it('agrees with the cpu backend over every last, first and middle axis, kept or not', async () => {
    for (const shape of shapes) {
      const run = (axis: number | number[], keepDims: boolean) => () => [
        tf.max(tf.tensor(randomValues(tf.util.sizeFromShape(shape), 1), shape), axis, keepDims),
      ];
      for (let axis = 0; axis < shape.length; axis++) await expectSameAsCpu(run(axis, axis % 2 === 0), 0);
      if (shape.length > 1) await expectSameAsCpu(run([shape.length - 1, 0], false), 0);
    }
  });

  it('is NaN where the row holds one, in every position, and knows infinities', () => {
    for (let width = 1; width <= 17; width++) {
      for (let at = 0; at < width; at++) {
        const values = randomValues(2 * width, width);
        values[at] = Number.NaN;
        values[width + at] = Number.POSITIVE_INFINITY;
        const actual = Array.from(tf.max(tf.tensor2d(values, [2, width]), 1).dataSync());
        expect(actual).toEqual([Number.NaN, Number.POSITIVE_INFINITY]);
      }
    }
    expect(tf.max(tf.fill([9], Number.NEGATIVE_INFINITY)).dataSync()[0]).toBe(Number.NEGATIVE_INFINITY);
  });
});

it('an axis that is given twice is refused: tfjs would read memory beyond the tensor', () => {
  const x = tf.ones([2, 3, 4]);
  for (const axes of [
    [2, 2],
    [1, 1],
    [2, -1],
    [1, 2, 2],
  ]) {
    expect(() => tf.max(x, axes)).toThrow(
      /^max over axes \[.*\] of a tensor of shape \[2,3,4\] names axis [12] twice/,
    );
  }
  expect(() => tf.sum(x, [0, -3])).toThrow(
    'sum over axes [0,-3] of a tensor of shape [2,3,4] names axis 0 twice',
  );
  x.dispose();
});

describe('Sum', () => {
  it('agrees with the cpu backend over every axis, kept or not', async () => {
    for (const shape of shapes) {
      const run = (axis: number | number[], keepDims: boolean) => () => [
        tf.sum(tf.tensor(randomValues(tf.util.sizeFromShape(shape), 1), shape), axis, keepDims),
      ];
      // 130 numbers below 1.
      for (let axis = 0; axis < shape.length; axis++) await expectSameAsCpu(run(axis, axis % 2 === 0), 1e-5);
      if (shape.length > 2) await expectSameAsCpu(run([1, 0], true), 1e-5);
    }
  });

  it('loses less than one part in a million over a hundred thousand rows', () => {
    const rows = 100_000;
    const values = randomValues(rows * 5, 9).map((value) => value + 1);
    const actual = tf.sum(tf.tensor2d(values, [rows, 5]), 0).dataSync();
    for (let j = 0; j < 5; j++) {
      let exact = 0;
      for (let i = 0; i < rows; i++) exact += values[i * 5 + j]!;
      // A plain running sum in float32 is off by several parts in a hundred thousand here.
      expect(Math.abs(actual[j]! / exact - 1)).toBeLessThan(2e-6);
    }
  });

  it('leaves integers to tfjs', () => {
    expect(Array.from(tf.sum(tf.tensor2d([1, 2, 3, 4], [2, 2], 'int32'), 0).dataSync())).toEqual([4, 6]);
  });

  it('is 0 over no elements, whatever the memory held', () => {
    const empty = tf.zeros([0, 3]);
    for (let turn = 0; turn < 3; turn++) {
      // What is freed here would show where nothing is written.
      tf.dispose([tf.fill([1], 7), tf.fill([3], 7)]);
      expect(Array.from(tf.sum(empty).dataSync())).toEqual([0]);
      const [columns, kept] = [tf.sum(empty, 0), tf.sum(empty, 1, true)];
      expect([columns.shape, ...columns.dataSync()]).toEqual([[3], 0, 0, 0]);
      expect(kept.shape).toEqual([0, 1]);
    }
  });
});

describe('GatherV2 and SplitV', () => {
  it('agree with the cpu backend along every axis', async () => {
    for (const dtype of ['float32', 'int32', 'bool'] as const) {
      for (let axis = 0; axis < 3; axis++) {
        await expectSameAsCpu(() => {
          const x = tf.tensor(
            randomValues(6 * 4 * 6, 1).map((value) => (dtype === 'bool' ? Number(value > 0) : value * 100)),
            [6, 4, 6],
            dtype,
          );
          const indices = tf.tensor2d([0, 3, 3, 1], [2, 2], 'int32');
          return [tf.gather(x, indices, axis), ...tf.split(x, 2, axis), ...tf.split(x, [1, -1], axis)];
        }, 0);
      }
    }
  });

  it('joins tensors along every axis as the cpu backend, one alone and empty ones too', async () => {
    for (const dtype of ['float32', 'int32'] as const) {
      for (const axis of [0, 1, 2, -1]) {
        await expectSameAsCpu(() => {
          const part = (length: number) => {
            const shape = [2, 3, 5];
            shape[axis < 0 ? axis + 3 : axis] = length;
            return tf.reshape(tf.cast(tf.range(0, (30 * length) / [2, 3, 5].at(axis)!), dtype), shape);
          };
          return [tf.concat([part(1), part(7), part(4)], axis), tf.concat([part(0), part(2)], axis)];
        }, 0);
      }
    }
    await expectSameAsCpu(
      () => [tf.concat([tf.tensor1d([1.5])]), tf.stack([tf.tensor1d([1]), tf.tensor1d([2])])],
      0,
    );
    expect(() => tf.concat([tf.zeros([2, 3]), tf.zeros([2, 4])])).toThrow(/Shape of tensors\[1\]|must match/);
  });

  it('gathers within batches as tfjs does', async () => {
    await expectSameAsCpu(
      () => [tf.gather(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.tensor2d([1, 0, 0, 0], [2, 2], 'int32'), 1, 1)],
      0,
    );
  });

  it('names an index out of range and leaves nothing behind', () => {
    const x = tf.zeros([3, 2]);
    for (const wrong of [3, -1]) {
      const indices = tf.tensor1d([0, wrong], 'int32');
      const before = tf.engine().backend.numDataIds();
      expect(() => tf.gather(x, indices)).toThrow(`the index value ${wrong} is not in [0, 2]`);
      expect(tf.engine().backend.numDataIds()).toBe(before);
    }
  });
});
