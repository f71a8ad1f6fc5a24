import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Lion } from '../src/index.ts';

const start = [0.5, -1.25, 3, 0.001, -0.75];
const gradients = [
  [1e-30, -3, 0.5, 7, -1e30],
  [2, -1e-30, 0.25, 1e30, -1],
];

describe('Lion', () => {
  it('moves every weight by exactly the learning rate, whatever the size of its gradient', async () => {
    const learningRate = 2 ** -10;
    const weight = tf.variable(tf.tensor1d(start), true, 'lion/exact');
    const optimizer = new Lion({ learningRate });
    let before = await weight.data();
    for (const gradient of gradients) {
      optimizer.applyGradients({ [weight.name]: tf.tensor1d(gradient) });
      const after = await weight.data();
      for (const [index, value] of after.entries()) {
        // The difference is exact but for the rounding of the new weight to float32: half a unit in its last place.
        const rounding = Math.abs(value) * 2 ** -24;
        const moved = before[index]! - value;
        expect(Math.abs(moved - learningRate * Math.sign(gradient[index]!))).toBeLessThanOrEqual(rounding);
      }
      before = after;
    }
    optimizer.dispose();
    weight.dispose();
  });

  it('leaves a weight alone whose gradient and momentum are zero', async () => {
    const weight = tf.variable(tf.tensor1d([0.1, -2]), true, 'lion/zero');
    const optimizer = new Lion({ learningRate: 0.5 });
    optimizer.applyGradients({ [weight.name]: tf.tensor1d([0, 0]) });
    expect([...(await weight.data())]).toEqual([...Float32Array.of(0.1, -2)]);
    optimizer.dispose();
    weight.dispose();
  });

  it('continues by its momentum against a small gradient of the other sign', async () => {
    const weight = tf.variable(tf.tensor1d([0]), true, 'lion/momentum');
    const optimizer = new Lion({ learningRate: 1, beta1: 0.9, beta2: 0.5 });
    optimizer.applyGradients({ [weight.name]: tf.tensor1d([2]) }); // momentum 1, weight -1
    optimizer.applyGradients({ [weight.name]: tf.tensor1d([-8]) }); // 0.9 * 1 - 0.1 * 8 = 0.1: still down
    expect((await weight.data())[0]).toBe(-2);
    optimizer.dispose();
    weight.dispose();
  });
});
