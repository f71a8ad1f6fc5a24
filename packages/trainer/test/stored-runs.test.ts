import 'fake-indexeddb/auto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { openDB } from 'idb';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  indexedDBStore,
  type KeptRunStore,
  type MetricsLine,
  memoryStore,
  type TrainOptions,
} from '../src/index.ts';
import { checkedRecord } from '../src/stores/run-store.ts';
import { freshFolder, trainTiny } from './run-in-folder.ts';
import { tinySettings } from './tiny-run.ts';

beforeAll(() => tf.setBackend('cpu'));
afterEach(() => vi.restoreAllMocks());

let names = 0;
const kinds: [string, () => KeptRunStore][] = [
  ['memory', memoryStore],
  ['IndexedDB', () => indexedDBStore(`stored ${names++}`)],
];

const trainIn = (store: KeptRunStore, options: Partial<TrainOptions> = {}) =>
  trainTiny('', { store, directory: undefined, ...options });

/** Ends the run after a step as by a kill. */
async function crashAt(
  last: number,
  store: KeptRunStore,
  options: Partial<TrainOptions> = {},
): Promise<void> {
  const onProgress = ({ step }: { step: number }) => {
    if (step === last) throw new Error('crash');
  };
  await expect(trainIn(store, { ...options, onProgress })).rejects.toThrow('crash');
}

/** The error of a resume while reads of that many Blobs fail, the newest first. */
async function errorWithout(
  store: KeptRunStore,
  reads: number,
  options: Partial<TrainOptions>,
): Promise<string> {
  const { arrayBuffer } = Blob.prototype;
  let left = reads;
  vi.spyOn(Blob.prototype, 'arrayBuffer').mockImplementation(async function (this: Blob) {
    if (left-- > 0) throw new DOMException('the file is gone', 'NotFoundError');
    return arrayBuffer.call(this);
  });
  const error: unknown = await trainIn(store, options).catch((reason: unknown) => reason);
  vi.restoreAllMocks();
  return (error as Error).message;
}

describe.each(kinds)('a run in %s', (_, makeStore) => {
  it('keeps the newest checkpoint alone without being asked for more', async () => {
    const store = makeStore();
    await crashAt(14, store);
    expect(await errorWithout(store, 1, {})).toMatch(
      /^cannot resume from the model of step 12 of the run .*: it cannot be read \(the file is gone\); this checkpoint is damaged: remove the run to start over$/,
    );
  });

  it('keeps as many checkpoints as asked for, the latest, and fewer when fewer are asked for', async () => {
    const store = makeStore();
    const two = { checkpoint: { every: 3, keep: 2 } };
    await crashAt(14, store, two);
    expect(await errorWithout(store, 2, two)).toContain('and so is every older one (1)');
    await crashAt(17, store);
    expect(await errorWithout(store, 1, {})).toContain('the model of step 15');
  });

  it('whose summary is whole but not that of its checkpoint is refused, and says what to do', async () => {
    const store = makeStore();
    const summary = await trainIn(store);
    const stored = await store.open(tinySettings.config);
    await stored.writeSummary({ ...summary, finalValidationLoss: 7 });
    await stored.close();
    await expect(trainIn(store)).rejects.toThrow(
      new RegExp(
        '^the summary of the run .* has a final validation loss of 7, and the checkpoint one of ' +
          `${summary.finalValidationLoss}; remove the run to start over$`,
      ),
    );
  });

  it('that had another schedule is not made longer, and another store is offered', async () => {
    const store = makeStore();
    await trainIn(store, { steps: 4, log: { every: 1 } });
    const stored = await store.open(tinySettings.config);
    const { record } = (await stored.findCheckpoint(expect.unreachable))!;
    await stored.close();
    expect(record.counters.step).toBe(4);
    const { TinyOptimizer } = await import('./tiny-run.ts');
    const optimizer = new TinyOptimizer({ learningRate: 0.25 });
    await expect(trainIn(store, { steps: 6, log: { every: 1 }, optimizer })).rejects.toThrow(
      /its learning rate at step 1 was .* and would be 0\.25: .* or use another store$/,
    );
    optimizer.dispose();
  });

  it('is a copy of what it is given and hands copies out', async () => {
    const store = makeStore();
    const config = { seed: 7, rates: [1, 2] };
    const whole = makeStore();
    await trainIn(whole);
    await crashAt(8, store, {
      config,
      onMetrics: (line) => {
        Object.assign(line, { loss: 0 });
      },
    });
    config.rates[0] = 3;
    const kept = (await store.read())!;
    expect(kept.config).toEqual({ seed: 7, rates: [1, 2] });
    const losses = ({ metrics }: { metrics: readonly MetricsLine[] }) => metrics.map(({ loss }) => loss);
    const expected = losses((await whole.read())!);
    expect(losses(kept)).toEqual(expected.slice(0, kept.metrics.length));
    Object.assign(kept.metrics[0]!, { loss: 0 });
    Object.assign(kept.config as object, { seed: 8 });
    await trainIn(store, { config: { seed: 7, rates: [1, 2] } });
    expect(losses((await store.read())!)).toEqual(expected);
  });
});

describe('a run in IndexedDB', () => {
  it('is apart from one of its name in another database', async () => {
    const [one, other] = [indexedDBStore('same'), indexedDBStore('same', { database: 'elsewhere' })];
    const [first, second] = [await one.open({ seed: 1 }), await other.open({ seed: 2 })];
    await Promise.all([first.close(), second.close()]);
    expect([(await one.read())!.config, (await other.read())!.config]).toEqual([{ seed: 1 }, { seed: 2 }]);
    const rows = await openDB('elsewhere');
    expect(await rows.getAllKeys('runs')).toEqual(['same']);
    rows.close();
  });

  it('does not hold up a later version of the page, and fails at its next write then', async () => {
    const stored = await indexedDBStore('held', { database: 'upgraded' }).open({});
    const later = await openDB('upgraded', 2);
    await expect(stored.writeSummary({} as never)).rejects.toThrow(
      expect.objectContaining({ name: 'InvalidStateError' }),
    );
    later.close();
    await stored.close();
  });

  it('whose checkpoint stands under the step of another gives way to the older one', async () => {
    const name = `stored ${names++}`;
    const options = { checkpoint: { every: 3, keep: 2 } };
    await crashAt(8, indexedDBStore(name), options);
    const rows = await openDB('steepest-runs');
    await rows.put('checkpoints', await rows.get('checkpoints', [name, 3]), [name, 7]);
    rows.close();
    const warnings: string[] = [];
    const steps: number[] = [];
    await trainIn(indexedDBStore(name), {
      ...options,
      onWarning: (message) => warnings.push(message),
      onProgress: ({ step }) => steps.push(step),
    });
    expect(warnings).toEqual([
      `cannot resume from the record of step 7 of the run "${name}" in IndexedDB: ` +
        'its bytes are not those that were saved; resuming from step 6',
    ]);
    expect(steps[0]).toBe(7);
  });

  it.each([
    [
      'runs',
      1,
      /^the browser gives this site no room for the run "[^"]*" in IndexedDB: remove runs that are no/,
    ],
    [
      'runs',
      2,
      /^the browser gives this site no room for the run "[^"]*" in IndexedDB: remove runs that are no/,
    ],
    [
      'runs',
      3,
      /^the browser gives this site no room for the summary of the run "[^"]*" in IndexedDB: remove/,
    ],
    ['metrics', 1, /no room for the metrics of the run "[^"]*" in IndexedDB: remove .*, or use memoryStore$/],
    // Two tensors of 66 float32 and a momentum of each are 1056 bytes, and the rest are headers.
    ['checkpoints', 1, /no room for the checkpoint of the run "[^"]*" in IndexedDB, 0\.0 MB: remove/],
  ] as const)('says that there is no room for its %s (write %i)', async (rows, write, message) => {
    const { put } = IDBObjectStore.prototype;
    let left = write;
    const cause = new DOMException('', 'QuotaExceededError');
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, ...row) {
      if (this.name === rows && --left === 0) throw cause;
      return put.apply(this, row);
    });
    const error: unknown = await trainIn(indexedDBStore(`stored ${names++}`), { steps: 4 }).catch(
      (e: unknown) => e,
    );
    expect((error as Error).message).toMatch(message);
    expect((error as Error).cause).toBe(cause);
  });

  it('passes other errors of the browser on as they are', async () => {
    const cause = new DOMException('the disk is broken', 'UnknownError');
    const store = indexedDBStore(`stored ${names++}`);
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw cause;
    });
    await expect(store.open({})).rejects.toBe(cause);
    vi.restoreAllMocks();
    // It is free again.
    await (await store.open({})).close();
    expect((await store.read())!.config).toEqual({});
  });
});

describe('a run folder', () => {
  it('puts the newest of its damaged checkpoints aside, and leaves folders of other names alone', async () => {
    const folder = await freshFolder();
    const options = { checkpoint: { every: 3, keep: 3 } };
    const crash = trainTiny(folder, {
      ...options,
      onProgress: ({ step }) => {
        if (step === 14) throw new Error('crash');
      },
    });
    await expect(crash).rejects.toThrow('crash');
    for (const name of ['checkpoint', 'checkpoint-9'])
      await writeFile(join(folder, name, 'model.safetensors'), '');
    const others = ['checkpoint-99-copy', 'my-checkpoint-99', 'checkpoint-'];
    for (const name of others) await mkdir(join(folder, name));
    const steps: number[] = [];
    await trainTiny(folder, { ...options, onWarning: () => {}, onProgress: ({ step }) => steps.push(step) });
    expect(steps[0]).toBe(7);
    const aside = JSON.parse(await readFile(join(folder, 'checkpoint.damaged', 'trainer.json'), 'utf8'));
    expect(aside.counters.step).toBe(12);
    expect((await readdir(folder)).filter((name) => name.includes('checkpoint')).sort()).toEqual(
      ['checkpoint', 'checkpoint-15', 'checkpoint-18', 'checkpoint.damaged', ...others].sort(),
    );
  });
});

it('a record of another version is named', () => {
  for (const [record, version] of [
    [{ schemaVersion: 1 }, '1'],
    [{ schemaVersion: '2' }, '"2"'],
    [{}, 'undefined'],
    [null, 'undefined'],
  ] as const) {
    expect(() => checkedRecord('trainer.json', record)).toThrow(
      `trainer.json: schemaVersion must be 2, got ${version}`,
    );
  }
  const record = { schemaVersion: 2, metrics: 3 };
  expect(checkedRecord('trainer.json', record)).toBe(record);
});
