import { fileURLToPath } from 'node:url';
import { decodeState, encodeState, type OptimizerClass } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { optimizerPackages } from '../docs/optimizer-packages.ts';

const packages = await optimizerPackages(fileURLToPath(new URL('../../', import.meta.url)));
type AnyOptions = Readonly<Record<string, unknown>>;
const optimizers = packages.flatMap(({ optimizers }) =>
  optimizers.map(
    ({ exportName, optimizer }) => [exportName, optimizer as OptimizerClass<AnyOptions>] as const,
  ),
);
const engineOptions: AnyOptions = {
  weightDecay: 0.1,
  recordMetrics: true,
  clipGlobalNorm: 1,
  clipValue: 2,
  skipNonFinite: true,
  accumulationSteps: 2,
};

afterEach(() => {
  tf.disposeVariables();
});
afterAll(() => tf.setBackend('cpu'));

describe.each(optimizers)('%s', (_, Optimizer) => {
  it.each(['cpu', 'wasm'])('takes parameters without elements along with others on %s', async (backend) => {
    await tf.setBackend(backend);
    const settings = Optimizer.rule.settings ?? {};
    const variants: AnyOptions[] = [{}, engineOptions];
    if (Optimizer.rule.average === undefined) variants.push({ averageDecay: 0.9 });
    if ('blocks' in settings) variants.push({ blocks: 'rows' });
    if ('vectorSecondMoment' in settings) variants.push({ vectorSecondMoment: 'perElement' });
    if ('beta1' in Optimizer.rule.hyperparameters) variants.push({ beta1: 0 });
    for (const options of variants) {
      for (const shape of [
        [0, 3],
        [3, 0],
        [2, 0, 3],
        [0, 0],
      ]) {
        const empty = tf.variable(tf.zeros(shape), true, 'empty');
        const weight = tf.variable(tf.ones([2, 2]), true, 'weight');
        const gradients = { empty: tf.zeros(shape), weight: tf.ones([2, 2]) };
        const optimizer = new Optimizer(options);
        // Schedule-free RAdam stays in place for its first steps, and some of these accumulate.
        for (let call = 1; call <= 12; call++) optimizer.applyGradients(gradients);
        if (Optimizer.rule.refresh !== undefined) optimizer.applyRefresh(gradients);
        const moved = [...weight.dataSync()];
        expect(moved.every((x) => Number.isFinite(x) && x < 1)).toBe(true);
        expect(optimizer.skippedSteps).toBe(0);
        const state = decodeState(encodeState(await optimizer.state()));
        for (const { data } of Object.values(state.parameters.empty!.slots)) {
          expect(data.every(Number.isFinite)).toBe(true);
        }
        const metrics = await optimizer.metrics();
        if (metrics !== undefined) {
          const { updateNorm, parameterNorm } = metrics.parameters.find(({ name }) => name === 'empty')!;
          expect([updateNorm, parameterNorm]).toEqual([0, 0]);
        }
        const resumed = new Optimizer(options);
        await resumed.loadState(state);
        resumed.applyGradients(gradients);
        for (const made of [optimizer, resumed]) made.dispose();
        tf.dispose([gradients.empty, gradients.weight, empty, weight]);
      }
    }
  });

  it.each([
    ['NaN', Number.NaN],
    ['an infinity', Number.POSITIVE_INFINITY],
    ['1e25', 1e25],
    ['-3e38', -3e38],
    ['1e-30', 1e-30],
  ])('makes the same of %s in a gradient on every backend', async (_name, unusual) => {
    const values: Record<string, number[]> = {};
    for (const backend of ['cpu', 'wasm']) {
      await tf.setBackend(backend);
      const weight = tf.variable(tf.tensor2d([1, -2, 0.5, 3], [2, 2]), true, 'weight');
      const optimizer = new Optimizer({ learningRate: 0.1 });
      for (const first of [0.5, unusual, 0.25, -0.5]) {
        tf.tidy(() => optimizer.applyGradients({ weight: tf.tensor2d([first, 0.25, -1, 2], [2, 2]) }));
      }
      values[backend] = [...weight.dataSync()];
      optimizer.dispose();
      weight.dispose();
    }
    for (const [index, value] of values.cpu!.entries()) {
      const other = values.wasm![index]!;
      // Rounding differs in steps that divide by the small.
      const agrees = Object.is(value, other) || Math.abs(value - other) <= 1e-3 * Math.abs(other);
      expect(agrees, `weight ${index}: ${value} on cpu, ${other} on wasm`).toBe(true);
    }
  });
});
