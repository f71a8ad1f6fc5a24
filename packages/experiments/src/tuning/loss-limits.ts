import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { readMetrics } from '@steepest/run-files';
import type { Experiment } from '../definition/schema.ts';
import type { TrialConfig } from '../definition/trials.ts';
import type { LossLimits } from '../training/messages.ts';

type StopHopeless = NonNullable<NonNullable<Experiment['tune']>['stopHopeless']>;

/**
 * The losses above which a trial is hopeless: at every evaluation of the best trial from a share of its steps on, that
 * trial's loss and a margin. `undefined` for a trial whose steps are others, or read another number of tokens: what it has
 * lost by the same step says nothing.
 */
export async function lossLimits(
  outDirectory: string,
  { trial: best, budget }: Pick<TrialConfig, 'trial' | 'budget'>,
  config: Pick<TrialConfig, 'budget'>,
  { margin, after }: StopHopeless,
): Promise<LossLimits | undefined> {
  if (!isDeepStrictEqual(budget, config.budget)) return undefined;
  const { train, validation } = await readMetrics(join(outDirectory, best, 'metrics.jsonl'));
  const steps = Math.max(train.at(-1)?.step ?? 0, validation.at(-1)?.step ?? 0);
  const limits = validation.flatMap(({ step, loss }) =>
    step > 0 && step >= after * steps && loss !== null ? [[step, loss + margin] as const] : [],
  );
  return { limits: Object.fromEntries(limits), margin, best };
}
