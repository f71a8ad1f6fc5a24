import { Float64Optimizer, type OptimizerClass } from '@steepest/optimizer';
import { optimizerByName } from '@steepest/registry';
import * as tf from '@tensorflow/tfjs';
import { expect, it, vi } from 'vitest';
import { allocationsOf } from '../src/matrices/allocations.ts';
import { formatMatrices, main } from '../src/matrices/command-line.ts';
import { layerShapes, matrixOptimizers } from '../src/matrices/operations.ts';
import { installedOptimizers } from '../src/subjects.ts';

async function run(...args: string[]): Promise<{ exitCode: number; output: string }> {
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  const error = vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.push(line));
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  try {
    return { exitCode: await main(args), output: lines.join('\n') };
  } finally {
    for (const mock of [log, error, write]) mock.mockRestore();
  }
}

it('counts the operations of a 6 x 2 matrix', () => {
  const counts = Object.fromEntries(matrixOptimizers.map(({ optimizer, count }) => [optimizer, count(6, 2)]));
  const muon = 5 * (3 * 4 * 6 + 8);
  // A rotation is two operations for each element and length of an axis: 2 * 12 * (6 + 2); a Gram matrix half of that.
  const soap = 3 * 192 + 96 + (2 * 216 + (8 / 3) * 216 + 2 * 8 + (8 / 3) * 8) / 10;
  expect(counts.muon).toBe(muon);
  expect(counts.scion).toBe(muon);
  expect(counts['mars-m']).toBe(muon);
  expect(counts.soap).toBeCloseTo(soap, 9);
  // Four products of 2 * 6 * 2 * 2, and the QR of 6 x 2: 4 * 6 * 4 - 4/3 * 8.
  expect(counts.dion).toBeCloseTo(4 * 48 + 96 - 32 / 3, 9);
  expect(counts['psgd-kron']).toBeCloseTo(6 * 96 + (216 + 8) / 3, 9);
});

it('lists four matrices per layer', () => {
  expect(layerShapes(2, 2)).toEqual([
    ...[
      [6, 2],
      [2, 2],
      [8, 2],
      [2, 8],
    ],
    ...[
      [6, 2],
      [2, 2],
      [8, 2],
      [2, 8],
    ],
  ]);
});

it('times every optimizer of matrices, and leaves no tensors', async () => {
  const { exitCode, output } = await run(
    ...[
      '--widths',
      '16',
      '--layers',
      '1',
      '--rounds',
      '1',
      '--milliseconds',
      '1',
      '--python',
      '/no/such/python',
    ],
  );
  expect(output).toContain('width 16, 1 layers, one thread');
  for (const { optimizer, formula } of matrixOptimizers) expect(output).toContain(`${optimizer}: ${formula}`);
  expect(exitCode).toBe(0);
  expect(tf.memory().numTensors).toBe(0);
});

it('counts pieces of the heap', async () => {
  await tf.setBackend('wasm');
  expect(allocationsOf(() => tf.dispose([tf.ones([3]), tf.ones([4])]))).toBe(2);
});

it('prints the ratio to PyTorch', () => {
  const table = formatMatrices([
    {
      width: 128,
      threads: 1,
      optimizer: 'muon',
      step: 20,
      operations: 800e6,
      productSpeed: 50e9,
      reached: 0.8,
      allocationsPerMatrix: 5,
      pytorch: 10,
    },
  ]);
  for (const cell of ['800', '50.0', '16.0', '20.0', '80 %', '10.0 (0.50x)']) expect(table).toContain(cell);
});

it.each([
  [
    ['--optimizers', 'lion'],
    2,
    'error: unknown optimizer "lion"; known are muon, scion, mars-m, soap, dion, psgd-kron',
  ],
  [['--threads', '2', '--clock', 'processor'], 2, 'adds up the time of all threads'],
  [['--widths', '0'], 2, 'It must be a whole number of at least 1.'],
])('refuses %s', async (args, expected, message) => {
  const { exitCode, output } = await run(...args);
  expect(exitCode).toBe(expected);
  expect(output).toContain(message);
});

it.each(matrixOptimizers.map(({ optimizer }) => optimizer))(
  'measures a %s that agrees with float64',
  async (name) => {
    await installedOptimizers();
    await import('@steepest/wasm-kernels');
    await tf.setBackend('wasm');
    const Optimizer = optimizerByName(name) as OptimizerClass<object> & { rule: never };
    const options = { learningRate: 0.01 };
    const exact = new Float64Optimizer([{ rule: Optimizer.rule, options }]);
    const optimizer = new Optimizer(options);
    // Two of one shape, and shapes that are cut into several blocks.
    const shapes = { a: [60, 50], b: [50, 70], c: [60, 50] };
    const weights = Object.entries(shapes).map(([weight, shape]) => {
      const values = Array.from({ length: shape[0]! * shape[1]! }, (_, i) => Math.fround(Math.sin(i)));
      exact.add({ name: weight, shape, size: values.length }, values);
      return tf.tidy(() => tf.variable(tf.tensor(values, shape), true, weight));
    });
    for (let step = 1; step <= 12; step++) {
      const gradients = Object.fromEntries(
        weights.map((weight, i) => [
          weight.name,
          tf.randomNormal(weight.shape, 0, 1, 'float32', 31 * step + i),
        ]),
      );
      exact.step(
        Object.fromEntries(Object.entries(gradients).map(([weight, g]) => [weight, [...g.dataSync()]])),
      );
      optimizer.applyGradients(gradients);
      tf.dispose(gradients);
    }
    for (const weight of weights) {
      const expected = exact.value(weight.name);
      const values = [...weight.dataSync()];
      const largest = Math.max(...values.map((value, i) => Math.abs(value - expected[i]!)));
      // Twelve moves of 0.01 and more, in float32: what the conformance suite asks of these rules.
      expect(largest).toBeLessThan(1e-5);
    }
    optimizer.dispose();
    tf.dispose(weights);
  },
);
