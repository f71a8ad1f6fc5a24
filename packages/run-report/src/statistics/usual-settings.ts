import type { Results, TrialResult } from '../results/results.ts';
import { canonical } from './selection.ts';

/** Values by dotted keys such as `schedule.type`. */
export type Settings = Readonly<Record<string, unknown>>;

/**
 * Settings beside an optimizer's own, such as `schedule.type`, that more than half of the optimizers, and all trials of
 * theirs, have in common where others have another value.
 */
export function usualSettings({ trials }: Pick<Results, 'trials'>): Settings {
  const optimizers = [...new Set(trials.map(({ optimizer }) => optimizer))];
  // The value of a trial without the key is not known.
  const keys = Object.keys(trials[0]?.variation ?? {}).filter((key) =>
    trials.every(({ variation }) => variation[key] !== undefined),
  );
  const usual: Record<string, unknown> = {};
  for (const key of keys) {
    const kept = optimizers.flatMap((name) => {
      const values = trials
        .filter(({ optimizer }) => optimizer === name)
        .map((trial) => trial.variation[key]);
      return new Set(values.map(canonical)).size === 1 ? [values[0]] : [];
    });
    const isCommon = (value: unknown) =>
      kept.filter((other) => canonical(other) === canonical(value)).length > optimizers.length / 2;
    const common = optimizers.length > 1 ? kept.find(isCommon) : undefined;
    if (common !== undefined) usual[key] = common;
  }
  return usual;
}

/** A trial's settings beside its optimizer's own that are not the usual ones. */
export function unusualSettings({ variation }: TrialResult, usual: Settings): Settings {
  return Object.fromEntries(
    Object.entries(variation).filter(
      ([key, value]) => !(key in usual) || canonical(value) !== canonical(usual[key]),
    ),
  );
}
