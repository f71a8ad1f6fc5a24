import { readdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  checkFolder,
  exists,
  type MetricsMark,
  RunFolder,
  readJson,
  recoverFolder,
  removeFolder,
  removeSummary,
  replaceFolder,
  writeChecked,
} from '@steepest/run-files';
import { withFileSource } from '@steepest/safetensors/node';
import { type DamagedCheckpoint, newestWhole } from './newest-whole.ts';
import {
  checkedRecord,
  type NewCheckpoint,
  type RunStore,
  type StoredCheckpoint,
  type StoredRun,
} from './run-store.ts';

const names = { model: 'model.safetensors', optimizer: 'optimizer.safetensors', record: 'trainer.json' };

/**
 * A run in a folder: config.json, metrics.jsonl, summary.json, and its checkpoints in folders of their own. It is for callers that keep
 * other processes out of the folder themselves; `train` with `directory` does so by a lock.
 */
export function folderStore(directory: string): RunStore {
  return { open: async (config) => storedRun(directory, await RunFolder.open(directory, config)) };
}

function storedRun(directory: string, folder: RunFolder): StoredRun {
  let bytes = 0;
  return {
    container: 'folder',
    summaryName: join(directory, 'summary.json'),
    summaryRemedy: removeSummary,
    summary: () => folder.summary(),
    writeSummary: (summary) => folder.writeSummary(summary),
    append: (line) => folder.append(line),
    mark: () => folder.flush(),
    async readTo(mark) {
      const lines = await folder.readTo(mark as MetricsMark);
      ({ bytes } = mark as MetricsMark);
      return lines;
    },
    rewind: () => folder.rewind(bytes),
    saveCheckpoint: (checkpoint, keep) => saveCheckpoint(directory, checkpoint, keep),
    findCheckpoint: (warn) => findCheckpoint(directory, warn),
    close: () => folder.close(),
  };
}

/** Replaces the checkpoint of a run folder; the older ones are in folders `checkpoint-<step>`. */
async function saveCheckpoint(
  directory: string,
  { record, model, optimizer }: NewCheckpoint,
  keep: number,
): Promise<void> {
  const contents = {
    [names.model]: model,
    [names.optimizer]: optimizer,
    [names.record]: () => `${JSON.stringify(record)}\n`,
  };
  await replaceFolder(
    join(directory, 'checkpoint'),
    (folder) => writeChecked(folder, contents),
    (previous) => retire(previous, keep - 1),
  );
}

/** Keeps a checkpoint that was replaced, and as many in all as asked for: the latest. */
async function retire(previous: string, keep: number): Promise<void> {
  const directory = dirname(previous);
  if (keep > 0) {
    const { counters } = await readRecord(previous);
    const older = join(directory, `checkpoint-${counters.step}`);
    await removeFolder(older);
    await rename(previous, older);
  } else {
    await removeFolder(previous);
  }
  for (const older of (await olderCheckpoints(directory)).slice(keep)) await removeFolder(older);
}

/** The folders of older checkpoints, the latest first. */
async function olderCheckpoints(directory: string): Promise<string[]> {
  const steps = (await readdir(directory)).flatMap((name) => /^checkpoint-(\d+)$/.exec(name)?.[1] ?? []);
  return steps.sort((a, b) => Number(b) - Number(a)).map((step) => join(directory, `checkpoint-${step}`));
}

/** Finds the newest whole checkpoint. Damaged ones before it are put aside as `checkpoint.damaged`. */
async function findCheckpoint(
  directory: string,
  warn: (message: string) => void,
): Promise<StoredCheckpoint | undefined> {
  const newest = join(directory, 'checkpoint');
  await recoverFolder(newest);
  const found = await newestWhole(
    [newest, ...(await olderCheckpoints(directory))],
    readCheckpoint,
    'put the files back, or remove the run folder to start over',
  );
  if (found === undefined) return undefined;
  const { checkpoint, place, damaged } = found;
  await putAside(directory, damaged);
  const { step } = checkpoint.record.counters;
  for (const { error } of damaged) {
    warn(`${error.message}; resuming from step ${step}, the checkpoint in ${place}`);
  }
  return checkpoint;
}

async function putAside(directory: string, damaged: readonly DamagedCheckpoint<string>[]): Promise<void> {
  const aside = join(directory, 'checkpoint.damaged');
  // The newest last, so that it is the one that stays.
  for (const { place } of [...damaged].reverse()) {
    await removeFolder(aside);
    await rename(place, aside);
  }
}

async function readCheckpoint(folder: string): Promise<StoredCheckpoint | undefined> {
  if (!(await exists(folder))) return undefined;
  await checkFolder(folder, [names.record, names.model, names.optimizer]);
  const pathOf = (part: keyof typeof names) => join(folder, names[part]);
  return {
    record: await readRecord(folder),
    nameOf: pathOf,
    read: (part, use) => withFileSource(pathOf(part), use),
  };
}

async function readRecord(folder: string) {
  const file = join(folder, names.record);
  return checkedRecord(file, await readJson(file));
}
