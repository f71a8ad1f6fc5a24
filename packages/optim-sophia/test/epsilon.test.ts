import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Sophia } from '../src/index.ts';

describe('Sophia', () => {
  // Liuhong99/Sophia, sophia.py: (exp_avg.abs() / (rho * bs * hess + 1e-15)).clamp(None, 1). Algorithm 3 of the paper has
  // a maximum there, which would move by 1 here.
  it('adds epsilon to the scaled curvature, as the authors’ code does', async () => {
    const weight = tf.variable(tf.tensor1d([0]), true, 'sophia/epsilon');
    const optimizer = new Sophia({
      learningRate: 1,
      beta1: 0,
      beta2: 0,
      rho: 0.25,
      batchTokens: 1,
      epsilon: 1,
    });
    tf.tidy(() => optimizer.applyRefresh({ [weight.name]: tf.tensor1d([2]) })); // 0.25 * 2 * 2 = 1
    tf.tidy(() => optimizer.applyGradients({ [weight.name]: tf.tensor1d([1]) }));
    expect([...(await weight.data())]).toEqual([-1 / (1 + 1)]);
    optimizer.dispose();
    weight.dispose();
  });

  it('clips a step to the learning rate in either direction', async () => {
    const weight = tf.variable(tf.tensor1d([0, 0]), true, 'sophia/clipped');
    const optimizer = new Sophia({ learningRate: 0.5, beta1: 0, beta2: 0, rho: 1 });
    tf.tidy(() => optimizer.applyRefresh({ [weight.name]: tf.tensor1d([1, 1]) }));
    tf.tidy(() => optimizer.applyGradients({ [weight.name]: tf.tensor1d([1.5, -1.5]) }));
    expect([...(await weight.data())]).toEqual([-0.5, 0.5]);
    optimizer.dispose();
    weight.dispose();
  });
});
