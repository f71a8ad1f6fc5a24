import { join } from 'node:path';
import { readMetrics } from '@steepest/run-files';
import type { Experiment } from '../definition/schema.ts';
import type { LossLimits } from '../training/messages.ts';

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
  const { train, validation } = await readMetrics(join(outDirectory, best, 'metrics.jsonl'));
  const steps = Math.max(train.at(-1)?.step ?? 0, validation.at(-1)?.step ?? 0);
  const limits = validation.flatMap(({ step, loss }) =>
    step > 0 && step >= after * steps && loss !== null ? [[step, loss + margin] as const] : [],
  );
  return { limits: Object.fromEntries(limits), margin, best };
}
