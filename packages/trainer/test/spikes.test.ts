import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TrainOptions } from '../src/index.ts';
import { globalNorm, isSpike } from '../src/spikes.ts';
import { checkpointBytes, freshFolder, metricsOf, trainTiny, untimedMetrics } from './run-in-folder.ts';
import { tinyData } from './tiny-run.ts';

beforeAll(() => tf.setBackend('cpu'));

/** The tiny data with a batch of nonsense at some steps, counted from 1. */
function dataWithNonsense(at: readonly number[]) {
  const data = tinyData();
  let step = 0;
  const position = () => ({ step, inner: data.train.position() });
  return {
    ...data,
    train: {
      next: async () => {
        step += 1;
        const batch = await data.train.next();
        // The same token throughout: seldom seen, so its loss is far above that of the rest.
        return at.includes(step) ? { ...batch, tokens: new Int32Array(batch.tokens.length).fill(4) } : batch;
      },
      position,
      seek: (to: unknown) => {
        const { step: saved, inner } = to as { step: number; inner: unknown };
        step = saved;
        return data.train.seek(inner);
      },
    },
  };
}

const skipSpikes = { window: 20, deviations: 4 };
const options = (): Partial<TrainOptions> => ({
  data: dataWithNonsense([150, 160]),
  steps: 170,
  log: { every: 1 },
  evaluation: { points: 2, sequences: 6 },
});

describe('a run that skips spikes', () => {
  it('skips and counts the steps whose loss leaps, and leaves the weights as they were', async () => {
    const folder = await freshFolder();
    const summary = await trainTiny(folder, { ...options(), skipSpikes });
    const lines = (await metricsOf(folder)).filter((line) => line.kind === 'train');
    const skipped = lines.flatMap((line, index) =>
      line.skippedSpikes === (lines[index - 1]?.skippedSpikes ?? 0) ? [] : [line.step],
    );
    expect(skipped).toContain(150);
    expect(summary.steps).toBe(170);
    expect(summary.skippedSpikes).toBe(skipped.length);
    // Up to the first skipped step both runs are one; the step after it has other weights without the skip.
    const plain = await freshFolder();
    expect(await trainTiny(plain, options())).not.toHaveProperty('skippedSpikes');
    const losses = (await metricsOf(plain)).flatMap((line) => (line.kind === 'train' ? [line.loss] : []));
    const first = skipped[0]!;
    expect(lines.slice(0, first).map(({ loss }) => loss)).toEqual(losses.slice(0, first));
    expect(lines[first]!.loss).not.toBe(losses[first]);
  });

  it('resumes bit for bit, also from between two spikes', async () => {
    const [whole, stopped] = [await freshFolder(), await freshFolder()];
    await trainTiny(whole, { ...options(), skipSpikes });
    const stop = new AbortController();
    const onProgress = ({ step }: { step: number }) => step === 155 && stop.abort();
    await trainTiny(stopped, { ...options(), skipSpikes, signal: stop.signal, onProgress });
    await trainTiny(stopped, { ...options(), skipSpikes });
    expect(await untimedMetrics(stopped)).toEqual(await untimedMetrics(whole));
    expect(await checkpointBytes(stopped)).toEqual(await checkpointBytes(whole));
  });
});

describe('a spike', () => {
  const counters = () => ({ losses: [] as number[], gradientNorms: [] as number[], skipped: 0 });
  const limits = { deviations: 3, window: 40 };

  it('is a loss or a gradient norm more than the given standard deviations above the mean before it', () => {
    // 1 and 3 in turn: the mean is 2, and the standard deviation of 38 values sqrt(38 / 37).
    const before = Array.from({ length: 38 }, (_, i) => 1 + 2 * (i % 2));
    const limit = 2 + 3 * Math.sqrt(38 / 37);
    for (const [loss, norm, expected] of [
      [limit - 1e-9, 2, false],
      [limit + 1e-9, 2, true],
      [2, limit - 1e-9, false],
      [2, limit + 1e-9, true],
      [-100, 2, false],
      [2, Number.POSITIVE_INFINITY, true],
      [2, Number.NaN, true],
    ] as const) {
      const known = { losses: [...before], gradientNorms: [...before], skipped: 0 };
      expect(isSpike(known, loss, norm, limits), `${loss} ${norm}`).toBe(expected);
      expect(known.skipped).toBe(expected ? 1 : 0);
    }
  });

  it('is none among the first values, and the window forgets older ones', () => {
    const known = counters();
    for (let step = 1; step <= 18; step++) expect(isSpike(known, 1, 1, limits)).toBe(false);
    expect(isSpike(known, 1e6, 1, limits)).toBe(false);
    for (let step = 1; step <= 60; step++) isSpike(known, 1 + (step % 2), 1 + (step % 2), limits);
    expect(known.losses).toHaveLength(40);
    expect(isSpike(known, 1e6, 1, limits)).toBe(true);
  });

  it('has the global norm of all gradients', async () => {
    const gradients = { a: tf.tensor1d([3, 4]), b: tf.tensor2d([[12]]) };
    const before = tf.memory().numTensors;
    expect(await globalNorm(gradients)).toBe(13);
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose(gradients);
  });

  it('has the global norm of finite gradients whose squares leave the range of float32', async () => {
    const gradients = { a: tf.tensor1d([3e30, 4e30]), b: tf.tensor2d([[12e30]]) };
    const before = tf.memory().numTensors;
    expect((await globalNorm(gradients)) / 13e30).toBeCloseTo(1, 6);
    expect(tf.memory().numTensors).toBe(before);
    const infinite = { ...gradients, c: tf.scalar(Number.NEGATIVE_INFINITY) };
    expect(await globalNorm(infinite)).toBe(Number.POSITIVE_INFINITY);
    tf.dispose(infinite);
  });
});
