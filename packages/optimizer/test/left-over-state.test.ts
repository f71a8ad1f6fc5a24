import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Descent } from './test-rules.ts';

let weight: tf.Variable;
beforeEach(async () => {
  await tf.setBackend('cpu');
  weight = tf.variable(tf.tensor1d([8]), true, 'weight');
});
afterEach(() => weight.dispose());

const slot = (value: number) => ({ shape: [1], data: Float32Array.of(value) });

it('the average of a name that no variable has is kept, and no part of a swap', async () => {
  const optimizer = new Descent({ averageDecay: 0.5 });
  const parameters = {
    gone: { step: 2, slots: { average: slot(3) } },
    weight: { step: 2, slots: { average: slot(5) } },
  };
  const state = { schemaVersion: 1, optimizer: 'descent', step: 2, parameters } as const;
  await optimizer.loadState(state);
  optimizer.swapInAverage();
  expect(weight.dataSync()[0]).toBe(5);
  optimizer.swapOutAverage();
  expect(weight.dataSync()[0]).toBe(8);
  expect(await optimizer.state()).toEqual(state);
  expect(optimizer.stateReport()).toMatchObject({
    claimed: [{ variable: 'weight', savedAs: 'weight' }],
    leftOver: ['gone'],
  });
  optimizer.dispose();
});

it('a gradient that waits for a name that no variable has is said, by every call that would need it', async () => {
  const optimizer = new Descent({ learningRate: 1, accumulationSteps: 2 });
  await optimizer.loadState({
    schemaVersion: 1,
    optimizer: 'descent',
    step: 0,
    microStep: 1,
    parameters: { gone: { step: 0, slots: { accumulatedGradient: slot(3) } } },
  });
  const message =
    'a gradient of "gone" waits for the rest of its step, but there is no such variable; call dropState("gone") or dropAccumulated()';
  expect(() => optimizer.applyAccumulated()).toThrow(message);
  const close = () => tf.tidy(() => optimizer.applyGradients({ weight: tf.tensor1d([2]) }));
  expect(close).toThrow(message);
  expect([weight.dataSync()[0], optimizer.iterations]).toEqual([8, 0]);
  optimizer.dropState('gone');
  close();
  // Half of the one gradient that came.
  expect([weight.dataSync()[0], optimizer.iterations]).toEqual([7, 1]);
  optimizer.dispose();
});

it('waiting gradients that were loaded are dropped with the others', async () => {
  const optimizer = new Descent({ learningRate: 1, accumulationSteps: 2 });
  const kept = { step: 3, slots: {} };
  await optimizer.loadState({
    schemaVersion: 1,
    optimizer: 'descent',
    step: 3,
    microStep: 1,
    parameters: {
      other: kept,
      weight: { step: 3, slots: { accumulatedGradient: slot(100) } },
    },
  });
  expect(optimizer.dropAccumulated()).toBe(1);
  expect((await optimizer.state()).parameters).toEqual({ other: kept, weight: kept });
  for (const gradient of [1, 3]) tf.tidy(() => optimizer.applyGradients({ weight: tf.tensor1d([gradient]) }));
  expect(weight.dataSync()[0]).toBe(6);
  optimizer.dispose();
});
