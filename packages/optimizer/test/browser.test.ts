import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  add,
  defineUpdateRule,
  div,
  lerp,
  likeParameter,
  mul,
  optimizerClass,
  sqrt,
  square,
  sub,
} from '../src/browser.ts';
import { currentKernels } from '../src/compiler/backend-kernels.ts';

const rule = defineUpdateRule({
  name: 'browser-moments',
  title: 'Moments',
  paper: { authors: 'nobody', year: 2000, title: 'A rule for tests', source: 'none' },
  hyperparameters: { learningRate: { default: 0.01, minimum: 0, description: 'Step size' } },
  slots: () => ({ momentum: likeParameter, secondMoment: likeParameter }),
  update({ parameter, gradient, momentum, secondMoment }, { learningRate }) {
    const mean = lerp(gradient, momentum!, 0.9);
    const meanSquare = lerp(square(gradient), secondMoment!, 0.99);
    return {
      parameter: sub(parameter, mul(learningRate, div(mean, add(sqrt(meanSquare), 1e-8)))),
      momentum: mean,
      secondMoment: meanSquare,
    };
  },
});
const Moments = optimizerClass(rule, 'SteepestBrowserMoments');

const size = 300;
const gradientAt = (step: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => Math.sin(i + 7 * step));

/** The same rule in plain JavaScript. */
function expected(steps: number): number[] {
  const [parameter, mean, meanSquare] = [0, 0, 0].map(() => new Array<number>(size).fill(0));
  for (let step = 1; step <= steps; step++) {
    for (const [i, g] of gradientAt(step).entries()) {
      mean![i] = 0.9 * mean![i]! + 0.1 * g;
      meanSquare![i] = 0.99 * meanSquare![i]! + 0.01 * g * g;
      parameter![i]! -= (0.01 * mean![i]!) / (Math.sqrt(meanSquare![i]!) + 1e-8);
    }
  }
  return parameter!;
}

beforeAll(() => tf.setBackend('wasm'));
afterAll(() => tf.setBackend('cpu'));

it('the entry for browsers trains without kernels, and goes on with those that are loaded later', async () => {
  const weight = tf.variable(tf.zeros([size]), true, 'weight');
  const optimizer = new Moments({ clipGlobalNorm: Infinity });
  const packed = tf.variable(tf.zeros([size]), true, 'packed');
  const inBytes = new Moments({ stateFormat: '8bit', stateMinimumSize: 1 });
  const train = (from: number, to: number): void => {
    for (let step = from; step <= to; step++) {
      tf.tidy(() => optimizer.applyGradients({ weight: tf.tensor1d(gradientAt(step)) }));
      tf.tidy(() => inBytes.applyGradients({ packed: tf.tensor1d(gradientAt(step)) }));
    }
  };
  const check = async (steps: number): Promise<void> => {
    const right = expected(steps);
    // float32 rounding of numbers below 0.1 in at most six steps, and 8-bit rounding of a moment in steps of 0.01.
    for (const [i, value] of weight.dataSync().entries()) expect(value).toBeCloseTo(right[i]!, 6);
    for (const [i, value] of packed.dataSync().entries()) expect(value).toBeCloseTo(right[i]!, 2);
    const norm = Math.hypot(...gradientAt(steps));
    expect(await optimizer.gradientNorm()).toBeCloseTo(norm, 4);
  };
  train(1, 3);
  expect(currentKernels()).toBeUndefined();
  await check(3);
  await import('../src/wasm.ts');
  expect(currentKernels()).toBeDefined();
  const { dataId } = weight;
  train(4, 6);
  await check(6);
  // Kernels write where the parameter is.
  expect(weight.dataId).toBe(dataId);
  for (const each of [optimizer, inBytes]) each.dispose();
  for (const each of [weight, packed]) each.dispose();
});
