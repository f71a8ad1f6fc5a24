import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeSafetensors } from '@steepest/safetensors';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type TrainingProgress, train } from '../src/index.ts';
import { checkpointBytes, freshFolder, metricsOf, trainTiny } from './run-in-folder.ts';
import { TinyModel, TinyOptimizer, tinyData, tinyRate } from './tiny-run.ts';

beforeAll(() => tf.setBackend('cpu'));

const sha256Of = async (file: string) =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');

describe('a finished run', () => {
  it('has learned: its validation loss falls far below the start', async () => {
    const summary = await trainTiny(await freshFolder(), { steps: 300 });
    expect(summary.status).toBe('finished');
    // ln(11) = 2.40 is a uniform guess; the noise of the data allows about 0.6.
    expect(summary.initialValidationLoss).toBeCloseTo(Math.log(11), 0);
    expect(summary.finalValidationLoss).toBeLessThan(1.2);
    expect(summary.bestValidationLoss).toBeLessThanOrEqual(summary.finalValidationLoss!);
  });

  it('logs the loss and the learning rate of plain tfjs training, step for step', async () => {
    const folder = await freshFolder();
    await trainTiny(folder, { log: { every: 1 }, steps: 12 });
    const model = new TinyModel();
    const data = tinyData();
    const momentum = model.variables.map((variable) => tf.zerosLike(variable));
    const losses: number[] = [];
    for (let step = 1; step <= 12; step++) {
      const { tokens, batchSize, sequenceLength } = await data.train.next();
      const input = tf.tensor2d(tokens, [batchSize, sequenceLength], 'int32');
      losses.push(model.loss(input).crossEntropy.dataSync()[0]!);
      const { grads } = tf.variableGrads(() => model.loss(input).total, model.variables);
      for (const [i, variable] of model.variables.entries()) {
        momentum[i] = tf.add(tf.mul(0.9, momentum[i]!), tf.mul(0.1, grads[variable.name]!));
        variable.assign(tf.sub(variable, tf.mul(tinyRate(step), momentum[i]!)));
      }
    }
    model.dispose();
    const lines = (await metricsOf(folder)).filter((line) => line.kind === 'train');
    expect(lines.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    // float32 rounding in another order of operations.
    for (const [i, line] of lines.entries()) expect(line.loss).toBeCloseTo(losses[i]!, 5);
    expect(lines.map((line) => line.learningRate)).toEqual(lines.map(({ step }) => tinyRate(step)));
  });

  it('logs the mean loss since the line before, at the first, every nth and the last step', async () => {
    const [each, fourth] = [await freshFolder(), await freshFolder()];
    await trainTiny(each, { log: { every: 1 }, steps: 10 });
    await trainTiny(fourth, { log: { every: 4 }, steps: 10 });
    const losses = (await metricsOf(each)).filter(({ kind }) => kind === 'train').map(({ loss }) => loss);
    const lines = (await metricsOf(fourth)).filter(({ kind }) => kind === 'train');
    expect(lines.map(({ step }) => step)).toEqual([1, 4, 8, 10]);
    const mean = (from: number, to: number) =>
      losses.slice(from - 1, to).reduce((sum, loss) => sum + loss, 0) / (to - from + 1);
    expect(lines.map(({ loss }) => loss)).toEqual([mean(1, 1), mean(2, 4), mean(5, 8), mean(9, 10)]);
  });

  it('evaluates at step 0, the points asked for and the last step', async () => {
    const folder = await freshFolder();
    await trainTiny(folder, { evaluation: { points: [7, 3], sequences: 6 }, steps: 10 });
    const lines = (await metricsOf(folder)).filter(({ kind }) => kind === 'evaluation');
    expect(lines.map(({ step }) => step)).toEqual([0, 3, 7, 10]);
    expect(lines.map(({ tokens }) => tokens)).toEqual([0, 96, 224, 320]);
  });

  it('times steps on the fewest threads alone, and says how many there were', async () => {
    const folder = await freshFolder();
    const counts = [2, 2, 1, 1, 3, 1, 1, 1, 1, 1];
    let asked = 0;
    const summary = await trainTiny(folder, {
      steps: 10,
      log: { every: 1 },
      threads: () => counts[asked++]!,
    });
    expect(asked).toBe(10);
    expect(summary.threads).toEqual({ least: 1, most: 3 });
    const lines = (await metricsOf(folder)).filter((line) => line.kind === 'train');
    expect(lines.map(({ threads }) => threads)).toEqual(counts);
    const { counters } = JSON.parse(await readFile(join(folder, 'checkpoint', 'trainer.json'), 'utf8'));
    // Steps 1, 2 and 5 had more threads.
    expect(counters.milliseconds.step.length).toBe(7);
    expect(counters.milliseconds.optimizer.length).toBe(7);
    const longer = await trainTiny(folder, { steps: 12, log: { every: 1 }, threads: () => 4, extend: true });
    expect(longer.threads).toEqual({ least: 1, most: 4 });
    expect(longer.millisecondsPerStep).toBe(summary.millisecondsPerStep);
  });

  it('sums itself up in summary.json and config.json', async () => {
    const folder = await freshFolder();
    const summary = await trainTiny(folder);
    expect(JSON.parse(await readFile(join(folder, 'summary.json'), 'utf8'))).toEqual({
      schemaVersion: 1,
      ...summary,
      // What `sha256sum` says of the files beside it.
      sha256: {
        'config.json': await sha256Of(join(folder, 'config.json')),
        'metrics.jsonl': await sha256Of(join(folder, 'metrics.jsonl')),
      },
      checksum: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))).toEqual({ seed: 7 });
    const lines = await metricsOf(folder);
    const last = lines.at(-1)!;
    expect(summary).toMatchObject({
      status: 'finished',
      steps: 20,
      tokens: 20 * 4 * 8,
      parameters: 2 * 11 * 6,
      stateBytesPerParameter: 4,
      seconds: last.seconds,
      finalValidationLoss: last.loss,
      finalTrainLoss: lines.findLast(({ kind }) => kind === 'train')!.loss,
    });
    expect(summary.tokensPerSecond).toBeCloseTo(640 / summary.seconds, 6);
    expect(summary.optimizerMillisecondsPerStep).toBeGreaterThan(0);
    expect(summary.optimizerMillisecondsPerStep).toBeLessThan(summary.millisecondsPerStep!);
  });

  it('sums itself up in bits by byte where the validation batches say how many bytes they stand for', async () => {
    const data = tinyData();
    const validation = async (options: { sequences: number }) =>
      (await data.validation(options)).map((batch) => ({
        ...batch,
        textBytes: new Float64Array(batch.batchSize).fill(20),
      }));
    const { finalValidationLoss, finalBitsPerByte } = await trainTiny(await freshFolder(), {
      data: { ...data, validation },
    });
    // 6 sequences of 8 predicted tokens in 120 bytes.
    expect(finalBitsPerByte).toBeCloseTo((finalValidationLoss! * 48) / Math.LN2 / 120, 12);
    expect(await trainTiny(await freshFolder())).not.toHaveProperty('finalBitsPerByte');
  });

  it('leaves model and optimizer as safetensors, state named <parameter>/<slot>', async () => {
    const folder = await freshFolder();
    await trainTiny(folder);
    const [model, optimizer] = (await checkpointBytes(folder)).map(decodeSafetensors);
    expect(Object.keys(model!.tensors)).toEqual(['embedding/weight', 'head/weight']);
    expect(Object.keys(optimizer!.tensors)).toEqual(['embedding/weight/momentum', 'head/weight/momentum']);
    expect(optimizer!.metadata).toMatchObject({
      schemaVersion: '1',
      optimizer: 'tiny',
      counts: '{"step":20}',
    });
    expect(JSON.parse(optimizer!.metadata.steps!)).toEqual({ 'embedding/weight': 20, 'head/weight': 20 });
  });

  it('is not trained again: a second call gives its summary and leaves its files', async () => {
    const folder = await freshFolder();
    const first = await trainTiny(folder);
    const metrics = await metricsOf(folder);
    let events = 0;
    expect(await trainTiny(folder, { onProgress: () => events++ })).toEqual(first);
    expect(events).toBe(0);
    expect(await metricsOf(folder)).toEqual(metrics);
  });

  it('reports progress after every step', async () => {
    const events: TrainingProgress[] = [];
    await trainTiny(await freshFolder(), { steps: 4, onProgress: (event) => events.push(event) });
    expect(events.map(({ step, steps }) => [step, steps])).toEqual([
      [1, 4],
      [2, 4],
      [3, 4],
      [4, 4],
    ]);
    expect(events.every(({ tokensPerSecond }) => tokensPerSecond > 0)).toBe(true);
    expect(events.at(-1)!.secondsLeft).toBe(0);
  });

  it('holds the same number of tensors after every step, and its own are gone at the end', async () => {
    const model = new TinyModel();
    const optimizer = new TinyOptimizer({ learningRate: tinyRate });
    const before = tf.memory().numTensors;
    const counts: number[] = [];
    await train({
      model,
      optimizer,
      data: tinyData(),
      steps: 12,
      evaluation: { every: 4, sequences: 6 },
      checkpoint: { every: 3 },
      directory: await freshFolder(),
      onProgress: () => counts.push(tf.memory().numTensors),
    });
    expect(counts).toEqual(Array(12).fill(counts[0]));
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
  });

  it('trains a model whose two losses are one tensor', async () => {
    class PlainModel extends TinyModel {
      override loss(tokens: tf.Tensor2D) {
        const { crossEntropy } = super.loss(tokens);
        return { total: crossEntropy, crossEntropy };
      }
    }
    const model = new PlainModel();
    const summary = await trainTiny(await freshFolder(), { model });
    model.dispose();
    expect(summary.status).toBe('finished');
  });
});
