import { cpSync } from 'node:fs';
import { appendFile, cp, mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFolder } from '@steepest/run-files';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { MetricsLine, TrainOptions } from '../src/index.ts';
import { checkpointBytes, freshFolder, metricsOf, trainTiny, untimedMetrics } from './run-in-folder.ts';
import { TinyModel, tinyData } from './tiny-run.ts';

beforeAll(() => tf.setBackend('cpu'));

/** Stops a run by an abort in the middle of a step. */
async function stopAt(step: number, directory: string) {
  const controller = new AbortController();
  return await trainTiny(directory, {
    signal: controller.signal,
    onProgress: (progress) => progress.step === step && controller.abort(),
  });
}

/** Ends a run by an exception after a step, as a kill would: without a checkpoint there. */
async function crashAt(step: number, directory: string, options: Partial<TrainOptions> = {}): Promise<void> {
  const crash = trainTiny(directory, {
    ...options,
    onProgress: (progress) => {
      if (progress.step === step) throw new Error('crash');
    },
  });
  await expect(crash).rejects.toThrow('crash');
}

describe('an interrupted run', () => {
  it.each([1, 4, 5, 6, 9, 10, 19])('stopped at step %i continues bit for bit', async (step) => {
    const [whole, stopped] = [await freshFolder(), await freshFolder()];
    await trainTiny(whole);
    expect(await stopAt(step, stopped)).toMatchObject({ status: 'interrupted', steps: step });
    const summary = await trainTiny(stopped);
    expect(summary).toMatchObject({ status: 'finished', steps: 20, stateBytesPerParameter: 4 });
    expect(await untimedMetrics(stopped)).toEqual(await untimedMetrics(whole));
    expect(await checkpointBytes(stopped)).toEqual(await checkpointBytes(whole));
  });

  it('is not resumed while it is being trained, by this process or another, and is left as it was', async () => {
    const folder = await freshFolder();
    const refusal = `the run folder "${folder}" is being trained in by process ${process.pid} on `;
    const model = new TinyModel();
    let second: Promise<unknown> | undefined;
    const onMetrics = async (line: MetricsLine) => {
      if (line.kind !== 'train' || second !== undefined) return;
      second = trainTiny(folder, { model });
      await expect(second).rejects.toThrow(refusal);
    };
    await trainTiny(folder, { model, onMetrics });
    model.dispose();
    expect(second).toBeDefined();
    const whole = await freshFolder();
    await trainTiny(whole);
    expect(await untimedMetrics(folder)).toEqual(await untimedMetrics(whole));
    expect(await readdir(folder)).toEqual(await readdir(whole));
  });

  it('stopped before its first step continues, too', async () => {
    const [whole, stopped] = [await freshFolder(), await freshFolder()];
    await trainTiny(whole);
    const summary = await trainTiny(stopped, { signal: AbortSignal.abort() });
    expect(summary).toMatchObject({ status: 'interrupted', steps: 0, finalTrainLoss: null });
    await trainTiny(stopped);
    expect(await untimedMetrics(stopped)).toEqual(await untimedMetrics(whole));
  });

  it('keeps counting training time over its resumes', async () => {
    const folder = await freshFolder();
    const { seconds } = await stopAt(10, folder);
    await trainTiny(folder);
    const lines = await metricsOf(folder);
    const times = lines.map((line) => line.seconds);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(lines.find(({ step }) => step === 12)!.seconds).toBeGreaterThan(seconds);
  });

  it('hears an abort that comes from a timer, although the backend never waits', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    const summary = await trainTiny(await freshFolder(), { steps: 1e6, signal: controller.signal });
    expect(summary.status).toBe('interrupted');
  });
});

describe('a run that crashed', () => {
  it.each([2, 3, 7, 14])(
    'after step %i repeats the steps after its checkpoint, and no line twice',
    async (step) => {
      const [whole, crashed] = [await freshFolder(), await freshFolder()];
      await trainTiny(whole);
      await crashAt(step, crashed);
      await appendFile(join(crashed, 'metrics.jsonl'), '{"kind":"train","step":1');
      await trainTiny(crashed);
      expect(await untimedMetrics(crashed)).toEqual(await untimedMetrics(whole));
      expect(await checkpointBytes(crashed)).toEqual(await checkpointBytes(whole));
    },
  );

  it('between its last checkpoint and its summary ends with the same summary', async () => {
    const folder = await freshFolder();
    const first = await trainTiny(folder);
    await rm(join(folder, 'summary.json'));
    expect(await trainTiny(folder)).toEqual(first);
  });

  it('refuses to continue when its metrics are gone', async () => {
    const folder = await freshFolder();
    await crashAt(14, folder);
    await truncate(join(folder, 'metrics.jsonl'), 10);
    await expect(trainTiny(folder)).rejects.toThrow(/metrics\.jsonl has 10 bytes, but had \d+ at the last/);
  });
});

describe('a checkpoint', () => {
  /** Every state of the folder that a kill can leave while the checkpoint of step 6 replaces that of step 3. */
  const states: Record<string, (folder: string, next: string) => Promise<void>> = {
    'while the new one is being written': async (folder, next) => {
      await mkdir(join(folder, 'checkpoint.next'));
      const model = await readFile(join(next, 'model.safetensors'));
      await writeFile(join(folder, 'checkpoint.next', 'model.safetensors'), model.subarray(0, 50));
    },
    'before the swap': (folder, next) => cp(next, join(folder, 'checkpoint.next'), { recursive: true }),
    'in the middle of the swap': async (folder, next) => {
      await cp(next, join(folder, 'checkpoint.next'), { recursive: true });
      await rename(join(folder, 'checkpoint'), join(folder, 'checkpoint.previous'));
    },
    'before the old one is removed': async (folder, next) => {
      await rename(join(folder, 'checkpoint'), join(folder, 'checkpoint.previous'));
      await cp(next, join(folder, 'checkpoint'), { recursive: true });
    },
    'while the old one is being removed': async (folder, next) => {
      await rename(join(folder, 'checkpoint'), join(folder, 'checkpoint.previous'));
      await rm(join(folder, 'checkpoint.previous', 'model.safetensors'));
      await cp(next, join(folder, 'checkpoint'), { recursive: true });
    },
  };

  it.each(Object.keys(states))('survives a kill %s', async (moment) => {
    const [whole, killed, aside] = [await freshFolder(), await freshFolder(), await freshFolder()];
    await trainTiny(whole);
    const crash = trainTiny(killed, {
      onProgress: ({ step }) => {
        if (step === 5) cpSync(join(killed, 'checkpoint'), join(aside, 'old'), { recursive: true });
        if (step === 7) throw new Error('crash');
      },
    });
    await expect(crash).rejects.toThrow('crash');
    await rename(join(killed, 'checkpoint'), join(aside, 'next'));
    await rename(join(aside, 'old'), join(killed, 'checkpoint'));
    await states[moment]!(killed, join(aside, 'next'));
    await trainTiny(killed);
    expect(await untimedMetrics(killed)).toEqual(await untimedMetrics(whole));
    expect((await readdir(killed)).sort()).toEqual([
      'checkpoint',
      'config.json',
      'metrics.jsonl',
      'summary.json',
    ]);
  });

  it('can be written over a swap that was cut short', async () => {
    const folder = join(await freshFolder(), 'checkpoint');
    await mkdir(`${folder}.previous`);
    await writeFile(join(`${folder}.previous`, 'old'), 'old');
    await mkdir(`${folder}.next`);
    await writeFile(join(`${folder}.next`, 'torn'), 'to');
    await replaceFolder(folder, (next) => writeFile(join(next, 'new'), 'new'));
    expect(await readdir(folder)).toEqual(['new']);
    expect(await readdir(join(folder, '..'))).toEqual(['checkpoint']);
  });
});

describe('older checkpoints', () => {
  const keeping = { checkpoint: { every: 3, keep: 3 } };
  const folders = async (folder: string) =>
    (await readdir(folder)).filter((name) => name.startsWith('checkpoint')).sort();

  it('are kept, as many as asked for, and only one without that', async () => {
    const [three, one] = [await freshFolder(), await freshFolder()];
    await trainTiny(three, keeping);
    expect(await folders(three)).toEqual(['checkpoint', 'checkpoint-15', 'checkpoint-18']);
    await trainTiny(one);
    expect(await folders(one)).toEqual(['checkpoint']);
    expect(await checkpointBytes(three)).toEqual(await checkpointBytes(one));
  });

  it('go when fewer are asked for', async () => {
    const folder = await freshFolder();
    await crashAt(14, folder, keeping);
    expect(await folders(folder)).toEqual(['checkpoint', 'checkpoint-6', 'checkpoint-9']);
    await trainTiny(folder, { checkpoint: { every: 3, keep: 1 } });
    expect(await folders(folder)).toEqual(['checkpoint']);
  });

  it.each([
    ['cut short', (file: string) => truncate(file, 60)],
    [
      'of zeros, as a power failure leaves it',
      async (file: string) => {
        await writeFile(file, new Uint8Array((await readFile(file)).length));
      },
    ],
    ['gone', (file: string) => rm(file)],
  ])('take the place of one with a file %s, and lead to the same end', async (_, damage) => {
    const [whole, damaged] = [await freshFolder(), await freshFolder()];
    await trainTiny(whole);
    await crashAt(14, damaged, keeping);
    await damage(join(damaged, 'checkpoint', 'optimizer.safetensors'));
    await damage(join(damaged, 'checkpoint-9', 'model.safetensors'));
    let first = Number.POSITIVE_INFINITY;
    const warnings: string[] = [];
    await trainTiny(damaged, {
      ...keeping,
      onProgress: ({ step }) => (first = Math.min(first, step)),
      onWarning: (message) => warnings.push(message),
    });
    expect(first).toBe(7);
    expect(warnings).toEqual([
      expect.stringMatching(
        /checkpoint[/\\]optimizer\.safetensors.*; resuming from step 6, the checkpoint in .*checkpoint-6$/,
      ),
      expect.stringMatching(/checkpoint-9[/\\]model\.safetensors.*; resuming from step 6/),
    ]);
    expect(await readdir(damaged)).toContain('checkpoint.damaged');
    await rm(join(damaged, 'checkpoint.damaged'), { recursive: true });
    expect(await untimedMetrics(damaged)).toEqual(await untimedMetrics(whole));
    expect(await checkpointBytes(damaged)).toEqual(await checkpointBytes(whole));
  });
});

describe('a folder with another run', () => {
  it('is refused, and the first key that differs is named', async () => {
    const folder = await freshFolder();
    const config = { seed: 7, optimizer: { name: 'tiny', rates: [0.1, 0.2] } };
    await trainTiny(folder, { config });
    const metrics = await metricsOf(folder);
    const other = { seed: 7, optimizer: { name: 'tiny', rates: [0.1, 0.3] } };
    await expect(trainTiny(folder, { config: other })).rejects.toThrow(
      /config\.json holds another run: optimizer\.rates\[1\] is 0\.2 there and 0\.3 in this run; use another folder/,
    );
    await expect(trainTiny(folder, { config: { seed: 7 } })).rejects.toThrow('in this run; use another');
    expect(await metricsOf(folder)).toEqual(metrics);
  });

  it('is resumed when only the order of keys or the checkpoint interval differs', async () => {
    const folder = await freshFolder();
    await trainTiny(folder, { config: { a: 1, b: undefined, c: 2 }, signal: AbortSignal.abort() });
    const summary = await trainTiny(folder, { config: { c: 2, a: 1 }, checkpoint: { every: 9 } });
    expect(summary.status).toBe('finished');
  });
});

it('starts over in a folder whose run was killed before its first checkpoint', async () => {
  const [whole, killed] = [await freshFolder(), await freshFolder()];
  await trainTiny(whole);
  await crashAt(2, killed);
  await trainTiny(killed, { data: tinyData() });
  expect(await untimedMetrics(killed)).toEqual(await untimedMetrics(whole));
});
