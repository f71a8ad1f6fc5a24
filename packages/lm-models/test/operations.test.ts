import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { gelu, silu } from '../src/operations/activation.ts';
import { causalAttention, causalMask } from '../src/operations/causal-attention.ts';
import { embeddingLookup } from '../src/operations/embedding-lookup.ts';
import { layerNorm } from '../src/operations/layer-norm.ts';
import { linear } from '../src/operations/linear.ts';
import { rotaryEmbedding, rotaryTables } from '../src/operations/rotary-embedding.ts';
import { softmaxCrossEntropy } from '../src/operations/softmax-cross-entropy.ts';

type Operation = (...inputs: tf.Tensor[]) => tf.Tensor;

interface Case {
  name: string;
  shapes: number[][];
  operation: Operation;
}

const layout = { sequences: 2, positions: 3, heads: 2 };
const labels = [4, 0, 2];

const cases: Case[] = [
  {
    name: 'layerNorm',
    shapes: [[3, 5], [5]],
    operation: (x, w) => layerNorm(x as tf.Tensor2D, w as tf.Tensor1D),
  },
  { name: 'gelu', shapes: [[3, 5]], operation: gelu },
  { name: 'silu', shapes: [[3, 5]], operation: silu },
  {
    name: 'embeddingLookup with a repeated token',
    shapes: [[4, 3]],
    operation: (w) => embeddingLookup(w as tf.Tensor2D, tf.tensor1d([2, 0, 2, 3], 'int32')),
  },
  {
    name: 'linear',
    shapes: [
      [3, 4],
      [2, 4],
    ],
    operation: (x, w) => linear(x as tf.Tensor2D, w as tf.Tensor2D),
  },
  {
    name: 'rotaryEmbedding',
    shapes: [[6, 8]],
    operation: (x) => rotaryEmbedding(x as tf.Tensor2D, rotaryTables(3, 2, 4)),
  },
  {
    name: 'causalAttention',
    shapes: [
      [6, 4],
      [6, 4],
      [6, 4],
    ],
    operation: (q, k, v) =>
      causalAttention(q as tf.Tensor2D, k as tf.Tensor2D, v as tf.Tensor2D, causalMask(3), layout),
  },
  ...[0, 0.1].map((zLoss) => ({
    name: `softmaxCrossEntropy with z-loss ${zLoss}`,
    shapes: [[3, 5]],
    operation: (x: tf.Tensor) => softmaxCrossEntropy(x as tf.Tensor2D, tf.tensor1d(labels, 'int32'), zLoss),
  })),
];

// Smooth, irregular numbers about 1 in size; one phase per input.
function numbers(count: number, phase: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => 1.3 * Math.sin(1.7 * i + 2.3 * phase + 0.4));
}

const size = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);

describe.each(cases)('$name', ({ shapes, operation }) => {
  it('has the gradient that central differences give', async () => {
    const values = shapes.map((shape, input) => numbers(size(shape), input));
    const tensorsOf = (data: Float32Array[]) => data.map((array, i) => tf.tensor(array, shapes[i]!));
    const output = operation(...tensorsOf(values));
    // A weighted sum with irregular weights: a plain sum hides mistakes (a layer norm's output sums to 0).
    const weights = tf.tensor(numbers(output.size, 9), output.shape);
    const objective: Operation = (...inputs) => tf.sum(tf.mul(operation(...inputs), weights));

    const gradients = tf.grads(objective)(tensorsOf(values));
    // Step 2^-6 in float32: rounding gives about 1e-7 * |objective| / step < 1e-4, the third derivative
    // about step^2 = 2.4e-4. Fourth-order differences remove the latter.
    const step = 2 ** -6;
    for (const [input, gradient] of gradients.entries()) {
      const analytic = await gradient.data();
      expect(gradient.shape).toEqual(shapes[input]);
      for (let element = 0; element < analytic.length; element++) {
        const at = async (steps: number) => {
          const moved = values.map((array) => array.slice());
          moved[input]![element]! += steps * step;
          return (await objective(...tensorsOf(moved)).data())[0]!;
        };
        const numeric =
          (8 * ((await at(1)) - (await at(-1))) - ((await at(2)) - (await at(-2)))) / (12 * step);
        expect(Math.abs(analytic[element]! - numeric), `input ${input}[${element}]`).toBeLessThan(3e-4);
      }
    }
  });
});

describe('softmaxCrossEntropy', () => {
  it('stays finite for logits of a thousand and exact for equal ones', async () => {
    const logits = tf.tensor2d([
      [1000, 0, -1000],
      [5, 5, 5],
    ]);
    const [crossEntropy] = await softmaxCrossEntropy(logits, tf.tensor1d([2, 0], 'int32'), 0).data();
    // Hand formula: 2000 for the first row, log 3 for the second; float32 at 1000 resolves 6e-5.
    expect(crossEntropy).toBeCloseTo((2000 + Math.log(3)) / 2, 3);
  });
});

describe('gelu', () => {
  it('matches x Phi(x) at tabulated points', async () => {
    // Phi(1) = 0.841344746, Phi(-2) = 0.022750132 (normal tables); erf on cpu is within 1.5e-7.
    const values = await gelu(tf.tensor1d([0, 1, -2, 10, -10])).data();
    const expected = [0, 0.841344746, -0.045500264, 10, 0];
    for (const [i, value] of expected.entries()) {
      expect(Math.abs(values[i]! - value)).toBeLessThan(2e-6);
    }
  });
});

describe('every operation', () => {
  it('leaves no tensor behind in a tidy, with its gradient', () => {
    const before = tf.memory().numTensors;
    for (const { operation, shapes } of cases) {
      tf.tidy(() => {
        const inputs = shapes.map((shape, i) => tf.tensor(numbers(size(shape), i), shape));
        tf.grads((...x: tf.Tensor[]) => tf.sum(operation(...x)))(inputs);
      });
    }
    expect(tf.memory().numTensors).toBe(before);
  });
});
