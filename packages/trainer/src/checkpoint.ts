import { createHash } from 'node:crypto';
import { readdir, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { decodeState, encodeState } from '@steepest/optimizer';
import type { Counters } from './counters.ts';
import { recoverFolder, removeFolder, replaceFolder } from './durable-files.ts';
import type { TrainableModel, TrainingData, TrainingOptimizer } from './interfaces.ts';
import type { RunSettings } from './options.ts';
import { readJson, requireSame } from './run-folder.ts';

/** What trains, and whose state a checkpoint holds. */
export interface Trainee {
  readonly model: TrainableModel;
  readonly optimizer: TrainingOptimizer;
  readonly data: TrainingData;
}

interface TrainerRecord {
  readonly schemaVersion: 1;
  readonly settings: RunSettings;
  readonly counters: Counters;
  readonly dataPosition: unknown;
  /** Bytes of metrics.jsonl that belong to this checkpoint. */
  readonly metricsBytes: number;
  /** SHA-256 of the files beside this one, in hexadecimal; the first checkpoints had none. */
  readonly digests?: Readonly<Record<string, string>>;
}

/**
 * Replaces the checkpoint of a run folder; a kill at any moment leaves the previous one or this one.
 *
 * @param keep how many checkpoints there may be: the older ones are in folders `checkpoint-<step>`
 */
export async function saveCheckpoint(
  directory: string,
  { model, optimizer, data }: Trainee,
  progress: Pick<TrainerRecord, 'settings' | 'counters' | 'metricsBytes'>,
  keep: number,
): Promise<void> {
  const files = {
    'model.safetensors': await model.save(),
    'optimizer.safetensors': encodeState(await optimizer.state()),
  };
  const digests = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, sha256(bytes)]));
  const record: TrainerRecord = {
    schemaVersion: 1,
    ...progress,
    dataPosition: data.train.position(),
    digests,
  };
  await replaceFolder(
    join(directory, 'checkpoint'),
    { ...files, 'trainer.json': `${JSON.stringify(record)}\n` },
    (previous) => retire(previous, keep - 1),
  );
}

/** Keeps a checkpoint that was replaced, and as many in all as asked for: the latest. */
async function retire(previous: string, keep: number): Promise<void> {
  const directory = dirname(previous);
  if (keep > 0) {
    const { counters } = (await readJson(join(previous, 'trainer.json'))) as TrainerRecord;
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

/**
 * Puts model, optimizer and data back as the checkpoint of a run folder has them. One whose bytes are not those that
 * were saved is put aside as `checkpoint.damaged`, and the latest older one is taken, if any was kept.
 *
 * @returns the counters and the length of the metrics then, or `undefined` when there is no checkpoint
 * @throws Error when the only checkpoint is damaged, or it is of a run with other settings; the message names the file
 */
export async function loadCheckpoint(
  directory: string,
  { model, optimizer, data }: Trainee,
  settings: RunSettings,
): Promise<Pick<TrainerRecord, 'counters' | 'metricsBytes'> | undefined> {
  const folder = join(directory, 'checkpoint');
  await recoverFolder(folder);
  const checkpoint = await readIntact(folder, await olderCheckpoints(directory));
  if (checkpoint === undefined) return undefined;
  const { record, files } = checkpoint;
  const file = join(checkpoint.folder, 'trainer.json');
  requireSame(file, record.settings, settings);
  await naming(join(checkpoint.folder, 'model.safetensors'), () => model.load(files['model.safetensors']!));
  await naming(join(checkpoint.folder, 'optimizer.safetensors'), () =>
    optimizer.loadState(decodeState(files['optimizer.safetensors']!)),
  );
  await naming(file, () => data.train.seek(record.dataPosition));
  return { counters: record.counters, metricsBytes: record.metricsBytes };
}

interface Checkpoint {
  readonly folder: string;
  readonly record: TrainerRecord;
  readonly files: Readonly<Record<string, Uint8Array>>;
}

/** The first of some checkpoints that is whole; `undefined` when there is none at all. */
async function readIntact(folder: string, older: readonly string[]): Promise<Checkpoint | undefined> {
  const [next, ...rest] = older;
  try {
    const found = await readCheckpoint(folder);
    return found === undefined && next !== undefined ? await readIntact(next, rest) : found;
  } catch (error) {
    if (next === undefined) throw error;
    const found = await readIntact(next, rest);
    const aside = join(dirname(folder), 'checkpoint.damaged');
    await removeFolder(aside);
    await rename(folder, aside);
    return found;
  }
}

async function readCheckpoint(folder: string): Promise<Checkpoint | undefined> {
  const file = join(folder, 'trainer.json');
  const record = (await readJson(file)) as TrainerRecord | undefined;
  if (record === undefined) return undefined;
  if (record.schemaVersion !== 1) {
    throw new Error(`${file}: schemaVersion must be 1, got ${JSON.stringify(record.schemaVersion)}`);
  }
  const files: Record<string, Uint8Array> = {};
  for (const name of ['model.safetensors', 'optimizer.safetensors']) {
    const path = join(folder, name);
    await naming(path, async () => {
      files[name] = await readFile(path);
      const digest = record.digests?.[name];
      if (digest !== undefined && sha256(files[name]) !== digest) {
        throw new Error('its bytes are not those that were saved');
      }
    });
  }
  return { folder, record, files };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Adds the file to the message of an error. */
async function naming(path: string, load: () => void | Promise<void>): Promise<void> {
  try {
    await load();
  } catch (cause) {
    throw new Error(`cannot resume from ${path}: ${(cause as Error).message}`, { cause });
  }
}
