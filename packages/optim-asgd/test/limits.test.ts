import { Sgd } from '@steepest/optim-sgd';
import { weightsAfter } from '@steepest/optimizer-testing';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Asgd, type AsgdOptions } from '../src/index.ts';

const start = [1, -2, 0.5];
const varied = Array.from({ length: 20 }, (_, step) => start.map((_, index) => Math.sin(step * 3 + index)));

/** A few float32 roundings of numbers of about 1. */
const digits = 5;

/** The average of a weight that starts at 0, after some gradients. */
async function averageAfter(options: AsgdOptions, gradients: readonly number[]): Promise<number> {
  const weight = tf.variable(tf.tensor1d([0]), true, 'asgd/weight');
  const optimizer = new Asgd({ learningRate: 1, lambda: 0, ...options });
  for (const gradient of gradients) {
    tf.tidy(() => optimizer.applyGradients({ [weight.name]: tf.tensor1d([gradient]) }));
  }
  optimizer.swapInAverage();
  const [average] = await weight.data();
  optimizer.dispose();
  weight.dispose();
  return average!;
}

describe('ASGD', () => {
  it('without lambda is plain gradient descent', async () => {
    const sgd = await weightsAfter(new Sgd({ learningRate: 0.1 }), start, varied);
    const asgd = await weightsAfter(new Asgd({ learningRate: 0.1, lambda: 0 }), start, varied);
    for (const [index, value] of asgd.entries()) expect(value).toBeCloseTo(sgd[index]!, digits);
  });

  it('takes each step with the rate that the one before left behind', async () => {
    // The first step has the learning rate itself, 0.5; the second 0.5 / (1 + 2 * 0.5 * 1)^2 = 0.125.
    const options = { learningRate: 0.5, lambda: 2, alpha: 2 };
    const [first] = await weightsAfter(new Asgd(options), [3], [[1]]);
    expect(first).toBeCloseTo(3 * (1 - 2 * 0.5) - 0.5, digits);
    const [second] = await weightsAfter(new Asgd(options), [3], [[1], [1]]);
    expect(second).toBeCloseTo(-0.5 * (1 - 2 * 0.125) - 0.125, digits);
  });

  it('sees a new learning rate one gradient later', async () => {
    const optimizer = new Asgd({ learningRate: (step) => 10 ** -step, lambda: 0 });
    const [value] = await weightsAfter(optimizer, [0], [[1], [1], [1]]);
    expect(value).toBeCloseTo(-(0.1 + 0.1 + 0.01), digits);
  });

  it('averages the iterates from averageStart on', async () => {
    // Iterates -1, -2, ...: with averageStart 2 the mean is of -4, -5 and -6; before, it is the last one.
    const ones = (count: number): number[] => Array.from({ length: count }, () => 1);
    expect(await averageAfter({ averageStart: 2 }, ones(3))).toBe(-3);
    expect(await averageAfter({ averageStart: 2 }, ones(4))).toBe(-4);
    expect(await averageAfter({ averageStart: 2 }, ones(6))).toBeCloseTo(-5, digits);
  });

  it('follows the iterate itself before, wherever that has been', async () => {
    // With lambda * eta = 1 an iterate is minus its gradient: 2^25, then 1, which float32 would lose in a sum with -2^25.
    expect(await averageAfter({ lambda: 1, alpha: 0 }, [-(2 ** 25), -1])).toBe(1);
  });

  it('by default never averages in fewer than a million steps', async () => {
    expect(await averageAfter({}, [1, 1, 1])).toBe(-3);
  });

  it('takes weight decay as part of the gradient (L2) unless told otherwise', async () => {
    const decay = { learningRate: 0.1, weightDecay: 0.5, lambda: 0 };
    expect((await weightsAfter(new Asgd(decay), [2], [[0]]))[0]).toBeCloseTo(2 - 0.1, digits);
    const values = await weightsAfter(new Asgd(decay), start, varied);
    expect(await weightsAfter(new Asgd({ ...decay, weightDecayMode: 'l2' }), start, varied)).toEqual(values);
  });

  it('trains a variable without axes', async () => {
    const scalar = tf.variable(tf.scalar(1), true, 'asgd/scalar');
    const optimizer = new Asgd({ learningRate: 0.5, lambda: 0 });
    tf.tidy(() => optimizer.applyGradients({ [scalar.name]: tf.scalar(1) }));
    expect((await scalar.data())[0]).toBe(0.5);
    const { eta, average } = (await optimizer.state()).parameters[scalar.name]!.slots;
    expect([eta!.shape, average!.shape]).toEqual([[1], []]);
    optimizer.dispose();
    scalar.dispose();
  });
});
