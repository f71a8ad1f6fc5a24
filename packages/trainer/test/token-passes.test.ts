import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TokenBatch } from '../src/index.ts';
import { refreshIsDue } from '../src/refresh.ts';
import { evaluateTokens } from '../src/token-evaluation.ts';

beforeAll(() => tf.setBackend('cpu'));

/** Logits 0, 1 and 2 of three tokens at every position, whatever was read; keeps the shapes of what it is given. */
class FixedModel {
  readonly shapes: number[][] = [];
  logits(tokens: tf.Tensor2D): tf.Tensor3D {
    this.shapes.push(tokens.shape);
    const [sequences, positions] = tokens.shape;
    return tf.tile(tf.tensor3d([0, 1, 2], [1, 1, 3]), [sequences, positions, 1]);
  }
}
const batchOf = (...rows: number[][]): TokenBatch => ({
  tokens: Int32Array.from(rows.flat()),
  batchSize: rows.length,
  sequenceLength: rows[0]!.length,
});
/** The cross-entropy of a token: log(1 + e + e^2) less its logit. */
const lossOf = (token: number): number => Math.log(1 + Math.E + Math.E ** 2) - token;

describe('an evaluation by token', () => {
  const batches = [batchOf([0, 1, 2], [2, 0, 0]), batchOf([1, 2, 1])];

  it('reads sequences in passes, in their order, and predicts all but the first token of each', async () => {
    for (const [sequencesPerPass, shapes] of [
      [
        1,
        [
          [1, 2],
          [1, 2],
          [1, 2],
        ],
      ],
      [
        2,
        [
          [2, 2],
          [1, 2],
        ],
      ],
      [5, [[3, 2]]],
    ] as const) {
      const model = new FixedModel();
      let waits = 0;
      const { tokenLosses, loss, tokens, textBytes, bitsPerByte } = await evaluateTokens(model, batches, {
        sequencesPerPass,
        betweenPasses: async () => {
          waits += 1;
        },
      });
      expect(model.shapes).toEqual(shapes);
      expect(waits).toBe(shapes.length);
      const right = [1, 2, 0, 0, 2, 1].map(lossOf);
      for (const [index, value] of tokenLosses.entries()) expect(value).toBeCloseTo(right[index]!, 6);
      expect(loss).toBeCloseTo(right.reduce((sum, x) => sum + x, 0) / 6, 6);
      expect([tokenLosses.length, tokens, textBytes, bitsPerByte]).toEqual([6, 6, null, null]);
    }
  });

  it('takes one sequence a pass by default', async () => {
    const model = new FixedModel();
    await evaluateTokens(model, batches);
    expect(model.shapes).toHaveLength(3);
  });

  it.each([0, -1, 1.5, Number.NaN, 2 ** 53])('takes no %d sequences a pass', async (sequencesPerPass) => {
    await expect(evaluateTokens(new FixedModel(), batches, { sequencesPerPass })).rejects.toThrow(
      `sequencesPerPass must be a whole number of at least 1, got ${sequencesPerPass}`,
    );
  });

  it('takes sequences of one length, with tokens of the vocabulary', async () => {
    const evaluate = (...given: TokenBatch[]) => evaluateTokens(new FixedModel(), given);
    await expect(evaluate(batches[0]!, batchOf([1, 2]))).rejects.toThrow(
      'batches[1] has sequences of 2 tokens, the first batch of 3',
    );
    const outside = (token: number): string =>
      `token ${token} is outside the model's vocabulary: ids go from 0 to 2`;
    await expect(evaluate(batchOf([0, 3]))).rejects.toThrow(outside(3));
    await expect(evaluate(batchOf([-1, 0]))).rejects.toThrow(outside(-1));
    await expect(evaluate(batchOf([0, 2]), batchOf([2, 7]))).rejects.toThrow(outside(7));
    await expect(evaluate()).rejects.toThrow('cannot evaluate: the validation batches hold no tokens');
  });

  it('ends where it is told to between two passes, and leaves no tensor', async () => {
    const model = new FixedModel();
    const before = tf.memory().numTensors;
    const stop = async (): Promise<void> => {
      if (model.shapes.length === 2) throw new Error('stop');
    };
    await expect(evaluateTokens(model, batches, { betweenPasses: stop })).rejects.toThrow('stop');
    expect([model.shapes.length, tf.memory().numTensors]).toEqual([2, before]);
  });
});

it('a refresh is due before the first step and after every so many', () => {
  const due = [1, 2, 3, 4, 5, 6, 7].filter((step) => refreshIsDue({ every: 3 }, step));
  expect(due).toEqual([1, 4, 7]);
  expect([1, 2].filter((step) => refreshIsDue({ every: 1 }, step))).toEqual([1, 2]);
  expect(refreshIsDue(undefined, 1)).toBe(false);
});
