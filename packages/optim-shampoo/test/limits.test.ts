import { weightsAfter } from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { assembled, blockOf, blocksOf, mergedShape } from '../src/blocks.ts';
import { Shampoo, type ShampooOptions } from '../src/index.ts';

/** A few float32 roundings of numbers of about 1. */
const digits = 5;

describe('Shampoo', () => {
  const plain: ShampooOptions = {
    learningRate: 1,
    beta1: 0,
    beta2: 1,
    epsilon: 0,
    grafting: 'none',
    preconditionFrequency: 1,
  };

  it('takes the root of the sum of squares of a single weight: Adagrad', async () => {
    const [value] = await weightsAfter(new Shampoo(plain), [0], [[3], [4]]);
    expect(value).toBeCloseTo(-(3 / 3 + 4 / 5), digits);
  });

  it('takes the steps of the grafted optimizer until it starts', async () => {
    const gradients = [
      [3, 1],
      [4, -2],
      [1, 1],
    ];
    const options: ShampooOptions = {
      ...plain,
      grafting: 'adagrad',
      graftEpsilon: 0,
      startPreconditioningStep: 9,
    };
    const values = await weightsAfter(new Shampoo(options), [0, 0], gradients);
    const expected = [0, 1].map((i) => {
      let [sum, way] = [0, 0];
      for (const g of gradients) {
        sum += g[i]! ** 2;
        way -= g[i]! / Math.sqrt(sum);
      }
      return way;
    });
    for (const [i, value] of values.entries()) expect(value).toBeCloseTo(expected[i]!, digits);
  });

  it('has steps of the norm of the grafted optimizer from then on', async () => {
    // Of a vector the first direction is g / |g|, and the norm that of Adagrad's signs: sqrt(2).
    const options: ShampooOptions = { ...plain, epsilon: 1e-2, grafting: 'adagrad', graftEpsilon: 0 };
    const values = await weightsAfter(new Shampoo(options), [0, 0], [[3, 4]]);
    expect(values[0]).toBeCloseTo(-Math.SQRT2 * 0.6, digits);
    expect(values[1]).toBeCloseTo(-Math.SQRT2 * 0.8, digits);
  });

  it('stays in place where every gradient was 0, and moves by the next', async () => {
    const options: ShampooOptions = { ...plain, epsilon: 1e-2, grafting: 'adam', graftEpsilon: 0 };
    const zeros = await weightsAfter(new Shampoo(options), [1, 2], [[0, 0]]);
    expect([...zeros]).toEqual([1, 2]);
    const [moved] = await weightsAfter(
      new Shampoo(options),
      [1, 2],
      [
        [0, 0],
        [1, 0],
      ],
    );
    expect(moved).toBeLessThan(1);
  });
});

describe('blocks', () => {
  it.each([
    [[2, 3, 4], 1, 6, [6, 4]],
    [[2, 3, 4], 1, 100, [24]],
    [[2, 3, 4], 2, 100, [2, 12]],
    [[1, 6], 1, 6, [6]],
    [[1, 6], null, 6, [1, 6]],
    [[1, 1], 1, 6, [1]],
    [[], 1, 6, [1]],
  ] as const)('of the axes %o merged down to %o, up to %d elements: %o', (shape, rank, longest, merged) => {
    expect(mergedShape(shape, rank, longest)).toEqual(merged);
  });

  it('cover a tensor, whose parts they are', () => {
    const shape = [5, 1, 3];
    const whole = Float64Array.from({ length: 15 }, (_, i) => i);
    const blocks = blocksOf(shape, 2);
    expect(blocks.map((block) => block.shape)).toEqual([
      [2, 1, 2],
      [2, 1, 1],
      [2, 1, 2],
      [2, 1, 1],
      [1, 1, 2],
      [1, 1, 1],
    ]);
    const parts = blocks.map((block) => ({
      shape: block.shape,
      data: blockOf(shape, block).inFloat64([{ shape, data: whole }], []),
    }));
    expect([...parts[3]!.data]).toEqual([8, 11]);
    expect(assembled(shape, blocks).inFloat64(parts, [])).toEqual(whole);
    tf.tidy(() => {
      const tensor = tf.tensor(Float32Array.from(whole), shape);
      const cut = blocks.map((block) => blockOf(shape, block).onTensors([tensor], []));
      expect([...cut[3]!.dataSync()]).toEqual([8, 11]);
      expect([...assembled(shape, blocks).onTensors(cut, []).dataSync()]).toEqual([...whole]);
    });
  });
});
