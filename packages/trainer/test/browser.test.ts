import 'fake-indexeddb/auto';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { build } from 'esbuild';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import * as browser from '../src/browser.ts';
import * as node from '../src/index.ts';
import { checkpointBytes, freshFolder, metricsOf } from './run-in-folder.ts';
import { TinyModel, TinyOptimizer, tinyData, tinyRate, tinySettings } from './tiny-run.ts';

const { indexedDBStore, memoryStore } = browser;
beforeAll(() => tf.setBackend('cpu'));

/** Trains with a fresh tiny model, optimizer and data, as a page does after a reload. */
async function trainTiny(store: browser.RunStore, options: Partial<browser.TrainOptions> = {}) {
  const model = new TinyModel();
  const optimizer = new TinyOptimizer({ learningRate: tinyRate });
  try {
    return await browser.train({
      model,
      optimizer,
      data: tinyData(),
      ...tinySettings,
      store,
      ...options,
    });
  } finally {
    model.dispose();
    optimizer.dispose();
  }
}

/** Ends a run as an abort or a crash after some steps would. */
function endingAfter(steps: number, end: 'abort' | 'crash'): Partial<browser.TrainOptions> {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    onProgress({ step }) {
      if (step !== steps) return;
      if (end === 'crash') throw new Error('the tab has crashed');
      controller.abort();
    },
  };
}

function untimed(lines: readonly browser.MetricsLine[]): object[] {
  return lines.map(({ seconds: _, ...line }) => line);
}

let names = 0;
const kinds: [string, () => browser.KeptRunStore][] = [
  ['memory', memoryStore],
  ['IndexedDB', () => indexedDBStore(`run ${names++}`)],
];

describe.each(kinds)('a run in %s', (_, makeStore) => {
  it('gives the metrics and the checkpoint of a run in a folder', async () => {
    const store = makeStore();
    const summary = await trainTiny(store);
    const directory = await freshFolder();
    const model = new TinyModel();
    const optimizer = new TinyOptimizer({ learningRate: tinyRate });
    const inFolder = await node.train({
      ...{ model, optimizer, data: tinyData(), steps: 20, directory, config: { seed: 7 } },
      ...{ evaluation: { every: 5, sequences: 6 }, log: { every: 2 }, checkpoint: { every: 3 } },
    });
    model.dispose();
    optimizer.dispose();
    expect(summary.finalValidationLoss).toBe(inFolder.finalValidationLoss);
    const kept = (await store.read())!;
    expect(untimed(kept.metrics)).toEqual(untimed(await metricsOf(directory)));
    expect(kept).toMatchObject({ config: { seed: 7 }, checkpointStep: 20, summary: { status: 'finished' } });
    const stored = await store.open({ seed: 7 });
    const checkpoint = (await stored.findCheckpoint(() => {}))!;
    const bytesOf = (part: browser.CheckpointPart) =>
      checkpoint.read(part, async (bytes) => Buffer.from(await bytes.read(0, bytes.size)));
    expect([await bytesOf('model'), await bytesOf('optimizer')]).toEqual(await checkpointBytes(directory));
    await stored.close();
  });

  it.each(['abort', 'crash'] as const)('continues bit for bit after an %s, metrics included', async (end) => {
    const undisturbed = memoryStore();
    const whole = await trainTiny(undisturbed);
    const store = makeStore();
    const first = trainTiny(store, endingAfter(11, end));
    if (end === 'crash') await expect(first).rejects.toThrow('the tab has crashed');
    else expect((await first).status).toBe('interrupted');
    expect((await store.read())!.checkpointStep).toBe(end === 'crash' ? 9 : 11);
    const resumed = await trainTiny(store);
    expect(resumed).toMatchObject({ status: 'finished', finalValidationLoss: whole.finalValidationLoss });
    expect(untimed((await store.read())!.metrics)).toEqual(untimed((await undisturbed.read())!.metrics));
  });

  it('tells every line of metrics when it is stored, and waits', async () => {
    const store = makeStore();
    const told: browser.MetricsLine[] = [];
    const onMetrics = async (line: browser.MetricsLine) => {
      expect((await store.read())!.metrics).toEqual([...told, line]);
      await new Promise((resolve) => setTimeout(resolve, 1));
      told.push(line);
    };
    await trainTiny(store, { onMetrics });
    expect(told).toEqual((await store.read())!.metrics);
  });

  it('that is over gives its summary back and trains nothing', async () => {
    const store = makeStore();
    const summary = await trainTiny(store);
    const again = await trainTiny(store, { onProgress: () => expect.unreachable() });
    expect(again).toEqual(summary);
  });

  it('refuses another config and other settings, and says what to do', async () => {
    const store = makeStore();
    await trainTiny(store, { steps: 4 });
    await expect(trainTiny(store, { steps: 4, config: { seed: 8 } })).rejects.toThrow(
      /^the run .*IndexedDB holds another run: seed is 7 there and 8 in this run; use another store, or remove|^the run in memory holds another run: seed is 7/,
    );
    await expect(trainTiny(store, { steps: 3 })).rejects.toThrow(
      /holds a run of 4 steps, and 3 are asked for: a run can be made longer, not shorter; use another store$/,
    );
    expect((await trainTiny(store, { steps: 4 })).status).toBe('finished');
  });

  it('keeps as many checkpoints as asked for, of which the newest counts', async () => {
    const store = makeStore();
    await trainTiny(store, { steps: 10, checkpoint: { every: 3, keep: 2 } });
    expect((await store.read())!.checkpointStep).toBe(10);
  });

  it('is open once at a time, and not removed meanwhile', async () => {
    const store = makeStore();
    let tried = false;
    await trainTiny(store, {
      steps: 3,
      shouldStop: () => {
        tried = true;
        return undefined;
      },
      evaluation: { every: 1, sequences: 2 },
    });
    expect(tried).toBe(true);
    const stored = await store.open({ seed: 7 });
    await expect(store.open({ seed: 7 })).rejects.toThrow(/is being trained/);
    await expect(store.remove()).rejects.toThrow(/is being trained/);
    await stored.close();
    await store.remove();
    expect(await store.read()).toBeUndefined();
    expect((await trainTiny(store, { steps: 2, config: { seed: 9 } })).steps).toBe(2);
  });

  it('whose metrics have lost a line is refused, and stays as it is', async () => {
    const store = makeStore();
    await trainTiny(store, endingAfter(11, 'abort'));
    const stored = await store.open({ seed: 7 });
    await stored.rewind();
    await stored.close();
    await expect(trainTiny(store)).rejects.toThrow(
      /the metrics of the run .* have 0 lines, but had \d+ at the last checkpoint: remove the run to start over/,
    );
  });
});

describe('stores', () => {
  const { indexedDB } = globalThis;
  afterEach(() => {
    globalThis.indexedDB = indexedDB;
  });

  it('in one database are apart, even where a name begins with another', async () => {
    const [short, long] = [indexedDBStore('lion'), indexedDBStore('lion 2')];
    await trainTiny(short, { steps: 2 });
    await trainTiny(long, { steps: 3 });
    await short.remove();
    expect(await short.read()).toBeUndefined();
    expect((await long.read())!.summary!.steps).toBe(3);
  });

  it('say what is wrong with an option', async () => {
    expect(() => indexedDBStore('')).toThrow('the name of a run must be a text that is not empty, got ""');
    expect(() => indexedDBStore('a', { databaseName: 'b' } as object)).toThrow(
      'indexedDBStore has no option "databaseName"; did you mean "database"?',
    );
    Reflect.deleteProperty(globalThis, 'indexedDB');
    expect(() => indexedDBStore('a')).toThrow('there is no IndexedDB here: use it in a browser, or keep the');
    await expect(trainTiny({} as never)).rejects.toThrow('store must be one such as memoryStore() gives');
    await expect(node.train({ ...({} as node.TrainOptions), directory: 7 as never })).rejects.toThrow(
      'directory must be the path of the run folder, got 7',
    );
    const both = { directory: 'a', store: memoryStore() } as never;
    await expect(node.train(both)).rejects.toThrow('train takes either directory or store, got both');
    const [model, optimizer] = [new TinyModel(), new TinyOptimizer({ learningRate: tinyRate })];
    const inPage = { model, optimizer, data: tinyData(), steps: 1, directory: 'a' };
    for (const options of [inPage, { ...inPage, store: memoryStore() }]) {
      await expect(browser.train(options as never)).rejects.toThrow(
        'directory is for Node: here give a store instead, such as indexedDBStore(name)',
      );
    }
  });
});

describe('the entry for browsers', () => {
  it('has the names of the entry for Node, but for folders', () => {
    expect([...Object.keys(browser), 'folderStore'].sort()).toEqual(Object.keys(node).sort());
  });

  it('bundles without any module of Node', async () => {
    const { metafile } = await build({
      stdin: {
        contents: "export * from '@steepest/trainer';",
        resolveDir: fileURLToPath(new URL('..', import.meta.url)),
      },
      ...{ bundle: true, platform: 'browser', conditions: ['@steepest/source'], format: 'esm' },
      ...{ write: false, metafile: true },
    });
    const inputs = Object.keys(metafile.inputs);
    expect(inputs.some((input) => input.endsWith('trainer/src/train.ts'))).toBe(true);
    for (const input of inputs) expect(input).not.toMatch(/^node:|folder-store|run-folder|\.node\.ts$/);
  });
});
