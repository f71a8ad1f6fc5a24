import { RunError } from '@steepest/run-files';
import { holm } from '@steepest/statistics';
import { absent } from '../number-format.ts';
import type { OptimizerResult, Results, TrialResult } from '../results/results.ts';
import { missingTrials } from '../results/trial-counts.ts';
import { canonical, compareToBaseline, shownTrial, summarizeOptimizer } from '../statistics/selection.ts';
import {
  copiesAmong,
  fingerprint,
  seedLosses,
  seedTest,
  significanceOf,
} from '../statistics/significance.ts';
import { sweepsOf } from '../statistics/sweeps.ts';

/** A result and what to call it beside the other. */
export interface Labelled {
  readonly label: string;
  readonly results: Results;
}

/** One optimizer in two results. */
export interface OptimizerPair {
  readonly name: string;
  readonly title: string;
  readonly first: Side | null;
  readonly second: Side | null;
  /** Final validation loss of the second less that of the first. */
  readonly difference: number | null;
  /** Of the paired test over common seeds, corrected for the number of optimizers by Holm's method; `null` without two such seeds. */
  readonly correctedP: number | null;
}

/** An optimizer in one of the results, with the best of its trials. */
export interface Side {
  readonly optimizer: OptimizerResult;
  readonly best: TrialResult | undefined;
}

/**
 * Pairs the optimizers of two results by name, in the order of the first. An optimizer whose trials are the same in both is
 * tested in neither: it has nothing to say about the difference.
 */
export function pairOptimizers(first: Results, second: Results): OptimizerPair[] {
  const tried = [...first.optimizers, ...second.optimizers].filter(({ trials }) => trials > 0);
  const names = [...new Set(tried.map(({ name }) => name))];
  const merged = mergedTrials({ label: 'first', results: first }, { label: 'second', results: second });
  const sides = names.flatMap((name) => [mergedName('first', name), mergedName('second', name)]);
  const copied = new Set(copiesAmong(inOrderOfSides(sides), merged).map(({ name }) => name));
  const lossesOf = (side: string): Map<number, number> =>
    copied.has(side) ? new Map() : seedLosses(merged, side);
  const corrected = holm(
    names.map(
      (name) =>
        seedTest(lossesOf(mergedName('first', name)), lossesOf(mergedName('second', name)))?.p ?? null,
    ),
  );
  return names.map((name, index) => {
    const a = sideOf(first, name);
    const b = sideOf(second, name);
    const lossA = a?.optimizer.finalValidationLoss ?? null;
    const lossB = b?.optimizer.finalValidationLoss ?? null;
    return {
      name,
      title: (a ?? b)!.optimizer.title,
      first: a,
      second: b,
      difference: lossA === null || lossB === null ? null : lossB - lossA,
      correctedP: corrected[index]!,
    };
  });
}

/** Those of the first result before those of the second, so that it is the second one's that count as copies. */
function inOrderOfSides(sides: readonly string[]): string[] {
  return [
    ...sides.filter((side) => side.startsWith('first/')),
    ...sides.filter((side) => side.startsWith('second/')),
  ];
}

/**
 * Refuses to compare a result with a copy of it: the same trials twice would look like twice the evidence.
 * @throws RunError when every finished trial of the second is one of the first
 */
export function refuseCopy(first: Labelled, second: Labelled): void {
  const known = new Set(first.results.trials.flatMap((trial) => fingerprint(trial) ?? []));
  const finished = second.results.trials.flatMap((trial) => fingerprint(trial) ?? []);
  if (finished.length === 0 || finished.some((print) => !known.has(print))) return;
  throw new RunError(
    `${second.label} holds no result that ${first.label} does not: all of its ${finished.length} finished trials have the seeds and losses ` +
      `of trials there, to the last digit. A copy, or the same command run again, is no further evidence; train with other seeds.`,
  );
}

function mergedTrials(first: Labelled, second: Labelled): TrialResult[] {
  return [first, second].flatMap(({ label, results }) =>
    results.trials.map((trial) => ({
      ...trial,
      id: `${label}/${trial.id}`,
      optimizer: mergedName(label, trial.optimizer),
    })),
  );
}

/** Both results as one, in which an optimizer of the second stands beside the same one of the first. */
export function mergeResults(first: Labelled, second: Labelled): Results {
  const trials = mergedTrials(first, second);
  const repeated = [...first.results.repeated, ...second.results.repeated];
  const named = pairOptimizers(first.results, second.results).flatMap(({ name, title, ...sides }) => [
    ...(sides.first ? [{ name: mergedName(first.label, name), title: `${title} (${first.label})` }] : []),
    ...(sides.second ? [{ name: mergedName(second.label, name), title: `${title} (${second.label})` }] : []),
  ]);
  const { baseline } = first.results;
  const comparison = compareToBaseline(
    named.map(({ name, title }) => summarizeOptimizer(name, title, trials)),
    trials,
    baseline === null ? undefined : mergedName(first.label, baseline),
  );
  return {
    ...first.results,
    experiment: { ...first.results.experiment, name: `${first.label} and ${second.label}` },
    ...comparison,
    shared: {
      ...first.results.shared,
      differing: [
        ...new Set([
          ...first.results.shared.differing,
          ...second.results.shared.differing,
          ...differingGroups(first.results, second.results),
        ]),
      ],
    },
    repeated,
    plannedTrials:
      trials.length + repeated.length + missingTrials(first.results) + missingTrials(second.results),
    significance: significanceOf(comparison.optimizers, trials),
    sweeps: sweepsOf(
      trials,
      named.map(({ name }) => name),
    ),
    trials,
  };
}

/** What an optimizer of one of two results is called in both together. */
export function mergedName(label: string, name: string): string {
  return `${label}/${name}`;
}

/** Something that the two results were not made with alike, by dotted keys. */
export interface Difference {
  readonly key: string;
  readonly first: string;
  readonly second: string;
}

/**
 * What the two results were not made with alike: model, data, schedule, budget, evaluation, versions and machine; and of every
 * optimizer what ran, what was tried and over which seeds.
 */
export function configurationDifferences(first: Results, second: Results): Difference[] {
  // Results of earlier versions do not say which text they are of.
  const isUnknown = ({ key, first: a, second: b }: Difference) =>
    key === 'textHash' && (a === absent || b === absent);
  const ofAll = differences('', surroundingsOf(first), surroundingsOf(second)).filter(
    (difference) => !isUnknown(difference),
  );
  const names = new Set([...first.optimizers, ...second.optimizers].map(({ name }) => name));
  const ofOptimizers = [...names].flatMap((name) => {
    const [a, b] = [sideOf(first, name), sideOf(second, name)];
    if (a === null && b === null) return [];
    const { title } = (a ?? b)!.optimizer;
    if (a === null || b === null)
      return [{ key: title, first: a ? 'there' : absent, second: b ? 'there' : absent }];
    return differences(`${title}: `, settingsOf(first, name), settingsOf(second, name));
  });
  return [...ofAll, ...ofOptimizers];
}

/** Groups of what surrounds the optimizers that differ: a loss on other text, or of another length, says nothing of them. */
function differingGroups(first: Results, second: Results): string[] {
  const [a, b] = [surroundingsOf(first), surroundingsOf(second)];
  const differ = (group: string) =>
    a[group] !== undefined && b[group] !== undefined && canonical(a[group]) !== canonical(b[group]);
  const groups = ['model', 'data', 'schedule', 'budget', 'evaluation', 'versions'].filter(differ);
  return differ('textHash') && !groups.includes('data') ? [...groups, 'text'] : groups;
}

function surroundingsOf({ shared, experiment, backend, machine }: Results): Record<string, unknown> {
  const { differing: _, ...groups } = shared;
  return { ...groups, budget: shared.budget ?? experiment.budget, backend: backend?.name, machine };
}

/** What ran, what was tried, and with which seeds, of one optimizer. */
function settingsOf(results: Results, name: string): Record<string, unknown> {
  const trials = results.trials.filter(({ optimizer }) => optimizer === name);
  const shown = shownTrial(results, results.optimizers.find((one) => one.name === name)!)!;
  const values = (of: 'settings' | 'variation') =>
    [...new Set(trials.flatMap((trial) => Object.keys(trial[of])))].map((key) => {
      const tried = new Set(trials.map((trial) => canonical(trial[of][key] ?? 'default')));
      return [`tried ${key}`, [...tried].sort().join(', ')] as const;
    });
  const seeds = [...new Set(trials.flatMap(({ seed }) => seed ?? []))].sort((a, b) => a - b);
  return {
    'at its best': shown.resolved ?? { ...shown.settings, options: 'not recorded' },
    surroundings: shown.variation,
    ...Object.fromEntries([...values('settings'), ...values('variation')]),
    seeds: seeds.join(', '),
  };
}

function differences(prefix: string, first: unknown, second: unknown): Difference[] {
  const [a, b] = [flattened(first), flattened(second)];
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((key) => {
    const [before = absent, after = absent] = [a.get(key), b.get(key)];
    return before === after ? [] : [{ key: `${prefix}${key}`, first: before, second: after }];
  });
}

/** Leaves of a JSON value by dotted keys. */
function flattened(value: unknown): Map<string, string> {
  const flat = new Map<string, string>();
  const add = (key: string, inner: unknown) => {
    if (typeof inner === 'object' && inner !== null && !isList(inner)) {
      for (const [name, content] of Object.entries(inner)) add(key === '' ? name : `${key}.${name}`, content);
    } else if (inner !== undefined && inner !== null) {
      flat.set(key, typeof inner === 'string' ? inner : JSON.stringify(inner));
    }
  };
  add('', value);
  return flat;
}

/** A list of plain values is one value; one of groups, such as the members of a hybrid, is taken apart. */
function isList(value: object): boolean {
  return (
    Array.isArray(value) &&
    value.every((item) => typeof item !== 'object' || item === null || Array.isArray(item))
  );
}

function sideOf(results: Results, name: string): Side | null {
  const optimizer = results.optimizers.find((one) => one.name === name);
  if (!optimizer || optimizer.trials === 0) return null;
  return { optimizer, best: results.trials.find(({ id }) => id === optimizer.best) };
}
