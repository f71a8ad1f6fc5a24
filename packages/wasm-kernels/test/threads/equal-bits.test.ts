import {
  causalAttentionGradientKernel,
  causalAttentionKernel,
  geluGradientKernel,
  geluKernel,
  gramDifferenceKernel,
  gramMatrixKernel,
  layerNormGradientKernel,
  layerNormKernel,
  newtonSchulzKernel,
  orthogonalFactorKernel,
  rotaryEmbeddingGradientKernel,
  rotaryEmbeddingKernel,
  runKernel,
  softmaxCrossEntropyGradientKernel,
  softmaxCrossEntropyKernel,
  triangleProductKernel,
  triangularProductKernel,
  triangularSolutionKernel,
} from '@steepest/training-kernels';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { randomValues } from '../../../training-kernels/test/numbers.ts';
import { bitsOf, startBackend } from './threaded-backend.ts';

const threadCounts = [1, 2, 3, 5, 8];

type Computation = () => tf.Tensor[];

let seed = 0;
const random = (...shape: number[]): tf.Tensor =>
  tf.tensor(
    randomValues(
      shape.reduce((size, length) => size * length, 1),
      ++seed,
    ),
    shape,
  );
const kept = { overwrite: false };

/** Runs computations under every number of threads, on the same numbers. */
async function bitsByThreads(
  computations: Record<string, Computation>,
): Promise<Map<number, Record<string, Int32Array[]>>> {
  const results = new Map<number, Record<string, Int32Array[]>>();
  for (const threads of threadCounts) {
    await startBackend(threads);
    const bits: Record<string, Int32Array[]> = {};
    for (const [name, compute] of Object.entries(computations)) {
      seed = name.length;
      bits[name] = tf.tidy(() => compute().map(bitsOf));
    }
    results.set(threads, bits);
  }
  return results;
}

async function expectEqualBits(computations: Record<string, Computation>): Promise<void> {
  const results = await bitsByThreads(computations);
  const alone = results.get(1)!;
  for (const [threads, bits] of results) {
    for (const [name, outputs] of Object.entries(bits)) {
      for (const [index, output] of outputs.entries()) {
        const different = output.findIndex((word, at) => word !== alone[name]![index]![at]);
        expect(different, `${name}, output ${index}, ${threads} threads, first differing element`).toBe(-1);
        expect(output.length).toBe(alone[name]![index]!.length);
      }
    }
  }
}

describe('any number of threads gives the same bits', () => {
  it.each([
    [
      [256, 64, 200],
      [251, 129, 203],
      [97, 800, 61],
    ],
    [
      [25, 33, 1500],
      [13, 40, 900],
      [3, 300, 4001],
    ],
    [
      [4000, 300, 1],
      [600, 1, 600],
      [48, 385, 385],
    ],
  ])('in products of all layouts, with edges and bias: %j, %j, %j', async (...shapes) => {
    const computations: Record<string, Computation> = {};
    for (const [m, k, n] of shapes as unknown as [number, number, number][]) {
      for (const transposeA of [false, true]) {
        for (const transposeB of [false, true]) {
          computations[`${m} x ${k} x ${n} ${transposeA} ${transposeB}`] = () => {
            const a = transposeA ? random(k, m) : random(m, k);
            const b = transposeB ? random(n, k) : random(k, n);
            return [
              tf.matMul(a, b, transposeA, transposeB),
              tf.fused.matMul({
                a: a as tf.Tensor2D,
                b: b as tf.Tensor2D,
                transposeA,
                transposeB,
                bias: random(n),
                activation: 'relu',
              }),
            ];
          };
        }
      }
    }
    await expectEqualBits(computations);
  });

  it('in products of batches', async () => {
    const computations: Record<string, Computation> = {};
    computations.batch = () => [tf.matMul(random(5, 50, 40), random(5, 40, 70))];
    computations['batch that broadcasts'] = () => [
      tf.matMul(random(3, 1, 50, 40), random(4, 40, 70), false, false),
    ];
    computations['batch by one matrix'] = () => [tf.matMul(random(7, 50, 40), random(1, 40, 70))];
    computations['batch, both transposed'] = () => [
      tf.matMul(random(6, 40, 50), random(6, 70, 40), true, true),
    ];
    await expectEqualBits(computations);
  });

  it('in the kernels for matrices', async () => {
    const computations: Record<string, Computation> = {};
    for (const [matrices, rows, columns] of [
      [1, 130, 70],
      [1, 70, 330],
      [5, 50, 60],
    ] as const) {
      const shape = [matrices, rows, columns];
      computations[`matrices ${shape}`] = () => {
        const x = random(...shape);
        const coefficients = [
          [3.4445, -4.775, 2.0315],
          [1.5, -0.5, 0],
        ] as const;
        const attributes = { coefficients, normFactor: 1, epsilon: 1e-7, epsilonMode: 'added' } as const;
        const gram = runKernel(gramMatrixKernel, { x }, { axis: 'columns' }).y;
        const factor = tf.add(gram, tf.mul(tf.eye(columns), 100));
        const across = tf.transpose(x, [0, 2, 1]);
        const tall = rows < columns ? across : x;
        return [
          runKernel(newtonSchulzKernel, { x }, attributes).y,
          gram,
          runKernel(gramMatrixKernel, { x }, { axis: 'rows' }).y,
          runKernel(orthogonalFactorKernel, { x: tall }, {}).y,
          runKernel(triangularSolutionKernel, { x, factor }, { axis: 'columns' }).y,
          runKernel(triangularProductKernel, { x, factor }, { axis: 'columns', isTransposed: true }).y,
          runKernel(triangularProductKernel, { x, factor }, { axis: 'columns', isTransposed: false }).y,
          runKernel(triangularSolutionKernel, { x: across, factor }, { axis: 'rows' }).y,
          runKernel(triangularProductKernel, { x: across, factor }, { axis: 'rows', isTransposed: true }).y,
          runKernel(triangularProductKernel, { x: across, factor }, { axis: 'rows', isTransposed: false }).y,
          runKernel(triangleProductKernel, { left: factor, right: gram }, {}).y,
          runKernel(gramDifferenceKernel, { a: x, b: tf.sin(x) }, { axis: 'columns' }).y,
          runKernel(gramDifferenceKernel, { a: x, b: tf.sin(x) }, { axis: 'rows' }).y,
        ];
      };
    }
    await expectEqualBits(computations);
  });

  it('in the kernels of a training step', async () => {
    const computations: Record<string, Computation> = {};
    for (const [sequences, positions, heads, headWidth] of [
      [3, 50, 4, 16],
      [1, 130, 2, 24],
      [5, 17, 3, 10],
    ] as const) {
      const layout = { sequences, positions, heads };
      const shape = [sequences * positions, heads * headWidth] as const;
      computations[`attention ${Object.values(layout)}`] = () => {
        const [queries, keys, values, gradient] = [
          random(...shape),
          random(...shape),
          random(...shape),
          random(...shape),
        ];
        const inputs = { queries, keys, values };
        return [
          runKernel(causalAttentionKernel, inputs, layout).y,
          ...Object.values(
            runKernel(causalAttentionGradientKernel, { ...inputs, gradient }, { ...layout, ...kept }),
          ),
        ];
      };
      computations[`rotary ${Object.values(layout)}`] = () => {
        const tables = { cosine: random(positions, shape[1]), sine: random(positions, shape[1]) };
        return [
          runKernel(rotaryEmbeddingKernel, { x: random(...shape), ...tables }, { headWidth }).y,
          runKernel(rotaryEmbeddingGradientKernel, { gradient: random(...shape), ...tables }, { headWidth })
            .x,
        ];
      };
    }
    for (const [rows, width] of [
      [1000, 96],
      [333, 131],
      [65, 1000],
      [64, 2001],
      [7, 9000],
    ] as const) {
      computations[`layer norm ${rows} x ${width}`] = () => {
        const [x, weight, gradient] = [random(rows, width), random(width), random(rows, width)];
        const { y, means, inverses } = runKernel(layerNormKernel, { x, weight }, { epsilon: 1e-5 });
        const saved = { x, weight, means, inverses, gradient };
        return [y, means, inverses, ...Object.values(runKernel(layerNormGradientKernel, saved, kept))];
      };
      computations[`cross-entropy ${rows} x ${width}`] = () => {
        const logits = random(rows, width);
        const labels = tf.tensor1d(
          Int32Array.from({ length: rows }, (_, row) => (row * 31) % width),
          'int32',
        );
        const { losses, logSumExp } = runKernel(softmaxCrossEntropyKernel, { logits, labels }, {});
        const gradients = { lossesGradient: random(rows), logSumExpGradient: random(rows) };
        const saved = { kept: logits, labels, logSumExp, ...gradients };
        return [losses, logSumExp, runKernel(softmaxCrossEntropyGradientKernel, saved, kept).logits];
      };
      computations[`element-wise ${rows} x ${width}`] = () => {
        const x = random(rows, width);
        return [
          runKernel(geluKernel, { x }, {}).y,
          runKernel(geluGradientKernel, { x, gradient: random(rows, width) }, kept).x,
          tf.exp(x),
          tf.add(x, random(rows, width)),
          tf.erf(x),
        ];
      };
      computations[`sums and copies ${rows} x ${width}`] = () => {
        const x = random(rows, width);
        const ids = tf.tensor1d(
          Int32Array.from({ length: 4 * rows }, (_, i) => (i * i * 7) % rows),
          'int32',
        );
        return [
          tf.sum(x, 0),
          tf.max(x, 1),
          tf.gather(x, ids),
          tf.gather(x, tf.tensor1d([3, 1, 2, 2], 'int32'), 1),
          ...tf.split(x, [2, width - 2], 1),
          tf.concat([x, x], 0),
          tf.concat([x, random(rows, 5)], 1),
          tf.unsortedSegmentSum(random(4 * rows, 33), ids, rows),
        ];
      };
    }
    await expectEqualBits(computations);
  });
});
