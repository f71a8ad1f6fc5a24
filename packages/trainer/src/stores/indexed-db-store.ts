import { jsonForm, type MetricsLine, requireSame, type TrialSummary } from '@steepest/run-files';
import { type DBSchema, type IDBPDatabase, type IDBPTransaction, openDB } from 'idb';
import { type KeptCheckpoint, keptCheckpoint, newestKept } from './kept-checkpoint.ts';
import {
  firstMark,
  type KeptRunStore,
  type LineMark,
  markAfter,
  openedSummary,
  removeRun,
  requireLines,
} from './kept-run.ts';
import { takeRunLock } from './run-lock.ts';
import type { StoredRun } from './run-store.ts';
import { requireChecksums, type Sealed, seal } from './sealed.ts';

/** A run that has begun. */
interface RunRow {
  readonly config: unknown;
  /** Which opening of the run may write: the last. It keeps tabs apart where the browser has no Web Locks. */
  readonly writer: string;
  readonly summary?: Sealed<TrialSummary>;
}

/** Object stores; the keys begin with the name of the run. */
interface Schema extends DBSchema {
  runs: { key: string; value: RunRow };
  metrics: { key: [run: string, line: number]; value: MetricsLine };
  checkpoints: { key: [run: string, step: number]; value: KeptCheckpoint };
}
type Database = IDBPDatabase<Schema>;

const schemaVersion = 1;
const objectStores = ['runs', 'metrics', 'checkpoints'] as const;
/** A commit that is on the disk when it is reported. */
const strict = { durability: 'strict' } as const;

/** How `indexedDBStore` keeps a run. */
export interface IndexedDBStoreOptions {
  /** Name of the database, which holds any number of runs; by default `steepest-runs`. */
  readonly database?: string | undefined;
}

/**
 * A run in IndexedDB, which outlives the page: `train` continues it after a reload or a crash. Each checkpoint is one transaction, so
 * that there is always a whole one, and has checksums: a damaged one gives way to an older one, if there is any. Browsers may drop the data of a site when the disk is full; `navigator.storage.persist()`
 * asks them not to.
 *
 * @param name of the run in its database
 * @throws Error when the name is empty, there is no IndexedDB here, or the page came over plain HTTP, where checksums cannot be made
 */
export function indexedDBStore(name: string, options: IndexedDBStoreOptions = {}): KeptRunStore {
  if (typeof name !== 'string' || name === '')
    throw new Error(`the name of a run must be a text that is not empty, got ${JSON.stringify(name)}`);
  for (const key of Object.keys(options)) {
    if (key !== 'database')
      throw new Error(`indexedDBStore has no option "${key}"; did you mean "database"?`);
  }
  const { database = 'steepest-runs' } = options;
  if (typeof globalThis.indexedDB !== 'object') {
    throw new Error(
      'there is no IndexedDB here: use it in a browser, or keep the run in memory (memoryStore)',
    );
  }
  requireChecksums();
  const place = `the run "${name}" in IndexedDB`;
  const lock = () => takeRunLock(`${database}/${name}`, place);
  return {
    async open(config) {
      const release = await lock();
      try {
        const db = await openDatabase(database);
        try {
          const writer = crypto.randomUUID();
          await roomFor(place, () => beginWriting(db, name, place, { config: jsonForm(config), writer }));
          return storedRun(db, { name, place, writer }, release);
        } catch (error) {
          db.close();
          throw error;
        }
      } catch (error) {
        release();
        throw error;
      }
    },
    async read() {
      const db = await openDatabase(database);
      try {
        const rows = db.transaction(objectStores);
        const [run, metrics, [newest]] = await Promise.all([
          rows.objectStore('runs').get(name),
          rows.objectStore('metrics').getAll(allOf(name)),
          newestSteps(rows.objectStore('checkpoints'), name),
        ]);
        if (run === undefined) return undefined;
        const summary = await openedSummary(place, run.summary);
        return { config: run.config, metrics, ...(summary && { summary }), checkpointStep: newest };
      } finally {
        db.close();
      }
    },
    async remove() {
      const release = await lock();
      try {
        const db = await openDatabase(database);
        try {
          const rows = db.transaction(objectStores, 'readwrite', strict);
          await Promise.all([
            rows.objectStore('runs').delete(name),
            rows.objectStore('metrics').delete(allOf(name)),
            rows.objectStore('checkpoints').delete(allOf(name)),
            rows.done,
          ]);
        } finally {
          db.close();
        }
      } finally {
        release();
      }
    },
  };
}

function openDatabase(name: string): Promise<Database> {
  return openDB<Schema>(name, schemaVersion, {
    upgrade(db) {
      for (const store of objectStores) db.createObjectStore(store);
    },
    // A page of a later version must not wait for this one, whose next operation fails instead.
    blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
  });
}

/**
 * Has a write say that there is no room for it: browsers give a QuotaExceededError without a message. What is stored already stays.
 *
 * @param what is written
 */
async function roomFor<T>(what: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    if ((cause as Error).name !== 'QuotaExceededError') throw cause;
    const remedy = 'remove runs that are no longer needed, make room on the disk, or use memoryStore';
    throw new Error(`the browser gives this site no room for ${what}: ${remedy}`, { cause });
  }
}

/** All keys of a run: no number is as large as an array. */
function allOf(name: string): IDBKeyRange {
  return IDBKeyRange.bound([name], [name, []]);
}

/** Steps of a run's checkpoints, the latest first. */
async function newestSteps(
  checkpoints: { getAllKeys(range: IDBKeyRange): Promise<[string, number][]> },
  name: string,
): Promise<number[]> {
  return (await checkpoints.getAllKeys(allOf(name))).map(([, step]) => step).reverse();
}

/** Takes a run up, or begins it. @throws Error when it has another config */
async function beginWriting(db: Database, name: string, place: string, wanted: RunRow): Promise<void> {
  const rows = db.transaction('runs', 'readwrite', strict);
  const present = await rows.store.get(name);
  if (present !== undefined) requireSame(place, present.config, wanted.config, 'store');
  await Promise.all([rows.store.put({ ...present, ...wanted }, name), rows.done]);
}

/** A run that is open here. */
interface OpenRun {
  readonly name: string;
  readonly place: string;
  readonly writer: string;
}

type Writing = IDBPTransaction<Schema, (typeof objectStores)[number][], 'readwrite'>;

/**
 * Writes in one transaction, of which all or nothing is stored.
 *
 * @param write must wait for nothing but the transaction
 * @throws Error when the run has been opened or removed elsewhere since it was opened here
 */
async function writing(
  db: Database,
  { name, place, writer }: OpenRun,
  options: IDBTransactionOptions,
  write: (rows: Writing, run: RunRow) => Promise<unknown>,
): Promise<void> {
  const rows = db.transaction([...objectStores], 'readwrite', options);
  const run = await rows.objectStore('runs').get(name);
  if (run?.writer !== writer) {
    throw new Error(
      `${place} has been opened or removed in another tab, so that nothing more is stored from here: train it in one tab at a time`,
    );
  }
  await Promise.all([write(rows, run), rows.done]);
}

function storedRun(db: Database, run: OpenRun, release: () => void): StoredRun {
  const { name, place } = run;
  /** Of the metrics that are stored, and that {@link StoredRun.readTo} has read. */
  let end = firstMark;
  /** Steps of the damaged checkpoints that are newer than the one found. */
  let passedOver: readonly number[] = [];
  const nameOf = (part: string) => `the ${part} of ${place}`;
  return {
    container: 'store',
    summaryName: nameOf('summary'),
    summaryRemedy: removeRun,
    summary: async () => openedSummary(place, (await db.get('runs', name))?.summary),
    async writeSummary(content) {
      const summary = await seal(jsonForm(content) as TrialSummary);
      await roomFor(nameOf('summary'), () =>
        writing(db, run, strict, (rows, row) => rows.objectStore('runs').put({ ...row, summary }, name)),
      );
    },
    async append(line) {
      const stored = jsonForm(line) as MetricsLine;
      const next = await markAfter(end, stored);
      await roomFor(nameOf('metrics'), () =>
        writing(db, run, {}, (rows) => rows.objectStore('metrics').put(stored, [name, end.lines])),
      );
      end = next;
    },
    // The lines reach the disk with the checkpoint that holds the mark, or before it.
    mark: async () => end,
    async readTo(mark) {
      const { lines } = mark as LineMark;
      const found = await db.getAll('metrics', IDBKeyRange.bound([name], [name, lines], false, true));
      await requireLines(place, found, mark as LineMark);
      end = mark as LineMark;
      return found;
    },
    rewind: () =>
      roomFor(place, () =>
        writing(db, run, strict, (rows, { summary: _, ...row }) =>
          Promise.all([
            rows.objectStore('runs').put(row, name),
            rows.objectStore('metrics').delete(IDBKeyRange.bound([name, end.lines], [name, []])),
            ...passedOver.map((step) => rows.objectStore('checkpoints').delete([name, step])),
          ]),
        ),
      ),
    async saveCheckpoint(checkpoint, keep) {
      // Made before the transaction, which would end while it waits for anything else.
      const row = await keptCheckpoint(checkpoint);
      const megabytes = ((row.model.content.size + row.optimizer.content.size) / 1e6).toFixed(1);
      await roomFor(`${nameOf('checkpoint')}, ${megabytes} MB`, () =>
        writing(db, run, strict, async (rows) => {
          const checkpoints = rows.objectStore('checkpoints');
          await checkpoints.put(row, [name, checkpoint.record.counters.step]);
          for (const step of (await newestSteps(checkpoints, name)).slice(keep))
            await checkpoints.delete([name, step]);
        }),
      );
    },
    async findCheckpoint(warn) {
      const steps = await newestSteps(db.transaction('checkpoints').store, name);
      const found = await newestKept(place, steps, (step) => db.get('checkpoints', [name, step]), warn);
      passedOver = found?.passedOver ?? [];
      return found?.checkpoint;
    },
    async close() {
      db.close();
      release();
    },
  };
}
