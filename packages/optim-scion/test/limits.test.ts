import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Scion, type ScionOptions } from '../src/index.ts';

/** How far a first step with rate 1 and one gradient moves a zero weight, downhill. */
function movedBy(gradient: tf.Tensor, options: ScionOptions): number[] {
  const weight = tf.variable(tf.zeros(gradient.shape));
  const optimizer = new Scion({ learningRate: 1, alpha: 1, ...options });
  optimizer.applyGradients({ [weight.name]: gradient });
  optimizer.dispose();
  const moved = [...tf.neg(weight).dataSync()];
  weight.dispose();
  return moved;
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, x] of expected.entries()) expect(actual[i]).toBeCloseTo(x, 5);
}

const matrix = tf.tensor2d([3, 0, -4, 5, 0, 12], [2, 3]);

describe('the step of Scion', () => {
  it.each<[string, ScionOptions, number[]]>([
    ['signs by the number of inputs', { norm: 'sign' }, [1 / 3, 0, -1 / 3, 1 / 3, 0, 1 / 3]],
    ['signs alone', { norm: 'sign', normalized: false }, [1, 0, -1, 1, 0, 1]],
    [
      'signs by the inputs of [inputs, outputs]',
      { norm: 'sign', transpose: true },
      [0.5, 0, -0.5, 0.5, 0, 0.5],
    ],
    [
      'rows by their lengths 5 and 13, and the root of the inputs',
      { norm: 'rowNorm' },
      [3 / 5, 0, -4 / 5, 5 / 13, 0, 12 / 13].map((x) => x / Math.sqrt(3)),
    ],
    ['rows by their lengths', { norm: 'rowNorm', normalized: false }, [3 / 5, 0, -4 / 5, 5 / 13, 0, 12 / 13]],
    [
      'columns by their root mean squares',
      { norm: 'colNorm' },
      [3 / Math.sqrt(17), 0, -4 / Math.sqrt(80), 5 / Math.sqrt(17), 0, 12 / Math.sqrt(80)],
    ],
    [
      'columns by their root mean squares and the inputs',
      { norm: 'colNorm', normalized: true },
      [3 / Math.sqrt(17), 0, -4 / Math.sqrt(80), 5 / Math.sqrt(17), 0, 12 / Math.sqrt(80)].map((x) => x / 3),
    ],
    [
      'columns of the transpose',
      { norm: 'colNorm', transpose: true },
      [3 / 5, 0, -4 / 5, 5 / 13, 0, 12 / 13].map((x) => x * Math.sqrt(3)),
    ],
  ])('is %s', (_, options, expected) => {
    expectClose(movedBy(matrix, options), expected);
    expectClose(
      movedBy(matrix, { ...options, scale: 4 }),
      expected.map((x) => 4 * x),
    );
  });

  it('of a bias has a root mean square of 1', () => {
    const size = Math.sqrt((9 + 16) / 2);
    expectClose(movedBy(tf.tensor1d([3, -4]), {}), [3 / size, -4 / size]);
    expectClose(movedBy(tf.scalar(-0.3), {}), [-1]);
  });

  it.each<[string, number[], ScionOptions, number]>([
    ['a wide matrix', [2, 8], {}, Math.sqrt(2 / 8)],
    ['a wide matrix, at least 1', [2, 8], { floorAtOne: true }, 1],
    ['a tall matrix', [8, 2], {}, Math.sqrt(8 / 2)],
    ['a tall matrix stored [inputs, outputs]', [8, 2], { transpose: true }, Math.sqrt(2 / 8)],
    ['a matrix without regard to its inputs', [8, 2], { normalized: false }, Math.sqrt(8)],
    ['a kernel of one axis', [2, 2, 3], {}, 1 / 3],
    ['a kernel of two axes', [4, 1, 3, 3], {}, Math.sqrt(4) / 9],
  ])(
    'of %s is a factor times an orthogonal matrix, up to that of Newton-Schulz',
    (_, shape, options, factor) => {
      // Of rank one: the only singular value is 1 once it is divided by the norm.
      const outputs = shape[0]!;
      const u = tf.randomNormal([outputs, 1], 0, 1, 'float32', 1);
      const v = tf.randomNormal([1, tf.util.sizeFromShape(shape) / outputs], 0, 1, 'float32', 2);
      const gradient = tf.reshape(tf.matMul(u, v), shape);
      let value = 1;
      for (let i = 0; i < 5; i++) value = 3.4445 * value - 4.775 * value ** 3 + 2.0315 * value ** 5;
      const norm = Math.hypot(...gradient.dataSync());
      expectClose(
        movedBy(gradient, options),
        [...gradient.dataSync()].map((x) => (factor * value * x) / norm),
      );
    },
  );

  it('shrinks a weight by the learning rate, also where there is no gradient to follow, unless decay is off', () => {
    const after = (weightDecay?: number): number => {
      const weight = tf.variable(tf.fill([2, 2], 3));
      const optimizer = new Scion({
        learningRate: 0.25,
        ...(weightDecay === undefined ? {} : { weightDecay }),
      });
      optimizer.applyGradients({ [weight.name]: tf.zeros([2, 2]) });
      optimizer.dispose();
      return weight.dataSync()[0]!;
    };
    expect(after()).toBe(2.25);
    expect(after(0)).toBe(3);
  });

  it('keeps a weight in the ball of its norm, whose radius is the scale', () => {
    const weight = tf.variable(tf.zeros([3, 2]));
    const optimizer = new Scion({ learningRate: 0.1, norm: 'sign', normalized: false, scale: 2 });
    for (let step = 1; step <= 200; step++) {
      optimizer.applyGradients({ [weight.name]: tf.fill([3, 2], -1) });
    }
    // p = (1 - lr) p + lr * 2 from 0: 2 (1 - 0.9^200).
    for (const x of weight.dataSync()) {
      expect(x).toBeLessThanOrEqual(2);
      expect(x).toBeCloseTo(2, 5);
    }
    optimizer.dispose();
  });

  it('keeps its direction for gradients at the ends of float32', () => {
    for (const norm of ['rowNorm', 'colNorm', 'biasRms', 'spectral'] as const) {
      const usual = movedBy(matrix, { norm });
      expectClose(movedBy(tf.mul(matrix, 1e30), { norm }), usual);
    }
  });

  it.each([
    ['sign', [3], 'matrices'],
    ['spectral', [2, 2, 2], 'matrices'],
    ['spectralConv', [2, 2], 'kernels with three or four axes'],
    ['auto', [1, 1, 1, 1, 2], 'kernels with three or four axes'],
  ] as const)('refuses the norm %s for the shape %j', (norm, shape, kind) => {
    const weight = tf.variable(tf.zeros([...shape]), true, `scion/${norm}`);
    const optimizer = new Scion({ norm });
    const found = norm === 'auto' ? 'spectralConv' : norm;
    expect(() => optimizer.applyGradients({ [weight.name]: tf.zeros([...shape]) })).toThrow(
      `scion's norm ${found} is for ${kind}, and "${weight.name}" has shape [${shape.join(', ')}]; ` +
        "give it another in a group, such as norm: 'biasRms'",
    );
    optimizer.dispose();
    weight.dispose();
  });
});
