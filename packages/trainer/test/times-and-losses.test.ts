import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { BatchShape, TrainingProgress, TrainOptions } from '../src/index.ts';
import { freshFolder, metricsOf, trainTiny } from './run-in-folder.ts';
import { TinyModel, TinyOptimizer, tinyData, tinyRate } from './tiny-run.ts';

beforeAll(() => tf.setBackend('cpu'));
afterEach(() => vi.restoreAllMocks());

/** A run whose step k takes k milliseconds, by its clock: one of them in the optimizer, and the others for its batch. */
async function timedRun(options: Partial<TrainOptions>) {
  let clock = 1000;
  let step = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => clock);
  class Timed extends TinyOptimizer {
    override applyGradients(gradients: Parameters<TinyOptimizerType['applyGradients']>[0]): void {
      clock += 1;
      super.applyGradients(gradients);
    }
  }
  class Slow extends TinyModel {
    override loss(tokens: tf.Tensor2D) {
      // Evaluations, which are on batches of other sizes, take long, and count for nothing.
      if (tokens.shape[0] === 3) clock += 100_000;
      return super.loss(tokens);
    }
  }
  const data = tinyData();
  const next = (shape?: BatchShape) => {
    step += 1;
    clock += step - 1;
    return data.train.next(shape);
  };
  const [model, optimizer] = [new Slow(), new Timed({ learningRate: tinyRate })];
  const progress: TrainingProgress[] = [];
  const folder = await freshFolder();
  const summary = await trainTiny(folder, {
    model,
    optimizer,
    data: { ...data, train: { ...data.train, next } },
    evaluation: { every: 5, sequences: 3 },
    onProgress: (event) => progress.push(event),
    ...options,
  });
  model.dispose();
  optimizer.dispose();
  return { summary, progress, lines: await metricsOf(folder) };
}
type TinyOptimizerType = InstanceType<typeof TinyOptimizer>;

describe('the times of a run', () => {
  it('are those of its training steps, over all of them and over the last twenty', async () => {
    const { summary, progress, lines } = await timedRun({ steps: 25, log: { every: 5 } });
    // 1 + 2 + ... + 25 milliseconds for 25 batches of 4 sequences with 8 predicted tokens.
    expect(summary.seconds).toBeCloseTo(0.325, 12);
    expect(summary.tokensPerSecond).toBeCloseTo(800 / 0.325, 9);
    expect([summary.millisecondsPerStep, summary.optimizerMillisecondsPerStep]).toEqual([13, 1]);
    const secondsAt = (step: number) =>
      lines.find((line) => line.kind === 'train' && line.step === step)!.seconds;
    expect([1, 10, 20].map(secondsAt).map((seconds) => Math.round(1000 * seconds))).toEqual([1, 55, 210]);
    // The mean of 1 to 10 milliseconds is 5.5, and that of the last twenty up to step 25 is 15.5.
    expect(progress[9]!.tokensPerSecond).toBeCloseTo(32 / 0.0055, 6);
    expect(progress[9]!.secondsLeft).toBeCloseTo(15 * 0.0055, 9);
    expect(progress[20]!.tokensPerSecond).toBeCloseTo(32 / 0.0115, 6);
    expect(progress[24]!.tokensPerSecond).toBeCloseTo(32 / 0.0155, 6);
  });

  it('tell the speed since the last change of the shape of batches', async () => {
    const { progress } = await timedRun({
      steps: 9,
      phases: [
        { fromStep: 0, contextLength: 8, batchSize: 4 },
        { fromStep: 6, contextLength: 4, batchSize: 2 },
      ],
    });
    const speeds = progress.map(({ tokensPerSecond }) => tokensPerSecond);
    // Up to step 6 a mean of 3.5 milliseconds; then 7, 7.5 and 8.
    for (const [step, right] of [
      [6, 32 / 0.0035],
      [7, 8 / 0.007],
      [8, 8 / 0.0075],
      [9, 8 / 0.008],
    ] as const) {
      expect(speeds[step - 1]! / right, `step ${step}`).toBeCloseTo(1, 9);
    }
  });
});

describe('the losses of a run', () => {
  it('are the first, the best and the last of its evaluations, and its progress tells that of each step', async () => {
    // Descends to step 10, and climbs from there.
    const optimizer = new TinyOptimizer({ learningRate: (step) => (step <= 10 ? 1 : -1) });
    const [seen, told]: [number[], number[]] = [[], []];
    const watch = {
      observe: ({ loss }: { loss: number }) => seen.push(loss),
      state: () => 0,
      loadState: () => {},
    };
    const folder = await freshFolder();
    const summary = await trainTiny(folder, {
      optimizer,
      controllers: { watch },
      log: { every: 1 },
      onProgress: ({ loss }) => told.push(loss),
    });
    optimizer.dispose();
    expect(seen).toHaveLength(5);
    expect(summary.initialValidationLoss).toBe(seen[0]);
    expect(summary.finalValidationLoss).toBe(seen[4]);
    expect(summary.bestValidationLoss).toBe(Math.min(...seen));
    expect(Math.min(...seen)).toBe(seen[2]);
    const lines = (await metricsOf(folder)).filter(({ kind }) => kind === 'train');
    expect(told).toEqual(lines.map(({ loss }) => loss));
  });

  it('stand beside the norm of the gradients where the optimizer measures it, and beside null where not', async () => {
    const norms = async (clipGlobalNorm: number | undefined) => {
      const folder = await freshFolder();
      const optimizer = new TinyOptimizer({ learningRate: tinyRate, clipGlobalNorm });
      await trainTiny(folder, { optimizer, steps: 1 });
      optimizer.dispose();
      return (await metricsOf(folder)).flatMap((line) => (line.kind === 'train' ? [line.gradientNorm] : []));
    };
    expect(await norms(undefined)).toEqual([null]);
    const [norm] = await norms(Infinity);
    const model = new TinyModel();
    const right = tf.tidy(() => {
      const { tokens, batchSize, sequenceLength } = tinyData().train.next() as {
        tokens: Int32Array;
      } & Record<'batchSize' | 'sequenceLength', number>;
      const input = tf.tensor2d(tokens, [batchSize, sequenceLength], 'int32');
      const { grads } = tf.variableGrads(() => model.loss(input).total, model.variables);
      const squares = Object.values(grads).map((gradient) => tf.sum(tf.square(gradient)).dataSync()[0]!);
      return Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
    });
    model.dispose();
    // Float32 rounding of the sums.
    expect(norm! / right).toBeCloseTo(1, 5);
  });
});

describe('checkpoints', () => {
  /** Counts how often it is saved. */
  class Counting extends TinyModel {
    saves = 0;
    losses = 0;
    override save() {
      this.saves += 1;
      return super.save();
    }
    override loss(tokens: tf.Tensor2D) {
      this.losses += 1;
      return super.loss(tokens);
    }
  }

  it('are written at multiples of their interval and at the end, and not again at the step that a run continues from', async () => {
    const folder = await freshFolder();
    const first = new Counting();
    const stop = new AbortController();
    await trainTiny(folder, {
      model: first,
      signal: stop.signal,
      onProgress: ({ step }) => step === 9 && stop.abort(),
    });
    // Of steps 3, 6 and 9, and that of the interruption, of the same step.
    expect(first.saves).toBe(4);
    first.dispose();
    const second = new Counting();
    await trainTiny(folder, { model: second });
    // Of steps 12, 15, 18 and 20.
    expect(second.saves).toBe(4);
    second.dispose();
  });

  it('hold an interruption that came before the first batch of an evaluation', async () => {
    const folder = await freshFolder();
    const model = new Counting();
    const summary = await trainTiny(folder, { model, signal: AbortSignal.abort() });
    expect(summary).toMatchObject({ status: 'interrupted', initialValidationLoss: null });
    expect([model.losses, model.saves]).toEqual([0, 1]);
    model.dispose();
  });
});

it('a run that fails with something else than an Error says it', async () => {
  const data = tinyData();
  const next = (): never => {
    throw 'no more batches';
  };
  const folder = await freshFolder();
  await expect(trainTiny(folder, { data: { ...data, train: { ...data.train, next } } })).rejects.toBe(
    'no more batches',
  );
  const { readFile } = await import('node:fs/promises');
  expect(JSON.parse(await readFile(`${folder}/summary.json`, 'utf8'))).toMatchObject({
    status: 'failed',
    reason: 'no more batches',
  });
});
