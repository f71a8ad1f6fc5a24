import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MetricsLine } from '@steepest/trainer';
import type { Experiment } from '../experiment/index.ts';
import type { LossLimits } from '../messages.ts';

type StopHopeless = NonNullable<NonNullable<Experiment['tune']>['stopHopeless']>;

/**
 * The losses above which a trial is hopeless: at every evaluation of the best trial from a share of its steps on, that
 * trial's loss and a margin.
 */
export async function lossLimits(
  outDirectory: string,
  best: string,
  { margin, after }: StopHopeless,
): Promise<LossLimits> {
  const text = await readFile(join(outDirectory, best, 'metrics.jsonl'), 'utf8');
  const lines = text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as MetricsLine);
  const steps = lines.at(-1)?.step ?? 0;
  const limits = lines
    .filter(({ kind, step }) => kind === 'evaluation' && step > 0 && step >= after * steps)
    .map(({ step, loss }) => [step, loss + margin] as const);
  return { limits: Object.fromEntries(limits), margin, best };
}
