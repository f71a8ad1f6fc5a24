import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeState, encodeState } from '@steepest/optimizer';
import type { Counters } from './counters.ts';
import { recoverFolder, replaceFolder } from './durable-files.ts';
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
}

/** Replaces the checkpoint of a run folder; a kill at any moment leaves the previous one or this one. */
export async function saveCheckpoint(
  directory: string,
  { model, optimizer, data }: Trainee,
  progress: Pick<TrainerRecord, 'settings' | 'counters' | 'metricsBytes'>,
): Promise<void> {
  const record: TrainerRecord = { schemaVersion: 1, ...progress, dataPosition: data.train.position() };
  await replaceFolder(join(directory, 'checkpoint'), {
    'model.safetensors': await model.save(),
    'optimizer.safetensors': encodeState(await optimizer.state()),
    'trainer.json': `${JSON.stringify(record)}\n`,
  });
}

/**
 * Puts model, optimizer and data back as the checkpoint of a run folder has them.
 *
 * @returns the counters and the length of the metrics then, or `undefined` when there is no checkpoint
 * @throws Error when the checkpoint is damaged or of a run with other settings; the message names the file
 */
export async function loadCheckpoint(
  directory: string,
  { model, optimizer, data }: Trainee,
  settings: RunSettings,
): Promise<Pick<TrainerRecord, 'counters' | 'metricsBytes'> | undefined> {
  const folder = join(directory, 'checkpoint');
  await recoverFolder(folder);
  const file = join(folder, 'trainer.json');
  const record = (await readJson(file)) as TrainerRecord | undefined;
  if (record === undefined) return undefined;
  if (record.schemaVersion !== 1) {
    throw new Error(`${file}: schemaVersion must be 1, got ${JSON.stringify(record.schemaVersion)}`);
  }
  requireSame(file, record.settings, settings);
  await naming(join(folder, 'model.safetensors'), async (path) => model.load(await readFile(path)));
  await naming(join(folder, 'optimizer.safetensors'), async (path) =>
    optimizer.loadState(decodeState(await readFile(path))),
  );
  await naming(file, async () => data.train.seek(record.dataPosition));
  return { counters: record.counters, metricsBytes: record.metricsBytes };
}

/** Adds the file to the message of an error. */
async function naming(path: string, load: (path: string) => Promise<void>): Promise<void> {
  try {
    await load(path);
  } catch (cause) {
    throw new Error(`cannot resume from ${path}: ${(cause as Error).message}`, { cause });
  }
}
