import { jsonForm, type MetricsLine, requireSame, type TrialSummary } from '@steepest/run-files';
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import { blobOf, blobSource } from './bytes.ts';
import { type KeptRunStore, type LineMark, requireLines } from './kept-run.ts';
import { takeRunLock } from './run-lock.ts';
import { checkedRecord, type StoredRun, type TrainerRecord } from './run-store.ts';

/** A checkpoint as it is stored; the parts are Blobs, which browsers keep as files. */
interface CheckpointRow {
  readonly record: TrainerRecord;
  readonly model: Blob;
  readonly optimizer: Blob;
}

/** Object stores; the keys begin with the name of the run. */
interface Schema extends DBSchema {
  runs: { key: string; value: { readonly config: unknown; readonly summary?: TrialSummary } };
  metrics: { key: [run: string, line: number]; value: MetricsLine };
  checkpoints: { key: [run: string, step: number]; value: CheckpointRow };
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
 * that there is always a whole one. Browsers may drop the data of a site when the disk is full; `navigator.storage.persist()`
 * asks them not to.
 *
 * @param name of the run in its database
 * @throws Error when the name is empty or there is no IndexedDB here
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
  const place = `the run "${name}" in IndexedDB`;
  const lock = () => takeRunLock(`${database}/${name}`, place);
  return {
    async open(config) {
      const release = await lock();
      try {
        const db = await openDatabase(database);
        try {
          const present = await db.get('runs', name);
          if (present === undefined)
            await roomFor(place, () => db.put('runs', { config: jsonForm(config) }, name));
          else requireSame(place, present.config, jsonForm(config), 'store');
          return storedRun(db, name, place, release);
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
        return { ...run, metrics, checkpointStep: newest };
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

function storedRun(db: Database, name: string, place: string, release: () => void): StoredRun {
  /** Lines of metrics that are stored, and that {@link StoredRun.readTo} has read. */
  let lines = 0;
  const summaryOf = async () => (await db.get('runs', name))?.summary;
  const nameOf = (part: string) => `the ${part} of ${place}`;
  return {
    container: 'store',
    summaryName: nameOf('summary'),
    summaryRemedy: 'remove the run to start over',
    summary: summaryOf,
    async writeSummary(summary) {
      await roomFor(nameOf('summary'), async () => {
        const rows = db.transaction('runs', 'readwrite', strict);
        const { config } = (await rows.store.get(name))!;
        await rows.store.put({ config, summary }, name);
        await rows.done;
      });
    },
    async append(line) {
      await roomFor(nameOf('metrics'), () => db.put('metrics', line, [name, lines]));
      lines += 1;
    },
    // The lines reach the disk with the checkpoint that holds the mark, or before it.
    mark: async (): Promise<LineMark> => ({ lines }),
    async readTo(mark) {
      const wanted = (mark as LineMark).lines;
      const found = await db.getAll('metrics', IDBKeyRange.bound([name], [name, wanted], false, true));
      requireLines(place, found.length, mark as LineMark);
      lines = wanted;
      return found;
    },
    async rewind() {
      const rows = db.transaction(['runs', 'metrics'], 'readwrite', strict);
      const { config } = (await rows.objectStore('runs').get(name))!;
      await rows.objectStore('runs').put({ config }, name);
      await rows.objectStore('metrics').delete(IDBKeyRange.bound([name, lines], [name, []]));
      await rows.done;
    },
    async saveCheckpoint({ record, model, optimizer }, keep) {
      // Made before the transaction, which would end while it waits for anything else.
      const row = {
        record: jsonForm(record) as TrainerRecord,
        model: await blobOf(await model()),
        optimizer: await blobOf(await optimizer()),
      };
      const megabytes = ((row.model.size + row.optimizer.size) / 1e6).toFixed(1);
      await roomFor(`${nameOf('checkpoint')}, ${megabytes} MB`, async () => {
        const rows = db.transaction('checkpoints', 'readwrite', strict);
        await rows.store.put(row, [name, record.counters.step]);
        for (const step of (await newestSteps(rows.store, name)).slice(keep))
          await rows.store.delete([name, step]);
        await rows.done;
      });
    },
    async findCheckpoint() {
      const [newest] = await newestSteps(db.transaction('checkpoints').store, name);
      if (newest === undefined) return undefined;
      const row = (await db.get('checkpoints', [name, newest]))!;
      return {
        record: checkedRecord(nameOf('record'), row.record),
        nameOf,
        read: (part, use) => use(blobSource(row[part])),
      };
    },
    async close() {
      db.close();
      release();
    },
  };
}
