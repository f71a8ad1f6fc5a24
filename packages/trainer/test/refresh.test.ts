import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Adam } from '@steepest/optim-adam';
import { Sophia } from '@steepest/optim-sophia';
import { decodeSafetensors } from '@steepest/safetensors';
import * as tf from '@tensorflow/tfjs';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { mersenne } from 'pure-rand/generator/mersenne';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TrainOptions } from '../src/index.ts';
import { curvatureGradients, drawLabels, drawnLoss } from '../src/refresh.ts';
import { checkpointBytes, freshFolder, trainTiny, untimedMetrics } from './run-in-folder.ts';

beforeAll(() => tf.setBackend('cpu'));

const refresh = { every: 3, seed: 5 };
const sophia = () => new Sophia({ learningRate: 0.01 });

/** Trains the tiny model with Sophia. */
async function trainSophia(folder: string, options: Partial<TrainOptions> = {}) {
  const optimizer = sophia();
  try {
    return await trainTiny(folder, { optimizer, refresh, ...options });
  } finally {
    optimizer.dispose();
  }
}

describe('the Gauss-Newton-Bartlett estimate', () => {
  const probabilities = [0.5, 0.3, 0.15, 0.05];
  const batch = { tokens: new Int32Array(5 * 9), batchSize: 5, sequenceLength: 9 };

  /** A model whose logits are the same vector at every position. */
  function constantModel() {
    const logits = tf.variable(tf.tensor1d(probabilities.map(Math.log)), true, 'constant/logits');
    return {
      variables: [logits],
      logits: (tokens: tf.Tensor2D) =>
        tf.add(tf.zeros([...tokens.shape, probabilities.length]), logits) as tf.Tensor3D,
      dispose: () => logits.dispose(),
    };
  }

  it('is on average p (1 - p) for logits that are parameters themselves', async () => {
    const model = constantModel();
    const draws = 600;
    const sums = [0, 0, 0, 0];
    for (let step = 1; step <= draws; step++) {
      const gradients = await curvatureGradients(model, batch, 1, step);
      for (const [i, q] of (await gradients['constant/logits']!.data()).entries()) sums[i]! += q * q;
      tf.dispose(gradients);
    }
    model.dispose();
    // The mean of 600 squares of nearly normal numbers has a relative standard error of sqrt(2 / 600) = 0.058: 4 of them.
    for (const [i, p] of probabilities.entries()) {
      expect(Math.abs(sums[i]! / draws / (p * (1 - p)) - 1), `index ${i}`).toBeLessThan(0.23);
    }
  });

  it('draws other labels at every seed and step, and the same ones again', async () => {
    const model = constantModel();
    const of = async (seed: number, step: number) => {
      const gradients = await curvatureGradients(model, batch, seed, step);
      const values = [...(await gradients['constant/logits']!.data())];
      tf.dispose(gradients);
      return values;
    };
    const first = await of(0, 1);
    expect(await of(0, 1)).toEqual(first);
    for (const [seed, step] of [
      [0, 2],
      [1, 1],
      [1, 0],
    ] as const) {
      expect(await of(seed, step)).not.toEqual(first);
    }
    model.dispose();
  });

  it('draws by the Mersenne Twister from a seed that MurmurHash3 makes of seed and step', async () => {
    // The 32-bit finalizer, as Appleby (2011) has it, on integers of any size.
    const finalized = (x: bigint): bigint => {
      const word = (n: bigint) => BigInt.asUintN(32, n);
      let hash = word(x);
      hash = word((hash ^ (hash >> 16n)) * 0x85ebca6bn);
      hash = word((hash ^ (hash >> 13n)) * 0xc2b2ae35n);
      return hash ^ (hash >> 16n);
    };
    // Known answers of that function.
    expect([0n, 1n, 2n].map(finalized)).toEqual([0n, 0x514e28b7n, 0x30f4c306n]);
    const model = constantModel();
    for (const [seed, step] of [
      [0, 1],
      [5, 7],
      [2 ** 32 - 1, 1_000_000],
    ] as const) {
      const drawn = finalized(finalized(BigInt(seed)) ^ BigInt(step));
      const random = mersenne(Number(BigInt.asIntN(32, drawn)));
      const counts = [0, 0, 0, 0];
      for (let row = 0; row < 40; row++) {
        const uniform = uniformFloat64(random);
        // The label whose part of [0, 1) holds the number.
        counts[[0.5, 0.8, 0.95, 1].findIndex((end) => uniform < end)]! += 1;
      }
      const gradients = await curvatureGradients(model, batch, seed, step);
      const [gradient] = [await gradients['constant/logits']!.data()];
      // The sum of p - 1 [label] over the 40 rows, by the square root of 40.
      const found = probabilities.map((p, i) => 40 * p - gradient![i]! * Math.sqrt(40));
      for (const [i, count] of counts.entries()) expect(found[i]).toBeCloseTo(count, 4);
      tf.dispose(gradients);
    }
    model.dispose();
  });

  it('leaves no tensor behind, not even when the loss is not finite', async () => {
    const model = constantModel();
    const before = tf.memory().numTensors;
    tf.dispose(await curvatureGradients(model, batch, 1, 1));
    expect(tf.memory().numTensors).toBe(before);
    const broken = {
      ...model,
      logits: (t: tf.Tensor2D) => tf.mul(model.logits(t), Number.NaN) as tf.Tensor3D,
    };
    await expect(curvatureGradients(broken, batch, 1, 7)).rejects.toThrow(
      'the loss on labels drawn for the refresh before step 7 became NaN',
    );
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
  });

  it('has the cross-entropy on the drawn labels by the root of their number, and its gradient', () => {
    // Inversion draws the labels 0 and 2 with these uniform numbers: 0.3 < 0.5, and 0.8 <= 0.85 < 0.95.
    const [loss, gradient] = tf.tidy(() => {
      const logits = tf.tensor2d([...probabilities, ...probabilities].map(Math.log), [2, 4]);
      const uniforms = tf.tensor2d([0.3, 0.85], [2, 1]);
      const { value, grad } = tf.valueAndGrad((x: tf.Tensor2D) => drawnLoss(x, uniforms))(logits);
      return [value.dataSync()[0]!, [...grad.dataSync()]] as [number, number[]];
    });
    expect(loss).toBeCloseTo((Math.log(1 / 0.5) + Math.log(1 / 0.15)) / Math.SQRT2, 6);
    const expected = [-0.5, 0.3, 0.15, 0.05, 0.5, 0.3, -0.85, 0.05].map((x) => x / Math.SQRT2);
    for (const [i, value] of expected.entries()) expect(gradient[i]).toBeCloseTo(value, 6);
  });

  it('never draws a label of probability 0, whatever the uniform number', () => {
    const rows = tf.tensor2d([0, 0.25, 0, 0.75, 0], [1, 5]);
    const drawn = [0, 0.2499, 0.25, 0.9999, 1 - 2 ** -24].map(
      (u) => tf.tidy(() => drawLabels(rows, tf.tensor2d([u], [1, 1])).dataSync())[0],
    );
    rows.dispose();
    expect(drawn).toEqual([1, 1, 3, 3, 3]);
  });
});

describe('a run with refreshes', () => {
  it('refreshes before step 1 and every three steps, with the gradients of that step’s weights and batch', async () => {
    const folder = await freshFolder();
    const steps: [string, number][] = [];
    class Watched extends Sophia {
      override applyRefresh(gradients: Parameters<Sophia['applyRefresh']>[0]) {
        steps.push(['refresh', this.iterations]);
        super.applyRefresh(gradients);
      }
    }
    const optimizer = new Watched({ learningRate: 0.01 });
    await trainTiny(folder, { optimizer, refresh, steps: 8 });
    optimizer.dispose();
    expect(steps.map(([, taken]) => taken)).toEqual([0, 3, 6]);
    const { tensors } = decodeSafetensors((await checkpointBytes(folder))[1]!);
    const hessian = tensors['head/weight/hessian']!.data as Float32Array;
    expect(hessian.some((h) => h > 0)).toBe(true);
    expect(hessian.every((h) => h >= 0)).toBe(true);
  });

  it('trains otherwise than one whose curvature stays 0', async () => {
    const [refreshed, never] = [await freshFolder(), await freshFolder()];
    await trainSophia(refreshed, { steps: 60 });
    class Unfed extends Sophia {
      override applyRefresh() {}
    }
    await trainTiny(never, { optimizer: new Unfed({ learningRate: 0.01 }), refresh, steps: 60 });
    expect(await untimedMetrics(refreshed)).not.toEqual(await untimedMetrics(never));
  });

  it('resumes bit for bit from between two refreshes', async () => {
    const [whole, stopped] = [await freshFolder(), await freshFolder()];
    await trainSophia(whole);
    const stop = new AbortController();
    await trainSophia(stopped, {
      signal: stop.signal,
      onProgress: ({ step }) => step === 8 && stop.abort(),
    });
    const checkpoint = JSON.parse(await readFile(join(stopped, 'checkpoint', 'trainer.json'), 'utf8'));
    expect(checkpoint.counters.step).toBe(8);
    await expect(trainSophia(stopped, { refresh: { ...refresh, seed: 6 } })).rejects.toThrow('refresh.seed');
    await trainSophia(stopped);
    expect(await untimedMetrics(stopped)).toEqual(await untimedMetrics(whole));
    expect(await checkpointBytes(stopped)).toEqual(await checkpointBytes(whole));
  });
});

describe('an optimizer that needs refreshes', () => {
  it('is not trained without them', async () => {
    await expect(trainSophia('/nonexistent/never-made', { refresh: undefined } as never)).rejects.toThrow(
      'Sophia estimates curvature from refreshes, without which it trains as another optimizer: ' +
        'give train refresh: { every: 10 }',
    );
  });

  it.each([
    [{ refresh: { every: 0 } }, 'refresh.every must be a whole number of at least 1, got 0'],
    [{ refresh: { every: 2, seed: -1 } }, 'refresh.seed must be a whole number from 0 to 4294967295, got -1'],
    [
      { optimizer: new Sophia({ batchTokens: 32 }) },
      'so batchTokens must be 1, but sophia has 32: leave batchTokens out',
    ],
    [{ refresh: { evry: 2 } }, 'unknown option "refresh.evry"; did you mean "refresh.every"?'],
    [
      { optimizer: new Adam(), refresh },
      'refresh is for optimizers that estimate curvature, such as Sophia, but Adam does not',
    ],
    [{ model: { variables: [1] } }, 'refresh needs model.logits(tokens), from which labels are drawn'],
  ])('%# is told what is wrong', async (wrong, message) => {
    await expect(trainSophia('/nonexistent/never-made', wrong as never)).rejects.toThrow(message);
  });
});
