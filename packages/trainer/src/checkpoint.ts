import { readState, streamState } from '@steepest/optimizer';
import type { ByteSource } from '@steepest/safetensors';
import { dispose } from '@tensorflow/tfjs-core';
import type { TrainableModel, TrainingController, TrainingData, TrainingOptimizer } from './interfaces.ts';
import { readWhole } from './stores/bytes.ts';
import type { CheckpointPart, NewCheckpoint, StoredCheckpoint, TrainerRecord } from './stores/run-store.ts';

/** What trains, and whose state a checkpoint holds. */
export interface Trainee {
  readonly model: TrainableModel;
  readonly optimizer: TrainingOptimizer;
  readonly data: TrainingData;
  readonly controllers?: Readonly<Record<string, TrainingController>> | undefined;
}

/** Where model, optimizer, data and controllers are now. */
export function newCheckpoint(
  { model, optimizer, data, controllers = {} }: Trainee,
  progress: Pick<TrainerRecord, 'settings' | 'counters' | 'metrics'>,
): NewCheckpoint {
  return {
    record: {
      schemaVersion: 2,
      ...progress,
      dataPosition: data.train.position(),
      controllers: Object.fromEntries(
        Object.entries(controllers).map(([name, controller]) => [name, controller.state()]),
      ),
    },
    model: async () => model.stream?.() ?? model.save(),
    optimizer: async () => streamState(await optimizer.state()),
  };
}

/**
 * Puts model, optimizer, data and controllers back as a checkpoint has them. When one of them refuses its part, all are as
 * they were.
 *
 * @param accept is called in the end, and may throw to undo it all
 * @throws Error that names the part whose content is refused
 */
export async function restoreCheckpoint(
  checkpoint: StoredCheckpoint,
  { model, optimizer, data, controllers = {} }: Trainee,
  accept: () => void,
): Promise<void> {
  const { record } = checkpoint;
  const undo: (() => unknown)[] = [];
  const load = async (part: CheckpointPart | 'record', apply: () => unknown): Promise<void> => {
    try {
      await apply();
    } catch (cause) {
      throw new Error(`cannot resume from ${checkpoint.nameOf(part)}: ${(cause as Error).message}`, {
        cause,
      });
    }
  };
  const weights = model.variables.map((variable) => variable.clone());
  try {
    undo.push(() => {
      for (const [index, weight] of weights.entries()) model.variables[index]!.assign(weight);
    });
    await load('model', () => checkpoint.read('model', (bytes) => loadModel(model, bytes)));
    const state = await optimizer.state();
    undo.push(() => optimizer.loadState(state));
    await load('optimizer', async () => optimizer.loadState(await checkpoint.read('optimizer', readState)));
    const position = data.train.position();
    undo.push(() => data.train.seek(position));
    await load('record', () => data.train.seek(record.dataPosition));
    for (const [name, controller] of Object.entries(controllers)) {
      const before = controller.state();
      undo.push(() => controller.loadState(before));
      await load('record', () => controller.loadState(record.controllers[name]));
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

/** Loads a model from bytes that may be more than one array can hold, if the model can do that. */
async function loadModel(model: TrainableModel, bytes: ByteSource): Promise<void> {
  if (model.loadFrom !== undefined) await model.loadFrom(bytes);
  else await model.load(await readWhole(bytes));
}
