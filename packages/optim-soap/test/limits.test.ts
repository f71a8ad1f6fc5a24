import { AdamW } from '@steepest/optim-adam';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it, vi } from 'vitest';
import { Soap, type SoapOptions } from '../src/index.ts';

/** Gradients with no special structure, the same in every test. */
function gradientsOf(shape: number[], steps: number): tf.Tensor[] {
  return Array.from({ length: steps }, (_, step) => tf.randomNormal(shape, 0, 1, 'float32', step + 1));
}

/** The values of a weight that starts at 1 after each step. */
function trajectory(optimizer: Soap | AdamW, gradients: readonly tf.Tensor[]): Float32Array[] {
  const weight = tf.variable(tf.ones(gradients[0]!.shape));
  const values = gradients.map((gradient) => {
    optimizer.applyGradients({ [weight.name]: gradient });
    return weight.dataSync().slice() as Float32Array;
  });
  optimizer.dispose();
  weight.dispose();
  return values;
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0);
}

const hyper = { learningRate: 0.01, beta1: 0.9, beta2: 0.95, weightDecay: 0.1 };

describe('SOAP', () => {
  it.each<[string, number[], SoapOptions]>([
    ['a vector', [6], {}],
    ['a matrix whose axes are too long', [4, 6], { maxPreconditionerDim: 3 }],
  ])('is Adam, one gradient late, on %s', (_, shape, options) => {
    const gradients = gradientsOf(shape, 8);
    const soap = trajectory(new Soap({ ...hyper, weightDecay: 0, ...options }), gradients);
    // Adam's epsilon joins the corrected square root, SOAP's the raw one: both are zero here.
    const adam = trajectory(new AdamW({ ...hyper, weightDecay: 0, epsilon: 1e-15 }), gradients.slice(1));
    expect([...soap[0]!].every((x) => x === 1)).toBe(true);
    for (const [step, values] of adam.entries()) {
      expect(largestDifference(soap[step + 1]!, values)).toBeLessThan(1e-6);
    }
  });

  it('turns with its gradients: orthogonal changes of both axes carry over to the weights', () => {
    // Adam would not: it treats every coordinate on its own.
    const angle = 0.6;
    const turn = tf.tensor2d([Math.cos(angle), -Math.sin(angle), Math.sin(angle), Math.cos(angle)], [2, 2]);
    const gradients = gradientsOf([2, 2], 12);
    const turned = gradients.map((g) => tf.matMul(tf.matMul(turn, g as tf.Tensor2D), turn, false, true));
    const options = { ...hyper, weightDecay: 0, preconditionFrequency: 3 };
    const moves = (values: Float32Array[]) => tf.sub(tf.tensor2d(values.at(-1)!, [2, 2]), 1);
    const expected = tf.matMul(
      tf.matMul(turn, moves(trajectory(new Soap(options), gradients)) as tf.Tensor2D),
      turn,
      false,
      true,
    );
    const actual = moves(trajectory(new Soap(options), turned));
    expect(tf.max(tf.abs(tf.sub(actual, expected))).dataSync()[0]).toBeLessThan(1e-5);
    expect(tf.max(tf.abs(expected)).dataSync()[0]).toBeGreaterThan(0.01);
  });

  it('decays after the update, and neither moves nor decays by the first gradient', () => {
    const [first, second] = gradientsOf([3, 3], 2) as [tf.Tensor, tf.Tensor];
    const plain = trajectory(new Soap({ ...hyper, weightDecay: 0 }), [first, second]);
    const decayed = trajectory(new Soap(hyper), [first, second]);
    expect([...decayed[0]!]).toEqual([...tf.ones([9]).dataSync()]);
    const expected = plain[1]!.map((x) => x * (1 - 0.01 * 0.1));
    // Two roundings of a float32 near 1.
    expect(largestDifference(decayed[1]!, expected)).toBeLessThan(2 ** -22);
    const before = tf
      .ones([9])
      .dataSync()
      .map((x) => x * (1 - 0.01 * 0.1)) as Float32Array;
    const decayedFirst = plain[1]!.map((x, i) => x - 1 + before[i]!);
    expect(largestDifference(decayed[1]!, decayedFirst)).toBeGreaterThan(4e-6);
  });

  it.each([
    ['zeros first', [0, 0, 1, 1, 1]],
    ['nothing but zeros', [0, 0, 0, 0, 0]],
    ['gradients of 1e-30', [1e-30, 1e-30, 1e-30, 1e-30, 1e-30]],
    ['gradients of 1e30', [1e30, 1e30, 1e30, 1e30, 1e30]],
    ['one gradient of 1e30 among others', [1, 1, 1e30, 1, 1]],
  ])('stays finite through %s, weights and state alike', async (_, scales) => {
    const gradients = gradientsOf([4, 3], scales.length).map((g, i) => tf.mul(g, scales[i]!));
    const weight = tf.variable(tf.ones([4, 3]));
    const optimizer = new Soap({ ...hyper, preconditionFrequency: 2, epsilon: 1e-15 });
    for (const gradient of gradients) optimizer.applyGradients({ [weight.name]: gradient });
    const { slots } = (await optimizer.state()).parameters[weight.name]!;
    for (const data of [weight.dataSync(), ...Object.values(slots).map((slot) => slot.data)]) {
      expect([...data].every(Number.isFinite)).toBe(true);
    }
    optimizer.dispose();
    weight.dispose();
  });

  it('steps along an element that is negligible beside others where no basis could have made it', () => {
    const gradients = [1, 2, 3].map((seed) => tf.tensor1d([seed, seed * 1e-9]));
    const tiny = { ...hyper, weightDecay: 0, epsilon: 1e-30 };
    const soap = trajectory(new Soap(tiny), gradients).at(-1)!;
    const adam = trajectory(new AdamW(tiny), gradients.slice(1)).at(-1)!;
    expect(adam[1]!).toBeLessThan(0.99);
    expect(largestDifference(soap, adam)).toBeLessThan(1e-6);
  });

  it('takes no steps from rounding errors where all gradients have the same columns', () => {
    // Equal columns: in the basis, nothing but rounding is left of all but one of them.
    const gradients = gradientsOf([4, 1], 30).map((g) => tf.tile(g, [1, 3]));
    const values = trajectory(new Soap({ ...hyper, weightDecay: 0, epsilon: 1e-15 }), gradients).at(-1)!;
    for (const [index, value] of values.entries()) {
      // 1e-4: rounding of 30 steps; a step from rounding errors alone would be 0.01.
      expect(Math.abs(value - values[index - (index % 3)]!)).toBeLessThan(1e-4);
    }
    expect(Math.abs(values[0]! - 1)).toBeGreaterThan(0.01);
  });

  it('shows that a gradient was not a number, as other optimizers do', () => {
    const gradients = gradientsOf([2, 2], 3);
    gradients[1] = tf.fill([2, 2], Number.NaN);
    expect(trajectory(new Soap(hyper), gradients).at(-1)!.some(Number.isNaN)).toBe(true);
  });

  it('keeps the coordinates of rows that received no gradient as axes of their own', async () => {
    const weight = tf.variable(tf.ones([4, 2]));
    const optimizer = new Soap(hyper);
    optimizer.applyGradients({ [weight.name]: tf.tensor2d([0, 0, 3, 4, 0, 0, 1, -2], [4, 2]) });
    const { basisAxis0 } = (await optimizer.state()).parameters[weight.name]!.slots;
    const columns = Array.from({ length: 4 }, (_, j) => [0, 1, 2, 3].map((i) => basisAxis0!.data[i * 4 + j]));
    expect(columns.slice(2)).toEqual([
      [1, 0, 0, 0],
      [0, 0, 1, 0],
    ]);
    optimizer.dispose();
    weight.dispose();
  });

  it('says so where the backend cannot be read in the middle of a step', () => {
    const weight = tf.variable(tf.ones([2, 2]));
    const optimizer = new Soap();
    const gradient = tf.ones([2, 2]);
    const read = vi.spyOn(tf.backend(), 'readSync').mockImplementation(() => {
      throw new Error('reading is asynchronous here');
    });
    expect(() => optimizer.applyGradients({ [weight.name]: gradient })).toThrow(
      'eigenbasis is computed in JavaScript, from matrices that are read in the middle of a step, which the backend ' +
        `"${tf.getBackend()}" does not allow here; use the backend wasm, webgl, cpu or node`,
    );
    read.mockRestore();
    optimizer.dispose();
    weight.dispose();
  });

  it('refuses counts that are none', () => {
    expect(() => new Soap({ preconditionFrequency: 0 })).toThrow(
      'soap: preconditionFrequency must be an integer from 1, got 0',
    );
    expect(() => new Soap({ maxPreconditionerDim: 2.5 })).toThrow(
      'soap: maxPreconditionerDim must be an integer from 1, got 2.5',
    );
  });
});
