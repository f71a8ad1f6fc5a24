import 'fake-indexeddb/auto';
import * as tf from '@tensorflow/tfjs';
import { type IDBPDatabase, openDB } from 'idb';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  type CheckpointPart,
  indexedDBStore,
  type KeptRunStore,
  type MetricsLine,
  memoryStore,
  type StoredRun,
  type TrainerRecord,
  type TrainOptions,
  train,
} from '../src/browser.ts';
import { TinyModel, TinyOptimizer, tinyData, tinyRate, tinySettings } from './tiny-run.ts';

beforeAll(() => tf.setBackend('cpu'));
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** What came of a run: warnings, the steps trained here, and every line of metrics without its times. */
async function trainTiny(store: KeptRunStore, options: Partial<TrainOptions> = {}) {
  const model = new TinyModel();
  const optimizer = new TinyOptimizer({ learningRate: tinyRate });
  const warnings: string[] = [];
  const steps: number[] = [];
  try {
    const summary = await train({
      ...{ model, optimizer, data: tinyData(), ...tinySettings },
      onWarning: (message) => warnings.push(message),
      onProgress: ({ step }) => steps.push(step),
      ...options,
      store,
    });
    const { metrics } = (await store.read())!;
    return { summary, warnings, steps, metrics: metrics.map(({ seconds: _, ...line }) => line) };
  } finally {
    model.dispose();
    optimizer.dispose();
  }
}

/** Two checkpoints: of steps 3 and 6. */
const keeping = { checkpoint: { every: 3, keep: 2 } };

/** Ends the run after step 8 as by a kill: with the checkpoint of step 6, and with `keeping` that of step 3. */
async function kill(store: KeptRunStore, options: Partial<TrainOptions> = {}): Promise<void> {
  const crash = trainTiny(store, {
    ...options,
    onProgress: ({ step }) => {
      if (step === 8) throw new Error('crash');
    },
  });
  await expect(crash).rejects.toThrow('crash');
}

let names = 0;
const freshName = () => `run ${names++}`;

async function withRows<T>(use: (db: IDBPDatabase) => Promise<T>): Promise<T> {
  const db = await openDB('steepest-runs');
  try {
    return await use(db);
  } finally {
    db.close();
  }
}

const contentOf = (name: string) =>
  withRows(async (db) =>
    Promise.all([
      db.get('runs', name).then(({ writer: _, ...run }) => run),
      db.getAllKeys('metrics', IDBKeyRange.bound([name], [name, []])),
      db.getAllKeys('checkpoints', IDBKeyRange.bound([name], [name, []])),
    ]),
  );

/** A checkpoint as it is stored. */
interface Row {
  readonly record: { readonly content: TrainerRecord; readonly checksum: string };
  readonly model: { readonly content: Blob; readonly checksum: string };
  readonly optimizer: { readonly content: Blob; readonly checksum: string };
}

/** Changes what is stored of a checkpoint. */
const changeRow = (name: string, step: number, change: (typeof damages)[number][2]) =>
  withRows(async (db) =>
    db.put('checkpoints', await change(await db.get('checkpoints', [name, step])), [name, step]),
  );

/** A row whose record says something else, with the checksum that it had. */
const withContent = (row: Row, change: (record: TrainerRecord) => object): object => ({
  ...row,
  record: { ...row.record, content: { ...row.record.content, ...change(row.record.content) } },
});

/** A row with another Blob, with the checksum that it had. */
const withBlob = async (row: Row, part: CheckpointPart, change: (blob: Blob) => Blob | Promise<Blob>) => ({
  ...row,
  [part]: { ...row[part], content: await change(row[part].content) },
});

/** The same bytes but for one bit of one of them. */
async function withOtherBit(blob: Blob, at: number): Promise<Blob> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  bytes[at < 0 ? bytes.length + at : at]! ^= 1;
  return new Blob([bytes]);
}

const damages: [string, string, (row: Row) => object | Promise<object>][] = [
  [
    'another count',
    'record',
    (row) => withContent(row, ({ counters }) => ({ counters: { ...counters, tokens: 1 } })),
  ],
  [
    'another step',
    'record',
    (row) => withContent(row, ({ counters }) => ({ counters: { ...counters, step: 5 } })),
  ],
  ['another data position', 'record', (row) => withContent(row, () => ({ dataPosition: 7 }))],
  ['another checksum', 'record', (row) => ({ ...row, record: { ...row.record, checksum: '0'.repeat(64) } })],
  ['no record', 'record', ({ record: _, ...row }) => row],
  ['no checksums', 'record', ({ record, model }) => ({ record: record.content, model: model.content })],
  [
    'another last bit of the model',
    'model',
    (row) => withBlob(row, 'model', (blob) => withOtherBit(blob, -1)),
  ],
  ['a model cut off', 'model', (row) => withBlob(row, 'model', (blob) => blob.slice(0, -1))],
  ['an empty model', 'model', (row) => withBlob(row, 'model', () => new Blob([]))],
  ['no model', 'model', ({ model: _, ...row }) => row],
  [
    'another first bit of the optimizer',
    'optimizer',
    (row) => withBlob(row, 'optimizer', (blob) => withOtherBit(blob, 0)),
  ],
  ['the model as the optimizer', 'optimizer', (row) => withBlob(row, 'optimizer', () => row.model.content)],
];

describe.each(damages)('a checkpoint in IndexedDB with %s', (_, part, damage) => {
  it('gives way to the older one, and that is said', async () => {
    const whole = await trainTiny(memoryStore());
    const name = freshName();
    await kill(indexedDBStore(name), keeping);
    await changeRow(name, 6, damage);
    const resumed = await trainTiny(indexedDBStore(name), keeping);
    expect(resumed.warnings).toEqual([
      `cannot resume from the ${part} of step 6 of the run "${name}" in IndexedDB: ` +
        'its bytes are not those that were saved; resuming from step 3',
    ]);
    expect(resumed.steps[0]).toBe(4);
    expect(resumed.metrics).toEqual(whole.metrics);
    expect(resumed.summary.finalValidationLoss).toBe(whole.summary.finalValidationLoss);
  });

  it('is an error that names it where there is no older one, and changes nothing', async () => {
    const name = freshName();
    await kill(indexedDBStore(name));
    await changeRow(name, 6, damage);
    const before = await contentOf(name);
    await expect(trainTiny(indexedDBStore(name))).rejects.toThrow(
      `cannot resume from the ${part} of step 6 of the run "${name}" in IndexedDB: ` +
        'its bytes are not those that were saved; this checkpoint is damaged: remove the run to start over',
    );
    expect(await contentOf(name)).toEqual(before);
  });
});

const kinds: [string, () => KeptRunStore][] = [
  ['memory', memoryStore],
  ['IndexedDB', () => indexedDBStore(freshName())],
];

/** Has the next reads of Blobs be refused, as a browser does whose file is gone, or give other bytes. */
function damageReads(reads: number, how: 'refused' | 'other bytes'): void {
  const { arrayBuffer } = Blob.prototype;
  vi.spyOn(Blob.prototype, 'arrayBuffer').mockImplementation(async function (this: Blob) {
    if (reads-- <= 0) return arrayBuffer.call(this);
    if (how === 'refused') throw new DOMException('', 'NotReadableError');
    const bytes = new Uint8Array(await arrayBuffer.call(this));
    bytes[0]! ^= 1;
    return bytes.buffer;
  });
}

describe.each(kinds)('a run in %s', (_, makeStore) => {
  it.each([
    ['refused', 'it cannot be read (NotReadableError)'],
    ['other bytes', 'its bytes are not those that were saved'],
  ] as const)('resumes from the older checkpoint when reads of the newest are %s', async (how, problem) => {
    const whole = await trainTiny(memoryStore());
    const store = makeStore();
    await kill(store, keeping);
    damageReads(1, how);
    const resumed = await trainTiny(store, keeping);
    expect(resumed.warnings).toEqual([
      expect.stringMatching(/^cannot resume from the model of step 6 of the run .*; resuming from step 3$/),
    ]);
    expect(resumed.warnings[0]).toContain(`: ${problem}; `);
    expect(resumed.steps[0]).toBe(4);
    expect(resumed.metrics).toEqual(whole.metrics);
  });

  it('is an error that counts them when no checkpoint can be read, and is whole when they can be again', async () => {
    const whole = await trainTiny(memoryStore());
    const store = makeStore();
    await kill(store, keeping);
    damageReads(2, 'refused');
    await expect(trainTiny(store, keeping)).rejects.toThrow(
      /^cannot resume from the model of step 6 of .*NotReadableError\); this checkpoint is damaged, and so is every older one \(1\): remove the run/,
    );
    const resumed = await trainTiny(store, keeping);
    expect(resumed).toMatchObject({ warnings: [], metrics: whole.metrics });
    expect(resumed.steps[0]).toBe(7);
  });

  it('drops a damaged checkpoint once it trains on, so that the newest is always one of its own', async () => {
    const store = makeStore();
    // An interruption stores step 8, which no checkpoint of the run that goes on replaces.
    const stop = new AbortController();
    await trainTiny(store, {
      ...{ ...keeping, signal: stop.signal },
      onProgress: ({ step }) => {
        if (step === 8) stop.abort();
      },
    });
    expect((await store.read())!.checkpointStep).toBe(8);
    damageReads(1, 'other bytes');
    const crash = trainTiny(store, {
      ...keeping,
      onProgress: ({ step }) => {
        if (step === 7) throw new Error('crash');
      },
    });
    await expect(crash).rejects.toThrow('crash');
    expect((await store.read())!.checkpointStep).toBe(6);
    expect((await trainTiny(store, keeping)).steps[0]).toBe(7);
  });

  it.each(['model', 'optimizer'] as const)(
    'keeps its last checkpoint when the next fails at the %s',
    async (part) => {
      const store = makeStore();
      await kill(store);
      const stored = await store.open(tinySettings.config);
      const found = (await stored.findCheckpoint(expect.unreachable))!;
      const bytes = async () => new Uint8Array(3);
      const failing = async () => {
        throw new Error('killed');
      };
      const record = { ...found.record, counters: { ...found.record.counters, step: 9 } };
      const next = { record, model: bytes, optimizer: bytes, [part]: failing };
      await expect(stored.saveCheckpoint(next, 1)).rejects.toThrow('killed');
      await stored.close();
      expect(await trainTiny(store)).toMatchObject({ warnings: [] });
    },
  );

  it('refuses metrics that are not those of its checkpoint', async () => {
    const store = makeStore();
    await kill(store);
    const stored = await store.open(tinySettings.config);
    const { record } = (await stored.findCheckpoint(expect.unreachable))!;
    const lines = await stored.readTo(record.metrics);
    await stored.close();
    const other = await store.open(tinySettings.config);
    await other.rewind();
    for (const line of lines) await other.append({ ...line, loss: line.loss + 1e-9 } as MetricsLine);
    await other.close();
    await expect(trainTiny(store)).rejects.toThrow(
      /^the metrics of the run .* are not what they were at the last checkpoint: remove the run to start over$/,
    );
  });

  it('hands out copies, which may be written over', async () => {
    const store = makeStore();
    const { summary } = await trainTiny(store);
    const stored = await store.open(tinySettings.config);
    const { record } = (await stored.findCheckpoint(expect.unreachable))!;
    Object.assign((await stored.summary())!, { steps: 1 });
    Object.assign((await stored.readTo(record.metrics))[0]!, { loss: 0 });
    Object.assign(record.counters, { tokens: 0 });
    await stored.close();
    expect((await trainTiny(store)).summary).toEqual(summary);
  });
});

it('a checkpoint in IndexedDB that is stored in part, as by a kill between its writes, is not there at all', async () => {
  const whole = await trainTiny(memoryStore());
  const name = freshName();
  const { put } = IDBObjectStore.prototype;
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, ...row) {
    const request = put.apply(this, row);
    const isNinth = this.name === 'checkpoints' && (row[1] as [string, number])[1] === 9;
    if (isNinth) request.addEventListener('success', () => this.transaction.abort());
    return request;
  });
  await expect(trainTiny(indexedDBStore(name))).rejects.toThrow();
  vi.restoreAllMocks();
  expect((await indexedDBStore(name).read())!.checkpointStep).toBe(6);
  const resumed = await trainTiny(indexedDBStore(name));
  expect(resumed).toMatchObject({ warnings: [], metrics: whole.metrics });
  expect(resumed.steps[0]).toBe(7);
});

it('a line of metrics in IndexedDB with another number is named', async () => {
  const name = freshName();
  await kill(indexedDBStore(name));
  await withRows(async (db) => {
    const line = await db.get('metrics', [name, 1]);
    await db.put('metrics', { ...line, loss: line.loss + 1 }, [name, 1]);
  });
  const before = await contentOf(name);
  await expect(trainTiny(indexedDBStore(name))).rejects.toThrow(
    `the metrics of the run "${name}" in IndexedDB are not what they were at the last checkpoint: remove the run`,
  );
  expect(await contentOf(name)).toEqual(before);
});

it('a summary in IndexedDB with another number is named, to who reads it and to who trains', async () => {
  const name = freshName();
  const store = indexedDBStore(name);
  await trainTiny(store);
  await withRows(async (db) => {
    const run = await db.get('runs', name);
    run.summary.content.finalValidationLoss -= 0.1;
    await db.put('runs', run, name);
  });
  const message = `the summary of the run "${name}" in IndexedDB is not the one that was saved: remove the run`;
  await expect(store.read()).rejects.toThrow(message);
  await expect(trainTiny(store)).rejects.toThrow(message);
  await store.remove();
  expect((await trainTiny(store)).summary.status).toBe('finished');
});

/** A store of the same run as another tab has it, which knows nothing of this one's variables. */
async function inAnotherTab(name: string): Promise<KeptRunStore> {
  vi.resetModules();
  const other = await import('../src/browser.ts');
  return other.indexedDBStore(name);
}

describe('two tabs without Web Locks', () => {
  it('do not mix: the last to open the run trains it, and the first is told at its next write', async () => {
    vi.stubGlobal('navigator', {});
    const whole = await trainTiny(memoryStore());
    const name = freshName();
    const tab = await inAnotherTab(name);
    let taken: unknown;
    let second: StoredRun | undefined;
    const first = trainTiny(indexedDBStore(name), {
      // The other tab takes the run up from step 6 while this one is at step 8.
      onMetrics: async ({ step }) => {
        if (step !== 8) return;
        second = await tab.open(tinySettings.config);
        const { record } = (await second.findCheckpoint(expect.unreachable))!;
        await second.readTo(record.metrics);
        await second.rewind();
        taken = await contentOf(name);
      },
    });
    await expect(first).rejects.toThrow(
      `the run "${name}" in IndexedDB has been opened or removed in another tab, so that nothing more is stored from here`,
    );
    // Neither the next line, nor the checkpoint of step 9, nor a summary that the run has failed.
    expect(await contentOf(name)).toEqual(taken);
    await second!.close();
    const resumed = await trainTiny(tab);
    expect(resumed.steps[0]).toBe(7);
    expect(resumed.metrics).toEqual(whole.metrics);
  });

  it('do not mix when one removes the run: the other stores nothing more of it', async () => {
    vi.stubGlobal('navigator', {});
    const name = freshName();
    const tab = await inAnotherTab(name);
    const first = trainTiny(indexedDBStore(name), {
      onMetrics: async ({ step }) => {
        if (step === 8) await tab.remove();
      },
    });
    await expect(first).rejects.toThrow('has been opened or removed in another tab');
    expect(await tab.read()).toBeUndefined();
    expect((await withRows((db) => db.getAllKeys('metrics'))).flat()).not.toContain(name);
  });
});

it('two tabs with Web Locks do not mix: the second is refused', async () => {
  const held = new Set<string>();
  const request = async (lock: string, _: object, use: (lock: object | null) => Promise<void>) => {
    if (held.has(lock)) return use(null);
    held.add(lock);
    return use({}).finally(() => held.delete(lock));
  };
  vi.stubGlobal('navigator', { locks: { request } });
  const name = freshName();
  const tab = await inAnotherTab(name);
  const stored = await indexedDBStore(name).open(tinySettings.config);
  await expect(tab.open(tinySettings.config)).rejects.toThrow(
    `the run "${name}" in IndexedDB is being trained, here or in another tab`,
  );
  await stored.close();
  expect((await trainTiny(tab)).summary.status).toBe('finished');
});

it('a page without crypto.subtle is told so when it makes a store', () => {
  vi.stubGlobal('crypto', {});
  for (const make of [memoryStore, () => indexedDBStore('a')])
    expect(make).toThrow(/there is no crypto\.subtle here, .*: serve the page over HTTPS or from localhost$/);
});
