import { join } from 'node:path';
import { readSummary } from '@steepest/run-files';
import type { Experiment } from '../definition/schema.ts';
import { type TrialConfig, trialsOf } from '../definition/trials.ts';
import type { EarlierTrials } from '../execution/earlier-results.ts';
import { isOver } from '../execution/is-over.ts';
import { type KnownEnd, neededTrials, type Surroundings } from './needed-trials.ts';

/** What the run files in a folder say of an experiment: the trials that are known to be needed, and how those that are over ended. */
export interface Standing {
  readonly trials: readonly TrialConfig[];
  readonly ends: Map<string, KnownEnd>;
}

/**
 * Reads how far an experiment has come in a folder.
 * @param earlier Where trials are taken from first, those that their losses call for included
 */
export async function standingIn(
  outDirectory: string,
  experiment: Experiment,
  surroundings: Omit<Surroundings, 'endOf'>,
  earlier?: EarlierTrials,
): Promise<Standing> {
  const ends = new Map<string, KnownEnd>();
  // A tuning tries only a part of its grid, and reads how each ended as it comes to it.
  if (experiment.tune !== undefined) return { trials: trialsOf(experiment, surroundings.environment), ends };
  const looked = new Set<string>();
  for (;;) {
    const trials = neededTrials(experiment, { ...surroundings, endOf: (trial) => ends.get(trial) });
    const unread = trials.filter(({ trial }) => !looked.has(trial));
    if (unread.length === 0) return { trials, ends };
    for (const config of unread) await earlier?.take(config);
    const summaries = await Promise.all(unread.map(({ trial }) => readSummary(join(outDirectory, trial))));
    for (const [index, { trial }] of unread.entries()) {
      looked.add(trial);
      const summary = summaries[index];
      if (summary !== undefined && isOver(summary.status)) ends.set(trial, summary);
    }
  }
}
