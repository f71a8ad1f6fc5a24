import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { evaluate, logSpacedSteps } from '../src/index.ts';
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
      losses.push(await evaluate(model, await tinyData(batchSize).validation({ sequences: 6 })));
    }
    model.dispose();
    // Each batch loss is a float32 mean: 1e-6 is a few units in its last place at 2.4.
    for (const loss of losses) expect(Math.abs(loss - losses[0]!)).toBeLessThan(1e-6);
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
    await expect(evaluate(new TinyModel(), [])).rejects.toThrow('the validation batches hold no tokens');
  });
});
