import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Adalayer, type Blocks } from '../src/index.ts';

/** How many numbers the second moment of a variable has. */
async function blockCount(name: string, shape: number[], blocks?: Blocks, role?: string): Promise<number> {
  const weight = tf.variable(tf.ones(shape), true, name);
  if (role !== undefined) (weight as { role?: string }).role = role;
  const optimizer = new Adalayer(blocks === undefined ? {} : { blocks });
  try {
    tf.tidy(() => optimizer.applyGradients({ [name]: tf.ones(shape) }));
    const { shape: moment } = (await optimizer.state()).parameters[name]!.slots.secondMoment!;
    expect(moment).toHaveLength(2);
    expect(moment[1]).toBe(1);
    return moment[0]!;
  } finally {
    optimizer.dispose();
    weight.dispose();
  }
}

describe('the blocks of Adalayer', () => {
  // The blocks of the authors' code: rows of the last layer, the three matrices of a fused qkv, else the whole tensor.
  it.each<[string, number[], string | undefined, number]>([
    ['qkv', [6, 2], undefined, 3],
    ['blocks/0/qkv/weight', [6, 2], undefined, 3],
    ['blocks/0/qkv', [3, 2], undefined, 3],
    ['blocks/0/fused-qkv/weight', [6, 2], undefined, 1],
    ['blocks/0/weight', [6, 2], 'qkv', 3],
    ['blocks/0/qkv/weight', [4, 2], undefined, 1],
    ['blocks/0/qkv/bias', [6], undefined, 1],
    ['blocks/0/qkv/kernel', [6, 2, 2], undefined, 3],
    ['blocks/0/qkv/scale', [], undefined, 1],
    ['head/weight', [5, 2], 'lastLayer', 5],
    ['head/bias', [5], 'lastLayer', 5],
    ['head/scale', [], 'lastLayer', 1],
    ['mlp/weight', [6, 2], undefined, 1],
    ['mlp/weight', [6, 2], 'embedding', 1],
  ])('of %s, shape %j, role %s, are %d by default', async (name, shape, role, count) => {
    expect(await blockCount(name, shape, undefined, role)).toBe(count);
  });

  it.each<[Blocks, number[], number]>([
    ['tensor', [6, 2], 1],
    ['rows', [6, 2], 6],
    ['rows', [6], 6],
    ['rows', [], 1],
    ['qkv', [6, 2], 3],
    ['qkv', [6], 3],
  ])('are those of the setting, whatever the name: %s of %j', async (blocks, shape, count) => {
    expect(await blockCount('blocks/0/qkv/weight', shape, blocks)).toBe(count);
    expect(await blockCount('head', shape, blocks, 'lastLayer')).toBe(count);
  });

  it('share the mean squared gradient of their own elements', async () => {
    const weight = tf.variable(tf.zeros([3, 2]), true, 'qkv');
    const optimizer = new Adalayer({ learningRate: 1, beta1: 0, beta2: 0, epsilon: 0 });
    tf.tidy(() => optimizer.applyGradients({ qkv: tf.tensor2d([1, 7, -3, 4, 0, 2], [3, 2]) }));
    // Root mean squares 5, sqrt(12.5) and sqrt(2).
    const expected = [1 / 5, 7 / 5, -3 / Math.sqrt(12.5), 4 / Math.sqrt(12.5), 0, Math.SQRT2];
    for (const [index, value] of (await weight.data()).entries()) {
      expect(value).toBeCloseTo(-expected[index]!, 6);
    }
    optimizer.dispose();
    weight.dispose();
  });
});
