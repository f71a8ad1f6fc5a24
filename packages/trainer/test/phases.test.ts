import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TokenBatch, TrainingData, TrainingProgress, TrainOptions } from '../src/index.ts';
import { checkpointBytes, freshFolder, metricsOf, trainTiny, untimedMetrics } from './run-in-folder.ts';
import { tinyData } from './tiny-run.ts';

beforeAll(() => tf.setBackend('cpu'));

// Switches on a checkpoint (6), and between checkpoints and lines (13).
const phases = [
  { fromStep: 0, contextLength: 2, batchSize: 16 },
  { fromStep: 6, contextLength: 5, batchSize: 3 },
  { fromStep: 13, contextLength: 8, batchSize: 4 },
];
const flopsPerToken = (contextLength: number) => 1000 + 10 * contextLength;
const growing: Partial<TrainOptions> = { phases, flopsPerToken };

/** The tiny data, and a note of every batch it gave. */
function watchedData(): { data: TrainingData; batches: TokenBatch[] } {
  const data = tinyData();
  const batches: TokenBatch[] = [];
  const next: TrainingData['train']['next'] = async (shape) => {
    batches.push(await data.train.next(shape));
    return batches.at(-1)!;
  };
  return { data: { ...data, train: { ...data.train, next } }, batches };
}

describe('a run in phases', () => {
  it('trains on batches of the shape of each phase', async () => {
    const { data, batches } = watchedData();
    await trainTiny(await freshFolder(), { ...growing, data });
    const shapes = batches.map(({ batchSize, sequenceLength }) => `${batchSize} x ${sequenceLength}`);
    expect(shapes).toEqual([
      ...Array(6).fill('16 x 3'),
      ...Array(7).fill('3 x 6'),
      ...Array(7).fill('4 x 9'),
    ]);
  });

  it('evaluates on the same batches as one without', async () => {
    const [one, other] = [await freshFolder(), await freshFolder()];
    await trainTiny(one, growing);
    await trainTiny(other);
    const [first, firstWithout] = [(await metricsOf(one))[0]!, (await metricsOf(other))[0]!];
    expect([first.kind, first.step]).toEqual(['evaluation', 0]);
    expect(first.loss).toBe(firstWithout.loss);
  });

  it('counts the tokens and FLOPs of each phase', async () => {
    const folder = await freshFolder();
    const summary = await trainTiny(folder, growing);
    const lines = await metricsOf(folder);
    const spentAt = (step: number) => {
      const found = lines.filter((line) => line.step === step);
      return new Set(found.map(({ tokens, flops }) => `${tokens} ${flops}`));
    };
    const [tokens, flops] = [6 * 32 + 4 * 15, 6 * 32 * 1020 + 4 * 15 * 1050];
    expect(spentAt(0)).toEqual(new Set(['0 0']));
    expect(spentAt(10)).toEqual(new Set([`${tokens} ${flops}`]));
    expect(summary).toMatchObject({
      tokens: 6 * 32 + 7 * 15 + 7 * 32,
      flops: 6 * 32 * 1020 + 7 * 15 * 1050 + 7 * 32 * 1080,
    });
    const contexts = lines.flatMap((line) =>
      line.kind === 'train' ? [[line.step, line.contextLength]] : [],
    );
    expect(contexts.slice(0, 9)).toEqual([
      [1, 2],
      [2, 2],
      [4, 2],
      [6, 2],
      [8, 5],
      [10, 5],
      [12, 5],
      [14, 8],
      [16, 8],
    ]);
  });

  it('tells the time left from the tokens left, not from the steps', async () => {
    const seen: TrainingProgress[] = [];
    await trainTiny(await freshFolder(), { ...growing, onProgress: (progress) => void seen.push(progress) });
    // Rounding alone may differ.
    for (const [step, left] of [
      [3, 3 * 32 + 7 * 15 + 7 * 32],
      [6, 7 * 15 + 7 * 32],
      [13, 7 * 32],
      [20, 0],
    ] as const) {
      const { tokensPerSecond, secondsLeft } = seen[step - 1]!;
      expect(secondsLeft * tokensPerSecond).toBeCloseTo(left, 6);
    }
  });

  it('is, with the shape of the data as its only phase, the run without phases', async () => {
    const [one, other] = [await freshFolder(), await freshFolder()];
    await trainTiny(one, { phases: [{ fromStep: 0, contextLength: 8, batchSize: 4 }] });
    await trainTiny(other);
    const without = (await untimedMetrics(one)).map((line) => {
      const { contextLength: _, ...rest } = line as { contextLength?: number };
      return rest;
    });
    expect(without).toEqual(await untimedMetrics(other));
    expect(await checkpointBytes(one)).toEqual(await checkpointBytes(other));
  });

  it('leaves no tensor behind at a switch', async () => {
    const counts: number[] = [];
    await trainTiny(await freshFolder(), {
      ...growing,
      onProgress: () => void counts.push(tf.memory().numTensors),
    });
    expect(new Set(counts.slice(1)).size).toBe(1);
  });
});

describe('a run in phases continues bit for bit', () => {
  // Before, at and after a switch on a checkpoint and one between checkpoints.
  it.each([3, 5, 6, 7, 12, 13, 14])('when it is stopped after step %i', async (step) => {
    const [whole, stopped] = [await freshFolder(), await freshFolder()];
    await trainTiny(whole, growing);
    const controller = new AbortController();
    await trainTiny(stopped, {
      ...growing,
      signal: controller.signal,
      onProgress: (progress) => progress.step === step && controller.abort(),
    });
    await trainTiny(stopped, growing);
    expect(await untimedMetrics(stopped)).toEqual(await untimedMetrics(whole));
    expect(await checkpointBytes(stopped)).toEqual(await checkpointBytes(whole));
  });

  it.each([5, 6, 7, 13, 14])('when it crashes after step %i', async (step) => {
    const [whole, crashed] = [await freshFolder(), await freshFolder()];
    await trainTiny(whole, growing);
    const crash = trainTiny(crashed, {
      ...growing,
      onProgress: (progress) => {
        if (progress.step === step) throw new Error('crash');
      },
    });
    await expect(crash).rejects.toThrow('crash');
    await trainTiny(crashed, growing);
    expect(await untimedMetrics(crashed)).toEqual(await untimedMetrics(whole));
    expect(await checkpointBytes(crashed)).toEqual(await checkpointBytes(whole));
  });

  it('but not in other phases, nor when it begins to count FLOPs in its middle', async () => {
    const folder = await freshFolder();
    await trainTiny(folder, { phases, signal: AbortSignal.abort() });
    const moved = [phases[0]!, { ...phases[1]!, fromStep: 7 }, phases[2]!];
    const file = join(folder, 'checkpoint', 'trainer.json');
    await expect(trainTiny(folder, { phases: moved })).rejects.toThrow(
      `${file} holds another run: phases[1].fromStep is 6 there and 7 in this run`,
    );
    await expect(trainTiny(folder)).rejects.toThrow('phases is [');
    await expect(trainTiny(folder, growing)).rejects.toThrow('countsFlops is missing there and true');
    expect((await trainTiny(folder, { phases })).status).toBe('finished');
  });
});

it('names data that gives batches of one shape only', async () => {
  const data = tinyData();
  const fixed = { ...data, train: { ...data.train, next: () => data.train.next() } };
  await expect(trainTiny(await freshFolder(), { phases, data: fixed })).rejects.toThrow(
    'phases ask for batches of 16 sequences of 3 tokens from step 0 on, but data.train.next gave 4 of 9: ' +
      'it must heed the shape it is given',
  );
});

it.each<[unknown, string]>([
  [[], 'phases must be a list of { fromStep, contextLength, batchSize }, got an empty list'],
  [{ fromStep: 0 }, 'phases must be a list of { fromStep, contextLength, batchSize }, got [object Object]'],
  [[{ ...phases[0], fromStep: 1 }], 'phases[0].fromStep must be 0, where the run begins, got 1'],
  [[{ ...phases[0], contextLenght: 3 }], 'unknown option "phases[0].contextLenght"; did you mean'],
  [
    [{ ...phases[0], contextLength: 0 }],
    'phases[0].contextLength must be a whole number of at least 1, got 0',
  ],
  [[phases[0], { ...phases[1], batchSize: '4' }], 'phases[1].batchSize must be a whole number of at least 1'],
  [
    [phases[0], { ...phases[1], fromStep: 2.5 }],
    'phases[1].fromStep must be a whole number (steps), got 2.5',
  ],
  [
    [phases[0], phases[2], phases[1]],
    'phases[2].fromStep must be after the 13 of the phase before and before the 20 steps of the run, got 6',
  ],
  [[phases[0], { ...phases[1], fromStep: 20 }], 'before the 20 steps of the run, got 20'],
])('refuses phases %j', async (wrong, message) => {
  const options = { phases: wrong as TrainOptions['phases'] } as Partial<TrainOptions>;
  await expect(trainTiny(await freshFolder(), options)).rejects.toThrow(message);
});
