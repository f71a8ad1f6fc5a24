import type { TrialProblem } from './optimizer-problems.ts';
import { scheduleOfPeakOne } from './schedule-shape.ts';
import type { TrialConfig } from './trials.ts';

/**
 * Trials that would be one run under two names, which would count as evidence twice: two optimizers with the same settings, or
 * settings whose difference changes nothing, such as a share of the schedule that its type does not use.
 * @param trials Those of one seed
 */
export function sameTrials(trials: readonly TrialConfig[]): TrialProblem | undefined {
  const seen = new Map<string, TrialConfig>();
  for (const trial of trials) {
    const identity = identityOf(trial);
    const before = seen.get(identity);
    if (before !== undefined) return { path: ['optimizers', trial.optimizer], message: twice(before, trial) };
    seen.set(identity, trial);
  }
  return undefined;
}

function twice(first: TrialConfig, second: TrialConfig): string {
  if (first.optimizer !== second.optimizer) {
    return (
      `would train the same as ${first.optimizer} does: ${second.trial} and ${first.trial} are one trial under two names; ` +
      'leave out one of them'
    );
  }
  const differ = Object.keys(second.settings).filter((key) => second.settings[key] !== first.settings[key]);
  return (
    `would train the same trial twice, as ${first.trial} and ${second.trial}: between them ${differ.join(', ')} ` +
    'changes nothing; leave out one of the values'
  );
}

/** Everything of a trial that its numbers depend on, its seed apart, as text. */
function identityOf(trial: TrialConfig): string {
  const { recipe, resolved, model, budget, record } = trial;
  const { clipGlobalNorm, refreshEvery, peakLearningRate } = resolved!;
  const members = resolved!.members.map(({ optimizer, match, options, groups }) => {
    const { weightDecayMode, ...others } = options;
    const decays = options.weightDecay !== 0 || groups.some(({ weightDecay }) => weightDecay !== undefined);
    return [optimizer, match, sorted(decays ? options : others), groups.map(sorted)];
  });
  return JSON.stringify([
    members,
    clipGlobalNorm,
    refreshEvery,
    recipe.members.length > 1 ? peakLearningRate : null,
    sorted(model),
    budget,
    scheduleOfPeakOne(trial).description,
    record,
  ]);
}

function sorted(value: object): unknown {
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
}
