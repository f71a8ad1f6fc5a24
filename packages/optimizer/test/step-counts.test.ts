import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, expect, it } from 'vitest';
import { Float64Optimizer } from '../src/index.ts';
import { Moments, momentsRule } from './test-rules.ts';

afterAll(async () => {
  await tf.setBackend('cpu');
});

it.each(['cpu', 'wasm'])('every parameter of a group has a step count of its own on %s', async (backend) => {
  await tf.setBackend(backend);
  const names = ['always', 'even', 'late'];
  const given = (step: number): string[] =>
    names.filter((name) => name === 'always' || (name === 'late' ? step > 3 : step % 2 === 0));
  const variables = names.map((name) => tf.variable(tf.ones([5]), true, name));
  const optimizer = new Moments({ learningRate: 0.1 });
  const exact = new Float64Optimizer([{ rule: momentsRule, options: { learningRate: 0.1 } }]);
  for (const name of names) exact.add({ name, shape: [5], size: 5 }, new Array(5).fill(1));
  for (let step = 1; step <= 5; step++) {
    const gradient = [1, -2, 0.5, 3, step];
    tf.tidy(() =>
      optimizer.applyGradients(Object.fromEntries(given(step).map((name) => [name, tf.tensor1d(gradient)]))),
    );
    exact.step(Object.fromEntries(given(step).map((name) => [name, gradient])));
  }
  for (const [index, name] of names.entries()) {
    // The bias corrections depend on the count: a wrong one is off by tenths, float32 by millionths.
    const values = variables[index]!.dataSync();
    for (const [element, x] of exact.value(name).entries()) expect(values[element]).toBeCloseTo(x, 5);
  }
  optimizer.dispose();
  tf.dispose(variables);
});
