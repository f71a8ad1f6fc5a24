import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { freshFolder, metricsOf, trainTiny, untimedMetrics } from './run-in-folder.ts';
import { TinyModel, tinyData } from './tiny-run.ts';

beforeAll(() => tf.setBackend('cpu'));

/** A model whose loss is scaled from the given step on. */
class ScaledModel extends TinyModel {
  private calls = 0;

  constructor(
    private readonly from: number,
    private readonly scale: number,
  ) {
    super();
  }

  override loss(tokens: tf.Tensor2D) {
    const { total, crossEntropy } = super.loss(tokens);
    this.calls += 1;
    if (this.calls < this.from) return { total, crossEntropy };
    return { total, crossEntropy: tf.mul(crossEntropy, this.scale) as tf.Scalar };
  }
}

async function summaryOf(folder: string): Promise<Record<string, unknown>> {
  const text = await readFile(join(folder, 'summary.json'), 'utf8');
  const { schemaVersion: _, sha256: __, checksum: ___, ...summary } = JSON.parse(text);
  return summary;
}

describe('a run that diverges', () => {
  it.each([
    [Number.NaN, 'the training loss became NaN at step 4'],
    [Number.POSITIVE_INFINITY, 'the training loss became Infinity at step 4'],
  ])('with a loss of %d ends at once, and the weights before it stay', async (scale, reason) => {
    const folder = await freshFolder();
    // Two evaluation batches come first, then steps 1, 2, 3.
    const model = new ScaledModel(6, scale);
    const summary = await trainTiny(folder, { model });
    const weights = await model.variables[0]!.data();
    model.dispose();
    expect(summary).toMatchObject({
      status: 'diverged',
      reason,
      steps: 3,
      finalTrainLoss: null,
      finalValidationLoss: null,
    });
    expect(summary.initialValidationLoss).toBeGreaterThan(2);
    expect(weights.every(Number.isFinite)).toBe(true);
    expect((await metricsOf(folder)).at(-1)).toMatchObject({ kind: 'train', step: 3 });
    expect(await summaryOf(folder)).toEqual(summary);
    expect(await trainTiny(folder)).toEqual(summary);
  });

  it('with a loss far above the first step for `window` steps ends then', async () => {
    const model = new ScaledModel(6, 5);
    const summary = await trainTiny(await freshFolder(), {
      model,
      evaluation: { points: [], sequences: 6 },
      divergence: { factor: 3, window: 4 },
    });
    model.dispose();
    // Steps 4 to 6 are 5 times too high: with step 3 their mean passes 3 times the first.
    expect(summary.status).toBe('diverged');
    expect(summary.steps).toBe(6);
    expect(summary.reason).toMatch(
      /^the training loss averaged \d+\.\d+ over the 4 steps up to step 6, more than 3 times the 2\.\d+ of the first step$/,
    );
  });

  it('only in validation ends with that reason', async () => {
    const model = new ScaledModel(1, Number.NaN);
    const summary = await trainTiny(await freshFolder(), { model });
    model.dispose();
    expect(summary).toMatchObject({
      status: 'diverged',
      reason: 'the validation loss became NaN at step 0',
      initialValidationLoss: null,
    });
  });
});

describe('a run that fails', () => {
  it('says why in its summary, throws the error, and resumes once the cause is gone', async () => {
    const folder = await freshFolder();
    const data = tinyData();
    let batches = 0;
    const broken = {
      ...data,
      train: {
        ...data.train,
        next: () => {
          batches += 1;
          if (batches === 9) throw new Error('shard 3 is missing');
          return data.train.next();
        },
      },
    };
    await expect(trainTiny(folder, { data: broken })).rejects.toThrow('shard 3 is missing');
    expect(await summaryOf(folder)).toMatchObject({
      status: 'failed',
      reason: 'shard 3 is missing',
      steps: 8,
    });
    expect(await trainTiny(folder)).toMatchObject({ status: 'finished', steps: 20 });
  });

  it('frees the tensors of the step it failed in', async () => {
    const model = new TinyModel();
    const before = tf.memory().numTensors;
    const failing = {
      variables: model.variables,
      save: () => model.save(),
      load: (bytes: Uint8Array) => model.load(bytes),
      loss: (tokens: tf.Tensor2D) => {
        model.loss(tokens);
        throw new Error('no loss');
      },
    };
    await expect(
      trainTiny(await freshFolder(), { model: failing }).catch((e) => Promise.reject(e)),
    ).rejects.toThrow('no loss');
    model.dispose();
    expect(tf.memory().numTensors).toBe(before - 2);
  });
});

describe('bad input', () => {
  it('a run folder below a file gives one error with the path and the reason', async () => {
    const file = join(await freshFolder(), 'file');
    await writeFile(file, '');
    await expect(trainTiny(join(file, 'run'))).rejects.toThrow(
      `cannot write to the run folder "${join(file, 'run')}": a part of the path is a file (ENOTDIR); choose a folder`,
    );
    await expect(trainTiny(file)).rejects.toThrow('it is a file (EEXIST)');
  });

  it.each([
    [{ step: 20 }, 'unknown option "step"; did you mean "steps"?'],
    [
      { evaluation: { sequences: 6, evry: 2 } },
      'unknown option "evaluation.evry"; did you mean "evaluation.every"?',
    ],
    [{ steps: 0 }, 'steps must be a whole number of at least 1, got 0'],
    [{ steps: '20' }, 'steps must be a whole number of at least 1, got "20" (string)'],
    [{ log: { every: 1.5 } }, 'log.every must be a whole number of at least 1, got 1.5'],
    [{ checkpoint: { every: 0 } }, 'checkpoint.every must be a whole number of at least 1, got 0'],
    [{ checkpoint: 5 }, 'checkpoint must be an object, got 5'],
    [{ evaluation: undefined }, 'evaluation must be an object, got undefined'],
    [{ evaluation: {} }, 'evaluation.sequences must be a whole number of at least 1, got undefined'],
    [
      { evaluation: { every: 2, points: 3, sequences: 6 } },
      'evaluation takes either every or points, got both',
    ],
    [
      { evaluation: { points: [3, 21], sequences: 6 } },
      'evaluation.points[1] must be a whole number from 0 to 20',
    ],
    [{ divergence: { factor: 1 } }, 'divergence.factor must be a number greater than 1, got 1'],
    [{ skipSpikes: { window: 5 } }, 'skipSpikes.window must be a whole number of at least 20, got 5'],
    [{ skipSpikes: { deviations: 0 } }, 'skipSpikes.deviations must be a number greater than 0, got 0'],
    [{ controllers: { plateau: 3 } }, 'controllers.plateau must be an object, got 3'],
    [{ extend: 'yes' }, 'extend must be true or false, got "yes" (string)'],
    [{ onWarning: 'stderr' }, 'onWarning must be a function, got "stderr" (string)'],
    [{ directory: '' }, 'directory must be the path of the run folder, got "" (string)'],
    [{ config: 'quick' }, 'config must be an object, got "quick" (string)'],
    [{ model: { variables: [] } }, 'model.variables must hold the variables to train, but it is empty'],
    [{ data: null }, 'data must be an object, got null'],
  ])('%j is named before anything is written', async (wrong, message) => {
    const run = trainTiny('/nonexistent/never-made', wrong as never);
    await expect(run).rejects.toThrow(message);
  });
});

describe('a run that is given up', () => {
  it('ends stopped with the reason and no final loss, and continues to the same end when nobody objects', async () => {
    const [whole, stopped] = [await freshFolder(), await freshFolder()];
    await trainTiny(whole);
    const asked: number[] = [];
    const summary = await trainTiny(stopped, {
      shouldStop: ({ step, loss }) => {
        asked.push(step);
        return step === 10 ? `a loss of ${loss > 0} is hopeless` : undefined;
      },
    });
    expect(asked).toEqual([0, 5, 10]);
    expect(summary).toMatchObject({
      status: 'stopped',
      steps: 10,
      reason: 'a loss of true is hopeless',
      finalValidationLoss: null,
    });
    expect(await summaryOf(stopped)).toEqual(summary);
    const checkpoint = JSON.parse(await readFile(join(stopped, 'checkpoint', 'trainer.json'), 'utf8'));
    expect(checkpoint.counters.step).toBe(10);
    expect((await trainTiny(stopped)).status).toBe('finished');
    expect(await untimedMetrics(stopped)).toEqual(await untimedMetrics(whole));
  });

  it('is not asked about at its last step', async () => {
    const summary = await trainTiny(await freshFolder(), {
      shouldStop: ({ step }) => (step === 20 ? 'too late' : undefined),
    });
    expect(summary.status).toBe('finished');
  });
});
