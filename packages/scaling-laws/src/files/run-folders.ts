import { join } from 'node:path';
import { finite, foldersIn, type RecordedRun, readRun } from '@steepest/run-files';
import { type RunRecord, settingsOf } from '../table/run-record.ts';

/** Folders below a given one in which runs are looked for: runs/, an experiment, a trial. */
const deepest = 3;

/**
 * The runs in a folder: of a trial (it has a config.json), an experiment (a folder of trials), or several experiments.
 *
 * @throws Error when a file of a run is not what the trainer writes, or was changed since; the message names it
 */
export async function runsInFolder(folder: string): Promise<RunRecord[]> {
  return collect(folder, deepest);
}

async function collect(folder: string, depth: number): Promise<RunRecord[]> {
  const run = await readRun(folder);
  if (run?.damage !== undefined) throw new Error(`${folder}: ${run.damage}`);
  if (run !== undefined) return [recordOf(run)];
  if (depth === 0) return [];
  const runs: RunRecord[] = [];
  for (const name of await foldersIn(folder)) runs.push(...(await collect(join(folder, name), depth - 1)));
  return runs;
}

function recordOf({ name, config, summary, metrics }: RecordedRun): RunRecord {
  return {
    run: name,
    status: summary?.status ?? 'interrupted',
    optimizer: typeof config.optimizer === 'string' ? config.optimizer : null,
    seed: finite(config.seed),
    parameters: finite(summary?.parameters),
    steps: finite(summary?.steps),
    tokens: finite(summary?.tokens),
    loss: finite(summary?.finalValidationLoss),
    trainLoss: finite(summary?.finalTrainLoss),
    seconds: finite(summary?.seconds),
    flopsPerToken: null,
    flops: finite(summary?.flops),
    settings: settingsOf(config),
    training: metrics.train,
    validation: metrics.validation,
  };
}
