import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Optimizer } from '../src/index.ts';
import { Descent, Moments } from './test-rules.ts';

let a: tf.Variable;
let b: tf.Variable;
beforeEach(() => {
  [a, b] = ['a', 'b'].map((name) => tf.variable(tf.zeros([1]), true, name)) as [tf.Variable, tf.Variable];
});
afterEach(() => tf.dispose([a, b]));

const step = (optimizer: Optimizer, gradient: number): void =>
  tf.tidy(() => optimizer.applyGradients({ a: tf.tensor1d([gradient]), b: tf.tensor1d([gradient]) }));
const values = (): number[] => [a, b].map((variable) => variable.dataSync()[0]!);

/** The same options in a new optimizer, as a file brings them. */
function reloaded(optimizer: InstanceType<typeof Descent>): InstanceType<typeof Descent> {
  const config = JSON.parse(JSON.stringify(optimizer.getConfig()));
  return Descent.fromConfig(Descent as never, config) as unknown as InstanceType<typeof Descent>;
}

describe('parameters that are frozen and thawed between steps', () => {
  it('keep value and state meanwhile, by group', async () => {
    const optimizer = new Moments({ learningRate: 0.5, groups: [{ match: 'b' }] });
    step(optimizer, 1);
    optimizer.setTrainable(false, 0);
    const before = (await optimizer.state()).parameters.b;
    const [, frozen] = values();
    step(optimizer, 1);
    expect(values()[1]).toBe(frozen);
    expect((await optimizer.state()).parameters).toMatchObject({ a: { step: 2 }, b: before });
    optimizer.setTrainable(true, 0);
    step(optimizer, 1);
    expect((await optimizer.state()).parameters.b!.step).toBe(2);
    optimizer.dispose();
  });

  it('are all those whose group does not say otherwise', () => {
    const optimizer = new Descent({ learningRate: 1, groups: [{ match: 'b', trainable: true }] });
    optimizer.trainable = false;
    step(optimizer, 1);
    expect(values()).toEqual([0, -1]);
    expect(optimizer.trainable).toBe(false);
  });

  it('are so in the saved options', () => {
    const optimizer = new Descent({ learningRate: 1, groups: [{ match: 'b' }] });
    optimizer.setTrainable(false, 0);
    optimizer.trainable = true;
    step(reloaded(optimizer), 1);
    expect(values()).toEqual([-1, 0]);
  });
});

describe('clipping', () => {
  it('is switched on, changed and off between steps, and follows in the saved options', async () => {
    const optimizer = new Descent({ learningRate: 1 });
    step(optimizer, 3);
    expect(values()).toEqual([-3, -3]);
    optimizer.clipValue = 2;
    step(optimizer, 3);
    optimizer.clipValue = 1;
    step(optimizer, 3);
    expect(values()).toEqual([-6, -6]);
    expect(reloaded(optimizer).clipValue).toBe(1);
    optimizer.clipValue = undefined;
    optimizer.clipGlobalNorm = 1;
    expect(optimizer.getConfig()).toEqual({ learningRate: 1, clipGlobalNorm: 1 });
    step(optimizer, 3);
    // min(1, 1 / (norm + 1e-6)) times a gradient of norm 3 sqrt(2).
    expect(values()[0]).toBeCloseTo(-6 - 3 / (3 * Math.SQRT2 + 1e-6), 6);
    expect(await optimizer.gradientNorm()).toBeCloseTo(3 * Math.SQRT2, 6);
    optimizer.clipGlobalNorm = Infinity;
    const before = values()[0]!;
    step(optimizer, 3);
    expect(values()[0]).toBeCloseTo(before - 3, 6);
    expect(reloaded(optimizer).clipGlobalNorm).toBe(Infinity);
    optimizer.clipGlobalNorm = undefined;
    step(optimizer, 3);
    expect(await optimizer.gradientNorm()).toBeUndefined();
    optimizer.dispose();
  });
});

describe('a configuration through JSON', () => {
  it.each([{ clipGlobalNorm: Infinity }, { clipValue: Infinity }])('keeps infinity: %o', (options) => {
    expect(reloaded(new Descent(options)).getConfig()).toEqual(new Descent(options).getConfig());
  });
});

it('independent decay divides by the peak of the optimizer, in a group with a rate of its own too', () => {
  tf.tidy(() => {
    a.assign(tf.ones([1]));
    b.assign(tf.ones([1]));
  });
  const optimizer = new Descent({
    learningRate: 0.5,
    weightDecay: 0.25,
    weightDecayMode: 'independent',
    groups: [{ match: 'b', learningRate: 0.25 }],
  });
  step(optimizer, 0);
  // p *= 1 - d lr / peak, with the peak 0.5: 1 - 0.25 and 1 - 0.25 * 0.25 / 0.5.
  expect(values()).toEqual([0.75, 0.875]);
});
