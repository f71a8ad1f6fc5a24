import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Soap, type SoapOptions } from '../src/index.ts';

/** The slots of a variable after steps with the same gradient. */
async function slotsAfter(steps: number, gradient: tf.Tensor, options: SoapOptions) {
  const weight = tf.variable(tf.zeros(gradient.shape), true, 'weight');
  const optimizer = new Soap(options);
  for (let step = 0; step < steps; step++) optimizer.applyGradients({ weight: gradient });
  const { slots } = (await optimizer.state()).parameters.weight!;
  optimizer.dispose();
  weight.dispose();
  return slots;
}

describe('the bases of SOAP', () => {
  it.each<[number[], string[]]>([
    [[], []],
    [[3], []],
    [
      [4, 5],
      ['gramAxis0', 'basisAxis0'],
    ],
    [
      [5, 4],
      ['gramAxis1', 'basisAxis1'],
    ],
    [
      [5, 2, 4],
      ['gramAxis1', 'basisAxis1', 'gramAxis2', 'basisAxis2'],
    ],
    [[5, 6], []],
  ])('of the shape %j are of the axes up to maxPreconditionerDim 4: %j', async (shape, names) => {
    const slots = await slotsAfter(1, tf.ones(shape), { maxPreconditionerDim: 4 });
    expect(new Set(Object.keys(slots))).toEqual(new Set(['momentum', 'secondMoment', ...names]));
    for (const name of names) {
      const length = shape[Number(name.slice(-1))]!;
      expect(slots[name]!.shape).toEqual([length, length]);
    }
  });

  it('take gradients beyond 1e15 as 1e15, so that products of two stay in float32', async () => {
    // The first gradient only prepares; with beta1 0.5 the second makes the momentum 0.5 * 1e15.
    const { momentum } = await slotsAfter(2, tf.tensor1d([1.5e15, -1.5e15, 0.75e15]), { beta1: 0.5 });
    const expected = [0.5e15, -0.5e15, 0.375e15];
    for (const [index, value] of momentum!.data.entries()) {
      expect(value / expected[index]!).toBeCloseTo(1, 6);
    }
  });
});
