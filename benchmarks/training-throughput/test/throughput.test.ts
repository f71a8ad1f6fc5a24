import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLanguageModel } from '@steepest/lm-models';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { nodeSubject, pytorchSubject } from '../src/child.ts';
import { main } from '../src/command-line.ts';
import { largestLossDifference, type Measurement, measure } from '../src/measure.ts';
import { predictedSpeedup, serialShareOf } from '../src/serial-share.ts';
import { serialShareTable, throughputTable } from '../src/table.ts';
import { modelOptions, operationsPerStep, taskOf, writeTask } from '../src/task.ts';

const sizes = { width: 16, layers: 2, heads: 2, vocabulary: 40, sequences: 2, positions: 12 };
let folder: string;

beforeAll(async () => {
  await tf.setBackend('cpu');
  folder = await mkdtemp(join(tmpdir(), 'training-throughput-test-'));
  const model = createLanguageModel(modelOptions(taskOf(sizes)));
  await writeTask(folder, taskOf(sizes), await model.save());
  model.dispose();
});

afterAll(() => rm(folder, { recursive: true }));

it('trains the same model with the same losses in every library, and leaves out what is missing in a line', async () => {
  const lines: string[] = [];
  const subjects = [
    nodeSubject('steepest', process.execPath),
    nodeSubject('steepest', process.execPath, 2),
    nodeSubject('tfjs', process.execPath),
    nodeSubject('jax-js', process.execPath),
    pytorchSubject('/nowhere/python'),
  ];
  const measurements = await measure(subjects, folder, {
    rounds: 2,
    turnSeconds: 0,
    firstSteps: 3,
    log: (line) => lines.push(line),
  });
  expect(measurements.map(({ name }) => name)).toEqual(['steepest', 'steepest, 2 threads', 'tfjs', 'jax-js']);
  expect(measurements[1]!.firstLosses).toEqual(measurements[0]!.firstLosses);
  expect(measurements.map(({ serial }) => serial !== undefined)).toEqual([false, true, false, false]);
  expect(measurements[1]!.serial!.share).toBeGreaterThan(0);
  // Float32 rounding of three steps; the losses themselves fall by more than a hundred times this.
  expect(largestLossDifference(measurements)).toBeLessThan(1e-5);
  expect(lines.filter((line) => line.includes('pytorch is left out'))).toHaveLength(1);
  for (const { firstLosses, steps, milliseconds, medianMilliseconds, peakBytes } of measurements) {
    expect(firstLosses).toHaveLength(3);
    expect(steps).toBe(2);
    expect(milliseconds).toBeGreaterThan(0);
    expect(medianMilliseconds).toBeGreaterThanOrEqual(milliseconds);
    expect(peakBytes).toBeGreaterThan(20e6);
  }
});

it('stops and says so when a process fails', async () => {
  const subject = { name: 'broken', command: [process.execPath, '-e', 'process.exit(3)'] } as const;
  const options = { rounds: 1, turnSeconds: 0, firstSteps: 1 };
  await expect(measure([subject], folder, options)).rejects.toThrow('the process of broken ended');
});

it('counts 6 operations a weight and token, and those of attention', () => {
  // 2 layers of 12 * 16 * 16 weights and a head of 40 * 16, 24 tokens; 12 * 2 layers * 12 positions * 16 columns each.
  expect(operationsPerStep(sizes)).toBe(24 * (6 * (2 * 12 * 256 + 640) + 12 * 2 * 12 * 16));
});

it('shows how many times as fast the first subject is on the same Node, by the clock that was asked for', () => {
  const measurement = { firstLosses: [1], steps: 1, medianMilliseconds: 1, peakBytes: 1e6 };
  const measurements: Measurement[] = [
    { ...measurement, name: 'ours', version: 'Node 20', milliseconds: 10, processorMilliseconds: 8 },
    { ...measurement, name: 'ours', version: 'Node 24', milliseconds: 5, processorMilliseconds: 4 },
    { ...measurement, name: 'other', version: 'Node 24', milliseconds: 25, processorMilliseconds: 12 },
    { ...measurement, name: 'torch', version: 'PyTorch', milliseconds: 2, processorMilliseconds: 2 },
  ];
  expect(throughputTable(measurements, sizes, 'wall')).toMatch(/other.* 5\.00x[\s\S]*torch.* 0\.20x 0\.40x/);
  expect(throughputTable(measurements, sizes, 'processor')).toMatch(
    /other.* 3\.00x[\s\S]*torch.* 0\.25x 0\.50x/,
  );
});

it('tells the serial share of a step on several threads, and what Amdahl predicts from it', () => {
  const step = { loss: 1, processorMilliseconds: 1, milliseconds: 60, dividedMilliseconds: 50 };
  expect(serialShareOf(step, 1)).toBeUndefined();
  expect(serialShareOf({ loss: 1, processorMilliseconds: 1, milliseconds: 60 }, 2)).toBeUndefined();
  // 10 ms alone of 10 + 2 * 50 that one thread would take.
  const serial = serialShareOf(step, 2)!;
  expect(serial.milliseconds).toBe(10);
  expect(serial.share).toBeCloseTo(1 / 11, 12);
  // Amdahl: a share of 5 % is 5.93 times as fast on 8 processors, 9.14 on 16.
  expect(predictedSpeedup({ milliseconds: 1, share: 0.05 }, 8)).toBeCloseTo(5.926, 3);
  expect(predictedSpeedup({ milliseconds: 1, share: 0.05 }, 16)).toBeCloseTo(9.143, 3);
  const plain = {
    name: 'a',
    version: 'Node 20',
    firstLosses: [1],
    steps: 1,
    milliseconds: 1,
    medianMilliseconds: 1,
  };
  const measurement: Measurement = { ...plain, processorMilliseconds: 1, peakBytes: 1 };
  expect(serialShareTable([measurement])).toBe('');
  expect(
    serialShareTable([measurement, { ...measurement, name: 'b', serial: { milliseconds: 5, share: 0.05 } }]),
  ).toMatch(/b .* 5\.0 .* 5\.0 % .* 5\.9x .* 9\.1x/);
});

it('calls losses different that are, NaN above all', () => {
  const withLoss = (loss: number) => ({ firstLosses: [2, loss] }) as unknown as Measurement;
  expect(largestLossDifference([withLoss(4), withLoss(5)])).toBeCloseTo(0.25);
  expect(largestLossDifference([withLoss(4), withLoss(Number.NaN)])).toBe(Number.POSITIVE_INFINITY);
});

it('writes the numbers to a file, and answers wrong usage with 2', async () => {
  const out = join(folder, 'numbers.json');
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  const error = vi.spyOn(console, 'error').mockImplementation(() => {});
  const small = Object.entries(sizes).flatMap(([name, size]) => [`--${name}`, String(size)]);
  const flags = ['--subjects', 'steepest', '--rounds', '1', '--turn-seconds', '0.001', '--out', out];
  expect(await main([...small, ...flags])).toBe(0);
  const { task, measurements } = JSON.parse(await readFile(out, 'utf8'));
  expect([task.width, measurements.length, measurements[0].name]).toEqual([16, 1, 'steepest']);
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  expect(await main(['--subjects', 'steepest,onnx'])).toBe(2);
  expect(await main(['--rounds', '0'])).toBe(2);
  log.mockRestore();
  error.mockRestore();
});
