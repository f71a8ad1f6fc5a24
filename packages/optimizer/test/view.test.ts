import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, expect, it } from 'vitest';
import { add, defineUpdateRule, likeParameter, mean, mul, optimizerClass, sub } from '../src/index.ts';

afterAll(async () => {
  await tf.setBackend('cpu');
});

/** Sees a parameter as one row a pair of elements, and moves each by the mean of its row's gradients. */
const PairDescent = optimizerClass(
  defineUpdateRule({
    name: 'pair-descent',
    title: 'Descent by pairs',
    paper: { authors: 'nobody', year: 2000, title: 'A rule for tests', source: 'none' },
    hyperparameters: { learningRate: { default: 1, minimum: 0, description: 'Step size' } },
    view: ({ parameter }) => [parameter.size / 2, 2],
    slots: () => ({ total: likeParameter }),
    update: ({ parameter, gradient, total }, { learningRate }) => ({
      parameter: sub(parameter, mul(learningRate, mean(gradient, [1]))),
      total: add(total!, gradient),
    }),
  }),
  'SteepestTestPairDescent',
);

it.each(['cpu', 'wasm'])(
  'a parameter and its slots keep their shape where a rule has a view, on %s',
  async (backend) => {
    await tf.setBackend(backend);
    const weight = tf.variable(tf.tensor3d([[[1, 2, 3, 4]]]), true, 'weight');
    const optimizer = new PairDescent();
    for (let step = 0; step < 2; step++) {
      tf.tidy(() => optimizer.applyGradients({ weight: tf.tensor3d([[[1, 3, 0, -2]]]) }));
    }
    expect(weight.shape).toEqual([1, 1, 4]);
    // The means of the pairs are 2 and -1, taken twice.
    expect([...(await weight.data())]).toEqual([-3, -2, 5, 6]);
    const { total } = (await optimizer.state()).parameters.weight!.slots;
    expect(total).toEqual({ shape: [1, 1, 4], data: Float32Array.of(2, 6, 0, -4) });
    optimizer.dispose();
    weight.dispose();
  },
);
