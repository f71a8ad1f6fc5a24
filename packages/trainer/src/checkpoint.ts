import { readdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readState, streamState } from '@steepest/optimizer';
import {
  type ByteSource,
  type Content,
  checkFolder,
  exists,
  readJson,
  readWhole,
  recoverFolder,
  removeFolder,
  replaceFolder,
  withSource,
  writeChecked,
} from '@steepest/run-files';
import { dispose } from '@tensorflow/tfjs-core';
import type { Counters } from './counters.ts';
import type { TrainableModel, TrainingController, TrainingData, TrainingOptimizer } from './interfaces.ts';
import type { RunSettings } from './options.ts';

/** What trains, and whose state a checkpoint holds. */
export interface Trainee {
  readonly model: TrainableModel;
  readonly optimizer: TrainingOptimizer;
  readonly data: TrainingData;
  readonly controllers?: Readonly<Record<string, TrainingController>> | undefined;
}

/** What a checkpoint says of its run. */
export interface TrainerRecord {
  readonly schemaVersion: 2;
  readonly settings: RunSettings;
  readonly counters: Counters;
  readonly dataPosition: unknown;
  /** States of the controllers, by name. */
  readonly controllers: Readonly<Record<string, unknown>>;
  /** Bytes of metrics.jsonl that belong to this checkpoint, and their SHA-256 in hexadecimal. */
  readonly metrics: { readonly bytes: number; readonly sha256: string };
}

const names = { model: 'model.safetensors', optimizer: 'optimizer.safetensors', trainer: 'trainer.json' };

/**
 * Replaces the checkpoint of a run folder; a kill at any moment leaves the previous one or this one.
 *
 * @param keep how many checkpoints there may be: the older ones are in folders `checkpoint-<step>`
 */
export async function saveCheckpoint(
  directory: string,
  { model, optimizer, data, controllers = {} }: Trainee,
  progress: Pick<TrainerRecord, 'settings' | 'counters' | 'metrics'>,
  keep: number,
): Promise<void> {
  const record: TrainerRecord = {
    schemaVersion: 2,
    ...progress,
    dataPosition: data.train.position(),
    controllers: Object.fromEntries(
      Object.entries(controllers).map(([name, controller]) => [name, controller.state()]),
    ),
  };
  const contents = {
    [names.model]: (): Content | Promise<Content> => model.stream?.() ?? model.save(),
    [names.optimizer]: async () => streamState(await optimizer.state()),
    [names.trainer]: () => `${JSON.stringify(record)}\n`,
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
    const { counters } = (await readJson(join(previous, names.trainer))) as TrainerRecord;
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

/** A checkpoint all of whose bytes are those that were saved. */
export interface Checkpoint {
  readonly folder: string;
  readonly record: TrainerRecord;
}

/**
 * Finds the newest whole checkpoint of a run folder. Damaged ones before it are put aside as `checkpoint.damaged`.
 *
 * @param warn is told of every one that is damaged, and which is taken instead
 * @returns `undefined` when there is no checkpoint
 * @throws Error when every checkpoint is damaged; the message names the file of the newest
 */
export async function findCheckpoint(
  directory: string,
  warn: (message: string) => void,
): Promise<Checkpoint | undefined> {
  const newest = join(directory, 'checkpoint');
  await recoverFolder(newest);
  const damaged: { folder: string; error: Error }[] = [];
  for (const folder of [newest, ...(await olderCheckpoints(directory))]) {
    try {
      const checkpoint = await readCheckpoint(folder);
      if (checkpoint === undefined) continue;
      await putAside(directory, damaged, checkpoint, warn);
      return checkpoint;
    } catch (error) {
      damaged.push({ folder, error: error as Error });
    }
  }
  const [first] = damaged;
  if (first === undefined) return undefined;
  const others = damaged.length > 1 ? `, and so is every older one (${damaged.length - 1})` : '';
  throw new Error(
    `${first.error.message}; this checkpoint is damaged${others}: put the files back, or remove the run folder to start over`,
    { cause: first.error },
  );
}

async function putAside(
  directory: string,
  damaged: readonly { folder: string; error: Error }[],
  { folder, record }: Checkpoint,
  warn: (message: string) => void,
): Promise<void> {
  const aside = join(directory, 'checkpoint.damaged');
  // The newest last, so that it is the one that stays.
  for (const { folder: broken } of [...damaged].reverse()) {
    await removeFolder(aside);
    await rename(broken, aside);
  }
  for (const { error } of damaged) {
    warn(`${error.message}; resuming from step ${record.counters.step}, the checkpoint in ${folder}`);
  }
}

async function readCheckpoint(folder: string): Promise<Checkpoint | undefined> {
  if (!(await exists(folder))) return undefined;
  const file = join(folder, names.trainer);
  await checkFolder(folder, [names.trainer, names.model, names.optimizer]);
  const record = (await readJson(file)) as TrainerRecord;
  if (record.schemaVersion !== 2) {
    throw new Error(`${file}: schemaVersion must be 2, got ${JSON.stringify(record.schemaVersion)}`);
  }
  return { folder, record };
}

/**
 * Puts model, optimizer, data and controllers back as a checkpoint has them. When one of them refuses its part, all are as
 * they were.
 *
 * @param accept is called in the end, and may throw to undo it all
 * @throws Error that names the file whose content is refused
 */
export async function restoreCheckpoint(
  { folder, record }: Checkpoint,
  { model, optimizer, data, controllers = {} }: Trainee,
  accept: () => void,
): Promise<void> {
  const undo: (() => unknown)[] = [];
  const path = (name: string) => join(folder, name);
  const weights = model.variables.map((variable) => variable.clone());
  try {
    undo.push(() => {
      for (const [index, weight] of weights.entries()) model.variables[index]!.assign(weight);
    });
    await naming(path(names.model), () => withSource(path(names.model), (file) => loadModel(model, file)));
    const state = await optimizer.state();
    undo.push(() => optimizer.loadState(state));
    await naming(path(names.optimizer), async () =>
      optimizer.loadState(await withSource(path(names.optimizer), readState)),
    );
    const position = data.train.position();
    undo.push(() => data.train.seek(position));
    await naming(path(names.trainer), () => data.train.seek(record.dataPosition));
    for (const [name, controller] of Object.entries(controllers)) {
      const before = controller.state();
      undo.push(() => controller.loadState(before));
      await naming(path(names.trainer), () => controller.loadState(record.controllers[name]));
    }
    accept();
  } catch (error) {
    for (const step of undo.reverse()) {
      // The first error is the one to hear of, even where a part refuses what it had before, too.
      await Promise.resolve()
        .then(step)
        .catch(() => {});
    }
    throw error;
  } finally {
    dispose(weights);
  }
}

/** Loads a model from a file that may be longer than one array can be, if the model can do that. */
async function loadModel(model: TrainableModel, file: ByteSource): Promise<void> {
  if (model.loadFrom !== undefined) await model.loadFrom(file);
  else await model.load(await readWhole(file));
}

/** Adds the file to the message of an error. */
async function naming(path: string, load: () => void | Promise<void>): Promise<void> {
  try {
    await load();
  } catch (cause) {
    throw new Error(`cannot resume from ${path}: ${(cause as Error).message}`, { cause });
  }
}
