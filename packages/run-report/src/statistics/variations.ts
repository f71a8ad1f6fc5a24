import { isObject, type Json } from '@steepest/run-files';
import type { TrialResult } from '../results/results.ts';
import { canonical } from './selection.ts';

const comparedGroups = ['model', 'data', 'schedule', 'budget', 'evaluation'] as const;

/** A trial's schedule peaks at its own learning rate, and its seed also seeds its model and data: both are swept. */
const alwaysSwept = ['seed', 'peak', 'learningRate', 'peakLearningRate'];

/** What the tokens of a step follow from. */
export const keysOfTokens = ['budget.batchSize', 'budget.contextLength'] as const;

interface Configured {
  readonly trial: TrialResult;
  readonly config: Json;
}

/** The configuration of each trial where it differs between them, by dotted keys such as `schedule.warmupFraction`. */
export function variations(configs: readonly Json[]): Record<string, unknown>[] {
  const readOtherTexts = textHashes(configs).length > 1;
  const flat = configs.map((config) => {
    const text = readOtherTexts ? [['textHash', config.textHash] as const] : [];
    return Object.fromEntries([...settingEntries(config), ...text]);
  });
  const keys = [...new Set(flat.flatMap(Object.keys))];
  const varied = keys.filter((key) => new Set(flat.map((entry) => canonical(entry[key]))).size > 1);
  const free = varied.filter((key) => key !== 'budget.steps' || !readsEqualTokens(configs));
  return flat.map((entry) =>
    Object.fromEntries(free.flatMap((key) => (entry[key] === undefined ? [] : [[key, entry[key]]]))),
  );
}

/** The configuration of a trial but for its optimizer, by dotted key, each value as canonical JSON. */
export function flatSettings(config: object): Map<string, string> {
  return new Map(settingEntries(config as Json).map(([key, value]) => [key, canonical(value)]));
}

function settingEntries(config: Json): [string, unknown][] {
  return comparedGroups.flatMap((group) => flatten(group, withoutSwept(config[group])));
}

/** The texts that trials say they read, by their hashes; those of earlier versions do not say. */
export function textHashes(configs: readonly Json[]): string[] {
  return [...new Set(configs.flatMap(({ textHash }) => (typeof textHash === 'string' ? [textHash] : [])))];
}

/** Versions of the programs that trained a trial, by their names. */
function trialVersions({ versions }: Json): Record<string, string> {
  if (!isObject(versions)) return {};
  return Object.fromEntries(Object.entries(versions).map(([name, version]) => [name, String(version)]));
}

/** Versions of each trial, where they are not those of all; as many as there are trials. */
export function differingVersions(configs: readonly Json[]): (Record<string, string> | undefined)[] {
  const versions = configs.map(trialVersions);
  const areOne = new Set(versions.map(canonical)).size <= 1;
  return versions.map((own) => (areOne ? undefined : own));
}

/** Versions of the programs that trained, by their names; where trials differ, all that there are. */
export function versionsOf(configs: readonly Json[]): Record<string, string> | undefined {
  const found = new Map<string, Set<string>>();
  for (const config of configs) {
    for (const [name, version] of Object.entries(trialVersions(config))) {
      found.set(name, (found.get(name) ?? new Set()).add(version));
    }
  }
  if (found.size === 0) return undefined;
  return Object.fromEntries([...found].map(([name, versions]) => [name, [...versions].join(' and ')]));
}

/**
 * What trials of different optimizers do not share: groups of the configuration, versions of the programs or `steps`, whose values are
 * not the same for every optimizer; and `text` where the same data settings stood for several texts.
 */
export function differing(recorded: readonly Configured[]): string[] {
  const groups = [...comparedGroups, 'versions'].filter((group) =>
    unequal(recorded, ({ config }) => canonical(withoutSwept(config[group])) ?? ''),
  );
  const isOneText = textHashes(recorded.map(({ config }) => config)).length <= 1;
  const finished = recorded.filter(({ trial }) => trial.status === 'finished');
  const steps = groups.includes('budget') ? false : unequal(finished, ({ trial }) => trial.steps);
  return [...groups, ...(steps ? ['steps'] : []), ...(isOneText || groups.includes('data') ? [] : ['text'])];
}

export function withoutSwept(value: unknown): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => !alwaysSwept.includes(key)));
}

function unequal(recorded: readonly Configured[], chosen: (trial: Configured) => unknown): boolean {
  const byOptimizer = new Map<string, Set<unknown>>();
  for (const trial of recorded) {
    const values = byOptimizer.get(trial.trial.optimizer) ?? new Set();
    byOptimizer.set(trial.trial.optimizer, values.add(chosen(trial)));
  }
  return new Set([...byOptimizer.values()].map((values) => canonical([...values].sort()))).size > 1;
}

function flatten(key: string, value: unknown): [string, unknown][] {
  if (!isObject(value)) return value === undefined ? [] : [[key, value]];
  return Object.entries(value).flatMap(([inner, content]) => flatten(`${key}.${inner}`, content));
}

/** At equal tokens the steps follow from the batch, up to the rounding of one step. */
function readsEqualTokens(configs: readonly Json[]): boolean {
  const budgets = configs.map(({ budget }) => {
    const { steps, batchSize, contextLength } = isObject(budget) ? budget : ({} as Json);
    const tokensPerStep = Number(batchSize) * Number(contextLength);
    return { tokensPerStep, tokens: Number(steps) * tokensPerStep };
  });
  const tokens = budgets.map((budget) => budget.tokens);
  return (
    Math.max(...tokens) - Math.min(...tokens) < Math.max(...budgets.map(({ tokensPerStep }) => tokensPerStep))
  );
}
