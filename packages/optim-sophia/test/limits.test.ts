import { Float64Optimizer } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it } from 'vitest';
import { Sophia } from '../src/index.ts';

afterEach(() => tf.disposeVariables());

const variable = (values: number[]): tf.Variable => tf.variable(tf.tensor1d(values), true, 'weight');

function step(optimizer: Sophia, gradient: number[]): void {
  tf.tidy(() => optimizer.applyGradients({ weight: tf.tensor1d(gradient) }));
}

function refresh(optimizer: Sophia, gradient: number[]): void {
  tf.tidy(() => optimizer.applyRefresh({ weight: tf.tensor1d(gradient) }));
}

/** A few float32 roundings of numbers of about 1. */
const digits = 6;

describe('Sophia', () => {
  it('moves every weight by the learning rate until its first refresh, like Signum', async () => {
    const weight = variable([1, -2, 0.5]);
    const optimizer = new Sophia({ learningRate: 2 ** -10, batchTokens: 1024 });
    step(optimizer, [1e-12, -300, 0]);
    step(optimizer, [1e-12, 1, 0]); // the momentum is still negative
    expect([...(await weight.data())]).toEqual([1 - 2 ** -9, -2 + 2 ** -9, 0.5]);
    optimizer.dispose();
  });

  it('divides the momentum by rho * batchTokens * the squared gradient of the refresh, and clips the rest', async () => {
    const weight = variable([0, 0, 0]);
    const optimizer = new Sophia({ learningRate: 1, beta1: 0, beta2: 0, rho: 0.5, batchTokens: 8 });
    refresh(optimizer, [3, -0.5, 0.5]); // curvature 0.5 * 8 * q * q = 36, 1 and 1
    step(optimizer, [9, -0.75, 20]);
    for (const [i, moved] of [-9 / 36, 0.75, -1].entries()) {
      expect((await weight.data())[i]).toBeCloseTo(moved, digits);
    }
    optimizer.dispose();
  });

  it('averages the squares of the refreshes, whatever their sign, without a correction of the first', async () => {
    variable([1]);
    const optimizer = new Sophia({ beta2: 0.75 });
    refresh(optimizer, [2]);
    refresh(optimizer, [-4]);
    const { hessian } = (await optimizer.state()).parameters.weight!.slots;
    expect(hessian!.data[0]).toBe(0.75 * 0.25 * 4 + 0.25 * 16);
    optimizer.dispose();
  });

  it('moves nothing and counts no step in a refresh', async () => {
    const weight = variable([1, 2]);
    const optimizer = new Sophia();
    step(optimizer, [1, 1]);
    const before = [...(await weight.data())];
    const { momentum } = (await optimizer.state()).parameters.weight!.slots;
    refresh(optimizer, [5, 7]);
    const state = await optimizer.state();
    expect([...(await weight.data())]).toEqual(before);
    expect([state.step, state.parameters.weight!.step]).toEqual([1, 1]);
    expect(state.parameters.weight!.slots.momentum).toEqual(momentum);
    optimizer.dispose();
  });

  it('leaves a refresh that is not finite out under skipNonFinite, and counts it', async () => {
    variable([1, 2]);
    const optimizer = new Sophia({ skipNonFinite: true });
    const exact = new Float64Optimizer([optimizer.member()], { skipNonFinite: true });
    exact.add({ name: 'weight', shape: [2], size: 2 }, [1, 2]);
    refresh(optimizer, [5, 7]);
    exact.refresh({ weight: [5, 7] });
    const { hessian } = (await optimizer.state()).parameters.weight!.slots;
    const before = exact.slots('weight').hessian;
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      refresh(optimizer, [bad, 7]);
      exact.refresh({ weight: [bad, 7] });
    }
    expect((await optimizer.state()).parameters.weight!.slots.hessian).toEqual(hessian);
    expect(exact.slots('weight').hessian).toEqual(before);
    expect([optimizer.skippedSteps, exact.skippedSteps]).toEqual([2, 2]);
    optimizer.dispose();
  });

  it('takes a Newton step on a quadratic whose curvature it knows', async () => {
    // loss = sum(c * w * w) / 2: the gradient is c * w, and q = sqrt(c) refreshes the curvature to c.
    const curvature = [0.5, 4];
    const weight = variable([0.3, -0.02]);
    const optimizer = new Sophia({ learningRate: 1, beta1: 0, beta2: 0, rho: 1 });
    refresh(optimizer, curvature.map(Math.sqrt));
    step(optimizer, [0.5 * 0.3, 4 * -0.02]);
    for (const value of await weight.data()) expect(value).toBeCloseTo(0, digits);
    optimizer.dispose();
  });

  it('stays finite when gradients and refreshes are zero or at the ends of float32', async () => {
    const weight = variable([1, 1, 1, 1]);
    const optimizer = new Sophia({ learningRate: 0.01, batchTokens: 1e6 });
    const extremes = [0, 1e-30, -1e30, 3e38];
    step(optimizer, [0, 0, 0, 0]);
    refresh(optimizer, [0, 0, 0, 0]);
    for (let i = 0; i < 5; i++) {
      step(optimizer, extremes);
      refresh(optimizer, extremes); // 1e30 squared is infinite in float32: no step there any more
    }
    for (const value of await weight.data()) expect(Math.abs(value - 1)).toBeLessThan(0.051);
    optimizer.dispose();
  });
});
