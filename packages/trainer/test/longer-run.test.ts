import { readdirSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TrainOptions } from '../src/index.ts';
import { checkpointBytes, freshFolder, metricsOf, trainTiny } from './run-in-folder.ts';
import { TinyModel, TinyOptimizer } from './tiny-run.ts';

beforeAll(() => tf.setBackend('cpu'));

const trainLosses = async (folder: string) =>
  (await metricsOf(folder)).flatMap((line) => (line.kind === 'train' ? [[line.step, line.loss]] : []));

/** Trains with a learning rate that falls to zero at the last step. */
const withDecay = async (folder: string, steps: number, options: Partial<TrainOptions> = {}) => {
  const optimizer = new TinyOptimizer({ learningRate: (step: number) => 1 - step / (steps + 1) });
  try {
    return await trainTiny(folder, { optimizer, steps, ...options });
  } finally {
    optimizer.dispose();
  }
};

describe('a finished run', () => {
  it('continues to more steps as one that had them from the beginning', async () => {
    const [whole, extended] = [await freshFolder(), await freshFolder()];
    await trainTiny(whole, { steps: 26, log: { every: 1 } });
    await trainTiny(extended, { steps: 20, log: { every: 1 } });
    const summary = await trainTiny(extended, { steps: 26, log: { every: 1 } });
    expect(summary).toMatchObject({ status: 'finished', steps: 26 });
    expect(await trainLosses(extended)).toEqual(await trainLosses(whole));
    expect(await checkpointBytes(extended)).toEqual(await checkpointBytes(whole));
    // It is now a run of 26 steps.
    expect(await trainTiny(extended, { steps: 26, log: { every: 1 } })).toEqual(summary);
  });

  it('is not made shorter', async () => {
    const folder = await freshFolder();
    await trainTiny(folder);
    await expect(trainTiny(folder, { steps: 10 })).rejects.toThrow(
      /trainer\.json holds a run of 20 steps, and 10 are asked for: a run can be made longer, not shorter/,
    );
  });

  it('whose schedule depends on the number of steps is refused, and with extend continues', async () => {
    const folder = await freshFolder();
    await withDecay(folder, 20);
    const before = [await readdir(folder), await metricsOf(folder)];
    await expect(withDecay(folder, 26)).rejects.toThrow(
      /the run had 20 steps and is to have 26, but its learning rate at step 1 was 0\.95\d* and would be 0\.96\d*: the schedule depends on the number of steps; pass extend: true to continue all the same, or use another folder/,
    );
    expect([await readdir(folder), await metricsOf(folder)]).toEqual(before);
    const model = new TinyModel(11);
    const weights = model.variables.map((variable) => [...variable.dataSync()]);
    await expect(withDecay(folder, 26, { model })).rejects.toThrow(
      'the schedule depends on the number of steps',
    );
    expect(model.variables.map((variable) => [...variable.dataSync()])).toEqual(weights);
    model.dispose();
    expect(await withDecay(folder, 26, { extend: true })).toMatchObject({ status: 'finished', steps: 26 });
  });

  it('needs extend where the optimizer does not say its learning rate', async () => {
    const folder = await freshFolder();
    const silent = () => {
      const optimizer = new TinyOptimizer({ learningRate: 0.5 });
      return Object.assign(optimizer, { hyperparametersAt: undefined }) as never;
    };
    await trainTiny(folder, { optimizer: silent() });
    const lines = await metricsOf(folder);
    expect(lines.find(({ kind }) => kind === 'train')).toMatchObject({ learningRate: null });
    await expect(trainTiny(folder, { optimizer: silent(), steps: 22 })).rejects.toThrow(
      'whether its learning rates so far would be the same cannot be known; pass extend: true',
    );
    expect(await trainTiny(folder, { optimizer: silent(), steps: 22, extend: true })).toMatchObject({
      steps: 22,
    });
  });

  it('of other settings is refused by the setting, not by its length', async () => {
    const folder = await freshFolder();
    await trainTiny(folder);
    await expect(trainTiny(folder, { steps: 26, log: { every: 3 }, extend: true })).rejects.toThrow(
      /trainer\.json holds another run: log\.every is 2 there and 3 in this run/,
    );
  });

  it('without its checkpoint keeps its summary, but cannot be made longer', async () => {
    const folder = await freshFolder();
    const summary = await trainTiny(folder);
    await rm(join(folder, 'checkpoint'), { recursive: true });
    expect(await trainTiny(folder)).toEqual(summary);
    await expect(trainTiny(folder, { steps: 26 })).rejects.toThrow(
      'holds a finished run of 20 steps, and 26 are asked for, but no checkpoint to continue from',
    );
  });
});

it('an interrupted run may be made longer, too', async () => {
  const folder = await freshFolder();
  const stop = new AbortController();
  await trainTiny(folder, { signal: stop.signal, onProgress: ({ step }) => step === 7 && stop.abort() });
  expect(await trainTiny(folder, { steps: 24 })).toMatchObject({ status: 'finished', steps: 24 });
});

it('a run that continues has no summary until it ends', async () => {
  const folder = await freshFolder();
  await trainTiny(folder);
  const names: string[][] = [];
  await trainTiny(folder, { steps: 21, onProgress: () => names.push(readdirSync(folder)) });
  expect(names).toHaveLength(1);
  expect(names[0]).not.toContain('summary.json');
  expect(JSON.parse(await readFile(join(folder, 'summary.json'), 'utf8'))).toMatchObject({ steps: 21 });
});
