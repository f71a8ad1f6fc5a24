import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { countParameters, modelConfig } from '@steepest/lm-models';
import { readTable } from '@steepest/scaling-laws/node';

/** A validation loss of a trial on its way. */
export interface LossPoint {
  /** Name of the trial. */
  readonly run: string;
  /** Parameters without embedding and head. */
  readonly parameters: number;
  readonly steps: number;
  readonly batchTokens: number;
  /** In nats per token. */
  readonly loss: number;
}

/** What a trial's `config.json` says of its model; the vocabulary counts in no parameter that matters here. */
interface TrialConfig {
  readonly model: Omit<Parameters<typeof modelConfig>[0], 'seed'>;
}

/**
 * The validation losses of every finished trial of a run folder, from step 1 on.
 *
 * @throws Error when the folder holds no finished trial
 */
export async function lossCurves(folder: string): Promise<LossPoint[]> {
  const table = await readTable(folder, { points: 'validation' });
  const column = (name: string) => table.column(name);
  const sizes = new Map<string, number>();
  for (const run of new Set(column('run') as string[])) sizes.set(run, await sizeOf(join(folder, run)));
  return Array.from({ length: table.length }, (_, row) => ({
    run: column('run')[row] as string,
    parameters: sizes.get(column('run')[row] as string)!,
    steps: column('step')[row] as number,
    batchTokens: column('batchTokens')[row] as number,
    loss: column('loss')[row] as number,
  }));
}

async function sizeOf(directory: string): Promise<number> {
  const { model } = JSON.parse(await readFile(join(directory, 'config.json'), 'utf8')) as TrialConfig;
  return countParameters(modelConfig({ ...model, seed: 0 })).nonEmbedding;
}
