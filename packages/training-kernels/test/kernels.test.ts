import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as kernels from '../src/index.ts';
import {
  canRunKernel,
  declareKernel,
  type GradientAttributes,
  implementKernel,
  runKernel,
} from '../src/index.ts';

// y = factor x^2 for x [rows, columns], whose gradient is 2 factor x, and `sums`, which have none.
const squareGradientKernel = declareKernel({
  name: 'SteepestTestSquareGradient',
  inputs: { x: 'float32', gradient: 'float32' },
  outputs: ['x'],
  shapes: ({ x }, _: { factor: number } & GradientAttributes) => ({ x, gradient: x }),
});
const squareKernel = declareKernel(
  {
    name: 'SteepestTestSquare',
    inputs: { x: 'float32' },
    outputs: ['y', 'sum'],
    shapes: ({ x }, _: { factor: number }) => ({ x }),
  },
  { kernel: squareGradientKernel, saved: ['x'], gradientOf: { y: 'gradient' } },
);

let overwrites: boolean[] = [];

beforeAll(async () => {
  await tf.setBackend('cpu');
});
beforeEach(() => {
  overwrites = [];
});

describe('a kernel that a backend implements', () => {
  beforeEach(() => {
    implementKernel(squareKernel, 'cpu', ({ inputs: { x }, attributes: { factor }, backend }) => {
      const values = Array.from(backend.readSync(x.dataId) as Float32Array);
      const y = tf.tensor(values.map((value) => factor * value ** 2));
      return { sum: tf.sum(y), y: tf.reshape(y, x.shape) };
    });
    implementKernel(
      squareGradientKernel,
      'cpu',
      ({ inputs: { x, gradient }, attributes: { factor, overwrite }, backend }) => {
        overwrites.push(overwrite);
        const [values, outer] = [x, gradient].map(({ dataId }) => backend.readSync(dataId) as Float32Array);
        return {
          x: tf.tensor(
            values!.map((value, i) => 2 * factor * value * outer![i]!),
            x.shape,
          ),
        };
      },
    );
  });
  afterEach(() => {
    for (const { name } of [squareKernel, squareGradientKernel]) {
      if (tf.getKernel(name, 'cpu') !== undefined) tf.unregisterKernel(name, 'cpu');
    }
  });

  it('returns its outputs by name', () => {
    const { y, sum } = runKernel(squareKernel, { x: tf.tensor1d([1, 2]) }, { factor: 3 });
    expect([Array.from(y.dataSync()), Array.from(sum.dataSync())]).toEqual([[3, 12], [15]]);
  });

  it('is differentiated by its gradient kernel, with its attributes and leave to overwrite', () => {
    const gradient = tf.grad((x) => tf.mul(runKernel(squareKernel, { x }, { factor: 3 }).y, 5));
    expect(Array.from(gradient(tf.tensor1d([1, -2])).dataSync())).toEqual([30, -60]);
    expect(overwrites).toEqual([true]);
  });

  it('has no gradients of gradients: the caller is told to compose', () => {
    const found: boolean[] = [];
    const square = (x: tf.Tensor) => {
      found.push(canRunKernel(squareKernel, { x }));
      return tf.square(x);
    };
    tf.grad((x) => tf.grad(square)(x))(tf.scalar(3));
    tf.grad(square)(tf.scalar(3));
    square(tf.scalar(3));
    expect(found).toEqual([false, true, true]);
  });

  it('is not run for inputs of another type', () => {
    expect(canRunKernel(squareKernel, { x: tf.tensor1d([1], 'int32') })).toBe(false);
    expect(() => runKernel(squareKernel, { x: tf.tensor1d([1], 'int32') }, { factor: 1 })).toThrow(
      'SteepestTestSquare: x must be float32 [1], got int32 [1].',
    );
  });

  it('refuses inputs whose shapes do not fit', () => {
    const inputs = { x: tf.ones([2]), gradient: tf.ones([1, 2]) };
    expect(() => runKernel(squareGradientKernel, inputs, { factor: 1, overwrite: false })).toThrow(
      'SteepestTestSquareGradient: gradient must be float32 [2], got float32 [1,2].',
    );
    expect(overwrites).toEqual([]);
  });

  it('keeps its first implementation', () => {
    implementKernel(squareKernel, 'cpu', ({ inputs: { x } }) => ({ y: x, sum: x }));
    const { y } = runKernel(squareKernel, { x: tf.tensor1d([3]) }, { factor: 1 });
    expect(Array.from(y.dataSync())).toEqual([9]);
  });
});

describe('a declaration', () => {
  it('is refused if its gradient kernel has an input that nobody gives', () => {
    expect(() =>
      declareKernel(
        { name: 'SteepestTestLost', inputs: { x: 'float32' }, outputs: ['y'], shapes: ({ x }) => ({ x }) },
        { kernel: squareGradientKernel, saved: ['x'], gradientOf: {} },
      ),
    ).toThrow(
      'SteepestTestSquareGradient has the input "gradient", which SteepestTestLost neither saves nor gives as a gradient',
    );
  });

  it('registers a gradient with tfjs unless the kernel is one, or has none', () => {
    const declared = Object.values(kernels).filter((value) => typeof value === 'object');
    const withGradient = declared.filter(({ name }) => tf.getGradient(name) !== undefined);
    expect(withGradient.map(({ name }) => name).sort()).toEqual([
      'SteepestCausalAttention',
      'SteepestGelu',
      'SteepestLayerNorm',
      'SteepestRmsNorm',
      'SteepestRotaryEmbedding',
      'SteepestSoftmaxCrossEntropy',
    ]);
    expect(declared.length).toBe(20);
  });

  it('is run by no backend that does not implement it', () => {
    const x = tf.ones([2, 2]);
    expect(canRunKernel(kernels.geluKernel, { x })).toBe(false);
    expect(() => runKernel(kernels.geluKernel, { x }, {})).toThrow(
      "Kernel 'SteepestGelu' not registered for backend 'cpu'",
    );
  });
});
