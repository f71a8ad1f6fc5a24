import { Float64Optimizer, type UpdateRule } from '@steepest/optimizer';
import '@steepest/wasm-kernels';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Dion, dionRule } from '../src/index.ts';

const [rows, columns] = [12, 8];

/** A matrix of a rank: the sum of as many outer products. */
const ofRank = (rank: number, seed: number): number[] =>
  Array.from({ length: rows * columns }, (_, at) => {
    const [i, j] = [Math.floor(at / columns), at % columns];
    return Array.from(
      { length: rank },
      (_, k) => Math.sin(1 + i * (k + 2) + seed) * Math.cos(2 + j * (k + 1) - seed),
    ).reduce((sum, x) => sum + x, 0);
  });

describe.each(['wasm', 'cpu'])('Dion on %s', (backend) => {
  it.each([
    ['of rank one', [ofRank(1, 0), ofRank(1, 0), ofRank(1, 0)]],
    ['of rank three', [ofRank(3, 0), ofRank(3, 0), ofRank(3, 0)]],
    ['of zeros in between', [ofRank(2, 0), new Array<number>(rows * columns).fill(0), ofRank(2, 0)]],
  ])('makes of gradients %s the steps of float64, not of rounding', async (_, gradients) => {
    await tf.setBackend(backend);
    const options = { learningRate: 1, weightDecay: 0 };
    const engine = new Float64Optimizer([{ rule: dionRule as unknown as UpdateRule, options }]);
    const name = `low rank/${backend}`;
    engine.add({ name, shape: [rows, columns], size: rows * columns }, new Float64Array(rows * columns));
    const weight = tf.variable(tf.zeros([rows, columns]), true, name);
    const optimizer = new Dion(options);
    for (const gradient of gradients) {
      const given = Float32Array.from(gradient);
      engine.step({ [name]: given });
      tf.tidy(() => optimizer.applyGradients({ [name]: tf.tensor(given, [rows, columns]) }));
    }
    const exact = engine.value(name);
    const differences = Array.from(await weight.data(), (x, i) => Math.abs(x - exact[i]!));
    // Elements of about 1: a column of rounding that was made as long as the others would move some by a tenth and more.
    expect(Math.max(...differences)).toBeLessThan(1e-5);
    optimizer.dispose();
    weight.dispose();
  });
});
