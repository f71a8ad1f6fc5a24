import type { TrialSummary } from '@steepest/run-files';
import type { TrainOptions as StoreTrainOptions } from './options.ts';
import { lockedFolderStore } from './stores/locked-folder-store.ts';
import type { RunStore } from './stores/run-store.ts';
import { train as trainInStore } from './train.ts';

/** Options of {@link train}: with `directory`, or with `store`. */
export interface TrainOptions extends Omit<StoreTrainOptions, 'store'> {
  /** The run folder; made when it is not there, resumed from when it holds a checkpoint. */
  readonly directory?: string | undefined;
  /** Keeps the run elsewhere than in a folder, such as in memory. */
  readonly store?: RunStore | undefined;
}

/**
 * Trains a model in a run folder: steps, evaluation on fixed batches, metrics, checkpoints, and a summary at the end.
 *
 * A folder with a checkpoint is resumed: the losses that follow are, bit for bit on the same backend, those of a run
 * that was never stopped. A folder whose run is over (finished or diverged) gives back its summary at once. The
 * caller builds model, optimizer and data afresh each time, as `config` says.
 *
 * - A run ends `diverged` when its loss is no longer finite, or its mean over the last `divergence.window` steps is
 *   more than `divergence.factor` times the loss of the first step.
 * - A reason from `shouldStop` ends it `stopped`.
 * - Aborting `signal` writes a checkpoint and ends it `interrupted`.
 * - An exception while it trains ends it `failed`, and is thrown again.
 *
 * @throws Error on a wrong option, a folder that cannot be written or that another call trains in, or one that holds a run with other
 * settings; the message names the option, the folder or the key. The run that the folder holds stays as it is then, and so do model,
 * optimizer and data.
 */
export async function train(options: TrainOptions): Promise<TrialSummary> {
  const { directory, store, ...rest } = options ?? {};
  if (store !== undefined && directory !== undefined) {
    throw new Error('train takes either directory or store, got both');
  }
  return trainInStore({ ...rest, store: store ?? lockedFolderStore(checkedDirectory(directory)) });
}

function checkedDirectory(directory: unknown): string {
  if (typeof directory === 'string' && directory !== '') return directory;
  const got = typeof directory === 'string' ? `"${directory}" (string)` : String(directory);
  throw new Error(`directory must be the path of the run folder, got ${got}`);
}
