import { Lion } from '@steepest/optim-lion';
import type { Optimizer } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Signum } from '../src/index.ts';

/** Gradients with sign changes and zeros, different in every step. */
const gradientAt = (step: number): number[] =>
  Array.from({ length: 24 }, (_, index) =>
    index === 0 ? 0 : Math.sin(step * (index + 1)) * 10 ** ((index % 7) - 3),
  );

/** The weights and the momentum. */
async function stateAfter(optimizer: Optimizer, steps: number): Promise<[number[], number[]]> {
  const weight = tf.variable(tf.linspace(-1, 1, 24).reshape([4, 6]), true, 'weight');
  for (let step = 1; step <= steps; step++) {
    optimizer.applyGradients({ weight: tf.tensor2d(gradientAt(step), [4, 6]) });
  }
  const values = [...(await weight.data())];
  const { parameters } = await optimizer.state();
  optimizer.dispose();
  weight.dispose();
  return [values, [...(parameters.weight?.slots.momentum?.data ?? [])]];
}

describe('Signum', () => {
  it('equals Lion with beta2 = beta1, weights and momentum bit for bit over 50 steps', async () => {
    for (const beta1 of [0, 0.9, 0.95]) {
      const shared = { learningRate: (step: number) => 0.01 / step, weightDecay: 0.1 };
      const signum = await stateAfter(new Signum({ ...shared, beta1 }), 50);
      const lion = await stateAfter(new Lion({ ...shared, beta1, beta2: beta1 }), 50);
      expect(signum).toEqual(lion);
      expect(signum[1]).toHaveLength(24);
    }
  });

  it('is signSGD with beta1 = 0: every weight moves against the sign of its gradient', async () => {
    const learningRate = 2 ** -6;
    const [before] = await stateAfter(new Signum({ learningRate, beta1: 0 }), 0);
    const [after] = await stateAfter(new Signum({ learningRate, beta1: 0 }), 1);
    for (const [index, gradient] of gradientAt(1).entries()) {
      // Weights are at most 1: the rounding of the new weight to float32 is at most 2^-24.
      const moved = before[index]! - after[index]!;
      expect(Math.abs(moved - learningRate * Math.sign(gradient))).toBeLessThanOrEqual(2 ** -24);
    }
  });
});
