import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { evaluate, evaluateTokens, logSpacedSteps, type TokenBatch } from '../src/index.ts';
import { TinyModel, tinyData } from './tiny-run.ts';

beforeAll(() => tf.setBackend('cpu'));

describe('logSpacedSteps', () => {
  it('doubles from steps/256 to the last step, after step 0', () => {
    expect(logSpacedSteps(25600)).toEqual([0, 100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600]);
  });

  it.each([1, 2, 3, 10, 50, 257, 1000, 123457])('starts at 0, ascends and ends at %i', (steps) => {
    const points = logSpacedSteps(steps);
    expect(points[0]).toBe(0);
    expect(points.at(-1)).toBe(steps);
    expect(points.length).toBeLessThanOrEqual(10);
    expect(points).toEqual([...new Set(points)].sort((a, b) => a - b));
  });

  it('rejects what is no number of steps', () => {
    expect(() => logSpacedSteps(0)).toThrow('steps must be a whole number of at least 1, got 0');
    expect(() => logSpacedSteps(10, 1)).toThrow('count must be a whole number of at least 2, got 1');
  });
});

describe('evaluate', () => {
  it('gives the same loss however sequences are grouped into batches', async () => {
    const model = new TinyModel();
    // 6 sequences as 6; 4 + 2; 5 + 1: an unweighted mean of batches would differ.
    const losses: number[] = [];
    for (const batchSize of [6, 4, 5]) {
      losses.push((await evaluate(model, await tinyData(batchSize).validation({ sequences: 6 }))).loss);
    }
    model.dispose();
    // Each batch loss is a float32 mean: 1e-6 is a few units in its last place at 2.4.
    for (const loss of losses) expect(Math.abs(loss - losses[0]!)).toBeLessThan(1e-6);
  });

  it('waits before every batch, and ends where it is told to, without a tensor more', async () => {
    const model = new TinyModel();
    const batches = await tinyData().validation({ sequences: 10 });
    const sizes: number[] = [];
    const watched = {
      loss: (tokens: tf.Tensor2D) => {
        expect(tokens.dtype).toBe('int32');
        sizes.push(tokens.shape[0]);
        return model.loss(tokens);
      },
    };
    const order: string[] = [];
    const between = async (): Promise<void> => {
      await undefined;
      order.push(`after ${sizes.length}`);
    };
    await evaluate(watched, batches, between);
    expect(sizes).toEqual([4, 4, 2]);
    expect(order).toEqual(['after 0', 'after 1', 'after 2']);
    const before = tf.memory().numTensors;
    sizes.length = 0;
    const stop = async (): Promise<void> => {
      if (sizes.length === 1) throw new Error('stop');
    };
    await expect(evaluate(watched, batches, stop)).rejects.toThrow('stop');
    expect([sizes, tf.memory().numTensors]).toEqual([[4], before]);
    model.dispose();
  });

  it('leaves no tensor behind', async () => {
    const model = new TinyModel();
    const batches = await tinyData().validation({ sequences: 6 });
    const before = tf.memory().numTensors;
    await evaluate(model, batches);
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
  });

  it('says when there is nothing to evaluate on', async () => {
    const model = new TinyModel();
    await expect(evaluate(model, [])).rejects.toThrow('the validation batches hold no tokens');
    await expect(evaluateTokens(logitsOf(model), [])).rejects.toThrow(
      'the validation batches hold no tokens',
    );
    model.dispose();
  });
});

/** The logits of a tiny model, [sequences, positions, 11]. */
function logitsOf({ variables: [embedding, head] }: TinyModel) {
  return {
    logits: (tokens: tf.Tensor2D): tf.Tensor3D => {
      const hidden = tf.gather(embedding!, tf.reshape(tokens, [-1]));
      return tf.reshape(tf.matMul(hidden as tf.Tensor2D, head!, false, true), [...tokens.shape, 11]);
    },
  };
}

/** Sequences in batches of the given sizes. */
function grouped(sequences: readonly (readonly number[])[], sizes: readonly number[]): TokenBatch[] {
  const rest = [...sequences];
  return sizes.map((batchSize) => {
    const rows = rest.splice(0, batchSize);
    return {
      tokens: Int32Array.from(rows.flat()),
      batchSize,
      sequenceLength: rows[0]!.length,
      textBytes: Float64Array.from(rows, ([first]) => 1 + first! / 3),
    };
  });
}

describe('evaluateTokens', () => {
  it('gives the loss of each token, perplexity and bits by byte of a model worked out by hand', async () => {
    // After token t the model gives t + 1 (modulo 4) the probability 1/2 and each other token 1/6.
    const model = {
      logits: (tokens: tf.Tensor2D): tf.Tensor3D => {
        const next = tf.mod(tf.add(tokens, 1), 4).toInt();
        return tf.mul(tf.oneHot(next, 4).toFloat(), Math.log(3)) as tf.Tensor3D;
      },
    };
    const batch = {
      tokens: Int32Array.from([0, 1, 2, 3, 0, 0, 2, 3]),
      batchSize: 2,
      sequenceLength: 4,
      textBytes: Float64Array.from([6, 4]),
    };
    const found = await evaluateTokens(model, [batch]);
    const [right, wrong] = [Math.log(2), Math.log(6)];
    const expected = [right, right, right, wrong, wrong, right];
    // A few units in the last place of float32.
    for (const [index, loss] of expected.entries()) expect(found.tokenLosses[index]).toBeCloseTo(loss, 6);
    expect(found).toMatchObject({ tokens: 6, textBytes: 10 });
    expect(found.loss).toBeCloseTo((4 * right + 2 * wrong) / 6, 6);
    expect(found.perplexity).toBeCloseTo((2 ** 4 * 6 ** 2) ** (1 / 6), 5);
    // 4 bits and 2 log2(6) bits over 10 bytes.
    expect(found.bitsPerByte).toBeCloseTo((4 + 2 * Math.log2(6)) / 10, 6);
  });

  it('gives the same numbers to the last bit however sequences are grouped into batches', async () => {
    const model = new TinyModel();
    const sequences = Array.from({ length: 7 }, (_, row) =>
      Array.from({ length: 9 }, (__, place) => (row * 5 + place * (row + 2)) % 11),
    );
    for (const sequencesPerPass of [1, 3]) {
      const [first, ...others] = await Promise.all(
        [[7], [1, 6], [2, 2, 3], [4, 3], [1, 1, 1, 1, 1, 1, 1]].map((sizes) =>
          evaluateTokens(logitsOf(model), grouped(sequences, sizes), { sequencesPerPass }),
        ),
      );
      for (const other of others) expect(other).toEqual(first);
      const whole = await evaluate(model, grouped(sequences, [7]));
      // The batch's loss is a float32 mean.
      expect(Math.abs(whole.loss - first!.loss)).toBeLessThan(1e-6);
      expect(Math.abs(whole.bitsPerByte! - first!.bitsPerByte!)).toBeLessThan(1e-5);
      expect(whole.textBytes).toBe(first!.textBytes);
      expect(first!.tokenLosses).toHaveLength(7 * 8);
    }
    model.dispose();
  });

  it('leaves bits by byte out where the data says no bytes, and no tensor behind', async () => {
    const model = new TinyModel();
    const batches = await tinyData().validation({ sequences: 6 });
    const before = tf.memory().numTensors;
    let passes = 0;
    const betweenPasses = async () => void passes++;
    const found = await evaluateTokens(logitsOf(model), batches, { sequencesPerPass: 4, betweenPasses });
    expect(tf.memory().numTensors).toBe(before);
    expect(passes).toBe(2);
    expect([found.bitsPerByte, found.textBytes]).toEqual([null, null]);
    model.dispose();
  });

  it('refuses a token outside the vocabulary, read or predicted, on every backend', async () => {
    const model = { logits: (tokens: tf.Tensor2D) => tf.zeros([...tokens.shape, 11]) as tf.Tensor3D };
    for (const wrong of [
      [11, 1],
      [1, 11],
      [1, -1],
    ]) {
      await expect(evaluateTokens(model, grouped([wrong], [1]))).rejects.toThrow(
        `token ${wrong.find((id) => id < 0 || id > 10)} is outside the model's vocabulary: ids go from 0 to 10`,
      );
    }
  });

  it('refuses sequences of different lengths and a pass of no sequence', async () => {
    const model = new TinyModel();
    const batches = [...grouped([[1, 2, 3]], [1]), ...grouped([[1, 2]], [1])];
    await expect(evaluateTokens(logitsOf(model), batches)).rejects.toThrow(
      'batches[1] has sequences of 2 tokens, the first batch of 3',
    );
    await expect(evaluateTokens(logitsOf(model), batches, { sequencesPerPass: 0 })).rejects.toThrow(
      'sequencesPerPass must be a whole number of at least 1, got 0',
    );
    model.dispose();
  });
});
