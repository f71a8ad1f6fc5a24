import type { Results, TrialResult } from '../results/results.ts';
import type { KeptResults } from '../results/results-file.ts';
import { canonical, compareToBaseline, summarizeOptimizer } from '../statistics/selection.ts';
import { significanceOf } from '../statistics/significance.ts';
import { sweepsOf } from '../statistics/sweeps.ts';

/** Everything a report shows, from what was observed. */
export function summarizeResults({ optimizers: named, trials: all, tuning, ...rest }: KeptResults): Results {
  const { trials, repeated } = withoutRepeated(all);
  const comparison = compareToBaseline(
    named.map(({ name, title }) => summarizeOptimizer(name, title, trials)),
    trials,
  );
  return {
    ...rest,
    ...comparison,
    significance: significanceOf(comparison.optimizers, trials),
    sweeps: sweepsOf(
      trials,
      named.map(({ name }) => name),
    ),
    trials,
    repeated,
    ...(tuning === undefined ? {} : { tuning }),
  };
}

/**
 * One trial of each optimizer, setting and seed, a finished one where there is any: the copy of a trial's folder is no further
 * seed. Trials that name no seed cannot be told apart, and stay.
 */
function withoutRepeated(all: readonly TrialResult[]): {
  trials: readonly TrialResult[];
  repeated: readonly string[];
} {
  const kept = new Map<string, TrialResult>();
  for (const trial of all) {
    const { id, optimizer, settings, variation, resolved, seed } = trial;
    const key = canonical(seed === null ? id : [optimizer, settings, variation, resolved, seed]);
    const before = kept.get(key);
    if (before === undefined || (before.status !== 'finished' && trial.status === 'finished'))
      kept.set(key, trial);
  }
  const chosen = new Set(kept.values());
  const trials = all.filter((trial) => chosen.has(trial));
  return { trials, repeated: all.filter((trial) => !chosen.has(trial)).map(({ id }) => id) };
}
