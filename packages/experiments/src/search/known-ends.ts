import { join } from 'node:path';
import { readSummary } from '@steepest/run-files';
import type { Experiment } from '../definition/schema.ts';
import type { TrialConfig } from '../definition/trials.ts';
import { isOver } from '../execution/is-over.ts';
import { type KnownEnd, neededTrials, type Surroundings } from './needed-trials.ts';

/** What the run files in a folder say of an experiment: the trials that are known to be needed, and how those that are over ended. */
export interface Standing {
  readonly trials: readonly TrialConfig[];
  readonly ends: Map<string, KnownEnd>;
}

/** Reads how far an experiment has come in a folder. */
export async function standingIn(
  outDirectory: string,
  experiment: Experiment,
  surroundings: Omit<Surroundings, 'endOf'>,
): Promise<Standing> {
  const ends = new Map<string, KnownEnd>();
  const looked = new Set<string>();
  for (;;) {
    const trials = neededTrials(experiment, { ...surroundings, endOf: (trial) => ends.get(trial) });
    const unread = trials.filter(({ trial }) => !looked.has(trial));
    if (unread.length === 0) return { trials, ends };
    for (const { trial } of unread) {
      looked.add(trial);
      const summary = await readSummary(join(outDirectory, trial));
      if (summary !== undefined && isOver(summary.status)) ends.set(trial, summary);
    }
  }
}
