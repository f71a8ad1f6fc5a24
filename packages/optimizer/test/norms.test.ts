import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { scaledNorm, sumOfSquares } from '../src/engine/norms.ts';
import { Float64Optimizer } from '../src/index.ts';
import { registerImitation } from './imitation-backend.ts';
import { Descent, descentRule, wave } from './test-rules.ts';

let restore: () => void;
beforeAll(() => {
  restore = registerImitation('webgl');
});
afterAll(async () => {
  await tf.setBackend('cpu');
  restore();
});

const float32 = Math.fround;
const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

/** The right norm of float32 numbers, in float64, where nothing overflows. */
function normOf(...lists: readonly (readonly number[] | Float32Array)[]): number {
  return Math.sqrt(lists.flatMap((list) => [...list]).reduce((sum, x) => sum + float32(x) ** 2, 0));
}

interface Step {
  readonly values: number[][];
  readonly norm: number | undefined;
  readonly metrics: { gradientNorm: number; updateNorm: number; parameterNorm: number };
  readonly skipped: number;
}

/** One step of descent at rate 1, from 0 unless told, of parameters a, b, ... with these gradients. */
async function stepOf(
  options: ConstructorParameters<typeof Descent>[0],
  gradients: readonly (readonly number[])[],
  initial: readonly (readonly number[])[] = gradients.map((gradient) => gradient.map(() => 0)),
): Promise<Step> {
  const { numTensors } = tf.memory();
  const names = gradients.map((_, index) => `v${index}`);
  const variables = names.map((name, index) =>
    tf.tidy(() => tf.variable(tf.tensor1d([...initial[index]!]), true, name)),
  );
  const optimizer = new Descent({ learningRate: 1, recordMetrics: true, ...options });
  tf.tidy(() =>
    optimizer.applyGradients(
      Object.fromEntries(names.map((name, index) => [name, tf.tensor1d([...gradients[index]!])])),
    ),
  );
  const values = variables.map((variable) => [...variable.dataSync()]);
  const norm = await optimizer.gradientNorm();
  const read = await optimizer.metrics();
  const { gradientNorm, updateNorm, parameterNorm } = read?.groups[0] ?? {
    gradientNorm: nan,
    updateNorm: nan,
    parameterNorm: nan,
  };
  const skipped = optimizer.skippedSteps;
  optimizer.dispose();
  tf.dispose(variables);
  expect(tf.memory().numTensors).toBe(numTensors);
  return { values, norm, metrics: { gradientNorm, updateNorm, parameterNorm }, skipped };
}

/** Equal to six digits: the factor and its product are rounded to float32. */
function expectClose(got: number | undefined, right: number): void {
  expect(Math.abs(got! - right) <= 1e-6 * Math.abs(right), `${got} should be ${right}`).toBe(true);
}

describe.each(['cpu', 'wasm', 'webgl'])('on a backend with the kernels of %s', (backend) => {
  beforeEach(async () => {
    await tf.setBackend(backend);
    tf.disposeVariables();
  });

  it.each([1e18, 1e19, 1e25, 1e30, 1e38, 3e38])(
    'gradients of %d are clipped to their direction',
    async (g) => {
      const { values, norm, skipped } = await stepOf({ clipGlobalNorm: 1, skipNonFinite: true }, [
        [g, g],
        [-g, g],
      ]);
      expect(skipped).toBe(0);
      expectClose(norm, 2 * float32(g));
      for (const value of values.flat()) expectClose(Math.abs(value), 0.5);
      expect(values.flat().map(Math.sign)).toEqual([-1, -1, 1, -1]);
    },
  );

  it.each([1e-6, 1e-20, 1e-30, 1e-38, 1e-44])(
    'gradients of %d have a norm, and are not clipped',
    async (g) => {
      const { values, norm } = await stepOf({ clipGlobalNorm: 1 }, [
        [g, g],
        [g, g],
      ]);
      expectClose(norm, 2 * float32(g));
      expect(values.flat()).toEqual(new Array(4).fill(-float32(g)));
    },
  );

  it('the norm is of gradients of very different sizes', async () => {
    const gradients = [[1e30, 3], [], [4e30, -1e-30, 1e20], [1e-40]];
    expectClose((await stepOf({ clipGlobalNorm: inf }, gradients)).norm, normOf(...gradients));
  });

  it('the norm is of more gradients than a device binds buffers', async () => {
    const gradients = Array.from({ length: 23 }, (_, index) => [...wave(5, index)]);
    expectClose((await stepOf({ clipGlobalNorm: inf }, gradients)).norm, normOf(...gradients));
  });

  it.each([
    ['NaN', nan, nan],
    ['an infinity', -inf, inf],
  ])('the norm of %s is said, and the step is NaN', async (_, bad, right) => {
    const { values, norm, metrics } = await stepOf({ clipGlobalNorm: 1 }, [[1, bad], [2]]);
    expect(norm).toBe(right);
    expect(metrics.gradientNorm).toBe(right);
    expect(values[0]![1]).toBeNaN();
  });

  it.each([nan, inf, -inf])('skipNonFinite notices %d among large gradients, and no other', async (bad) => {
    const options = { skipNonFinite: true };
    expect((await stepOf(options, [[3e38, 3e38], [1]])).skipped).toBe(0);
    expect((await stepOf(options, [[3e38, 3e38], [], [1, bad]])).skipped).toBe(1);
  });

  it('the factor is limit / (norm + 1e-6)', async () => {
    // A norm of 1e-6 under a limit of 1e-6: half of it.
    const { values } = await stepOf({ clipGlobalNorm: 1e-6 }, [[1e-6]]);
    expectClose(values[0]![0], -0.5e-6);
  });

  it('metrics hold of large and of small numbers', async () => {
    for (const scale of [1e-30, 1, 1e30]) {
      const gradient = [3 * scale, 4 * scale];
      const { metrics } = await stepOf({}, [gradient], [[scale, scale]]);
      expectClose(metrics.gradientNorm, 5 * scale);
      expectClose(metrics.updateNorm, 5 * scale);
      // From (1, 1) by (3, 4) to (-2, -3).
      expectClose(metrics.parameterNorm, Math.sqrt(13) * scale);
    }
  });

  it.each([0, 1, 3, 7, 8, 9, 31, 32, 33, 5003])(
    'the norm of %d elements is that in float64',
    async (size) => {
      const gradient = [...wave(size, 1)];
      for (const clipValue of [inf, 0.25]) {
        const { norm, metrics } = await stepOf({ clipGlobalNorm: inf, clipValue }, [gradient]);
        expectClose(norm, normOf(gradient.map((x) => Math.max(-clipValue, Math.min(clipValue, x)))));
        expectClose(metrics.gradientNorm, normOf(gradient));
      }
    },
  );

  it.each([0, 1, 2, 3, 4, 5, 6])('gradients of rank %d are clipped', async (rank) => {
    const shape = [2, 3, 1, 2, 2, 3].slice(0, rank);
    const size = tf.util.sizeFromShape(shape);
    const variable = tf.variable(tf.zeros(shape), true, 'ranked');
    const optimizer = new Descent({ learningRate: 1, clipGlobalNorm: 1, recordMetrics: true });
    tf.tidy(() => optimizer.applyGradients({ ranked: tf.fill(shape, 1e25) }));
    expectClose(variable.dataSync()[0], -1 / Math.sqrt(size));
    expectClose((await optimizer.metrics())!.groups[0]!.updateNorm, 1);
    variable.dispose();
    optimizer.dispose();
  });

  it('the mean of accumulated gradients is bounded before it is measured, as in float64', async () => {
    const options = { learningRate: 1, accumulationSteps: 3, clipValue: 0.5, clipGlobalNorm: 0.75 };
    const variable = tf.variable(tf.zeros([4]), true, 'weight');
    const optimizer = new Descent(options);
    const { learningRate, ...engine } = options;
    const exact = new Float64Optimizer([{ rule: descentRule as never, options: { learningRate } }], engine);
    exact.add({ name: 'weight', shape: [4], size: 4 }, [0, 0, 0, 0]);
    for (const weight of [
      [3, -3, 0.5, 0],
      [1, -1, 0.5, 0],
      [-1, -2, -0.25, 0.1],
    ]) {
      tf.tidy(() => optimizer.applyGradients({ weight: tf.tensor1d(weight) }));
      exact.step({ weight });
    }
    // Means 1, -2, 0.25 and 0.1 / 3, bounded to 0.5, -0.5, 0.25 and 0.1 / 3.
    expectClose(await optimizer.gradientNorm(), normOf([0.5, -0.5, 0.25, 0.1 / 3]));
    const right = exact.value('weight');
    for (const [index, value] of [...variable.dataSync()].entries()) expectClose(value, right[index]!);
    variable.dispose();
    optimizer.dispose();
  });
});

it('a norm on a device has parts that are finite where the norm is no float32', async () => {
  await tf.setBackend('cpu');
  tf.tidy(() => {
    const { scale, relative } = scaledNorm([tf.fill([9], 3e38), tf.fill([7], -3e38)]);
    expect(scale.dataSync()[0]).toBe(float32(3e38));
    expect(relative.dataSync()[0]).toBe(4);
  });
});

it.each(['cpu', 'wasm'])('sums of squares on %s are also of integers and truth values', async (backend) => {
  await tf.setBackend(backend);
  tf.tidy(() => {
    const floats = tf.tensor1d([3, -4, 0.5]);
    const integers = tf.tensor1d([3, -4, 2], 'int32');
    expect(sumOfSquares(floats)).toBe(25.25);
    expect(sumOfSquares(integers)).toBe(29);
    expect(sumOfSquares(integers, { bound: 3 })).toBe(9 + 9 + 4);
    expect(sumOfSquares(tf.tensor1d([true, false, true]))).toBe(2);
    expect(sumOfSquares(floats, { minus: integers })).toBe(1.5 ** 2);
    expect(sumOfSquares(integers, { minus: floats })).toBe(1.5 ** 2);
    expect(sumOfSquares(floats, { minus: tf.tensor1d([0, 0, 3]), bound: 2.5 })).toBe(3 * 2.5 ** 2);
  });
});
