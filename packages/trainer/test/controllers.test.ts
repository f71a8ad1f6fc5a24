import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ReduceLROnPlateau } from '@steepest/lr-schedules';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import type { TrainOptions } from '../src/index.ts';
import { checkpointBytes, freshFolder, metricsOf, trainTiny, untimedMetrics } from './run-in-folder.ts';
import { TinyOptimizer } from './tiny-run.ts';

beforeAll(() => tf.setBackend('cpu'));

/** Trains with a rate that is halved at every evaluation whose loss is not half the best. */
async function trainOnPlateaus(folder: string, options: Partial<TrainOptions> = {}) {
  const optimizer = new TinyOptimizer({ learningRate: 0.5 });
  const plateau = new ReduceLROnPlateau(optimizer, { factor: 0.5, patience: 0, threshold: 0.5 });
  try {
    return await trainTiny(folder, {
      optimizer,
      controllers: { plateau },
      evaluation: { every: 4, sequences: 6 },
      log: { every: 1 },
      ...options,
    });
  } finally {
    optimizer.dispose();
  }
}

it('a controller sees every evaluation, and what it changes holds from the next step on', async () => {
  const folder = await freshFolder();
  await trainOnPlateaus(folder);
  const rates = (await metricsOf(folder)).flatMap((line) =>
    line.kind === 'train' ? [line.learningRate] : [],
  );
  // Evaluations at 0, 4, 8, 12, 16 and 20, none with half the loss of the first.
  expect(rates).toEqual([0.5, 0.25, 0.125, 0.0625, 0.03125].flatMap((rate) => Array(4).fill(rate)));
  const { controllers } = JSON.parse(await readFile(join(folder, 'checkpoint', 'trainer.json'), 'utf8'));
  expect(controllers.plateau).toMatchObject({ badValues: 0, cooldownLeft: 0, learningRates: [0.015625] });
});

it.each([3, 4, 5, 8, 11])(
  'a run with a controller that stops at step %i resumes bit for bit',
  async (last) => {
    const [whole, stopped] = [await freshFolder(), await freshFolder()];
    await trainOnPlateaus(whole);
    const stop = new AbortController();
    await trainOnPlateaus(stopped, {
      signal: stop.signal,
      onProgress: ({ step }) => step === last && stop.abort(),
    });
    await trainOnPlateaus(stopped);
    expect(await untimedMetrics(stopped)).toEqual(await untimedMetrics(whole));
    expect(await checkpointBytes(stopped)).toEqual(await checkpointBytes(whole));
  },
);

it('a run is not resumed with other controllers', async () => {
  const folder = await freshFolder();
  await trainOnPlateaus(folder);
  await expect(trainOnPlateaus(folder, { controllers: undefined })).rejects.toThrow(
    /trainer\.json holds another run: controllers is \["plateau"\] there and missing in this run/,
  );
});

it('ReduceLROnPlateau is a callback of LayersModel.fit, too', async () => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] });
  const optimizer = new TinyOptimizer({
    learningRate: 0.5,
    groups: [{ match: '*bias*', learningRate: 0.25 }],
  });
  model.compile({ optimizer, loss: 'meanSquaredError' });
  const x = tf.zeros([4, 1]);
  const plateau = new ReduceLROnPlateau(optimizer, { patience: 1, factor: 0.5 });
  // The loss is 0 from the beginning, and never better.
  await model.fit(x, x, { epochs: 5, verbose: 0, validationData: [x, x], callbacks: plateau });
  expect(optimizer.hyperparametersAt().map(({ values }) => values.learningRate)).toEqual([0.0625, 0.125]);
  await expect(model.fit(x, x, { epochs: 1, verbose: 0, callbacks: plateau })).rejects.toThrow(
    'the logs have no "val_loss", but loss',
  );
});
