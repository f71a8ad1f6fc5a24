import type { OptimizerResult, Results, TrialResult } from '../results.ts';
import { compareToBaseline, summarizeOptimizer } from '../selection.ts';
import { seedLosses, seedTests, significanceOf } from '../significance.ts';
import { holm } from '../statistics.ts';
import { sweepsOf } from '../sweeps.ts';

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
  /** Of the test with seeds as blocks, corrected for the number of optimizers by Holm's method; `null` without two seeds that all have. */
  readonly correctedP: number | null;
}

/** An optimizer in one of the results, with the best of its trials. */
export interface Side {
  readonly optimizer: OptimizerResult;
  readonly best: TrialResult | undefined;
}

/** Pairs the optimizers of two results by name, in the order of the first. */
export function pairOptimizers(first: Results, second: Results): OptimizerPair[] {
  const tried = [...first.optimizers, ...second.optimizers].filter(({ trials }) => trials > 0);
  const names = new Set(tried.map(({ name }) => name));
  const sides = { first, second };
  const test = seedTests(
    new Map(
      Object.entries(sides).flatMap(([side, { trials }]) =>
        [...names].map((name) => [mergedName(side, name), seedLosses(trials, name)] as const),
      ),
    ),
  );
  const tests = [...names].map((name) => test(mergedName('first', name), mergedName('second', name)));
  const corrected = holm(tests.flatMap((test) => (test === null ? [] : [test.p])));
  return [...names].map((name, index) => {
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
      correctedP: tests[index] ? (corrected.shift() ?? null) : null,
    };
  });
}

/** Both results as one, in which an optimizer of the second stands beside the same one of the first. */
export function mergeResults(first: Labelled, second: Labelled): Results {
  const trials = [first, second].flatMap(({ label, results }) =>
    results.trials.map((trial) => ({
      ...trial,
      id: `${label}/${trial.id}`,
      optimizer: mergedName(label, trial.optimizer),
    })),
  );
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
      differing: [...new Set([...first.results.shared.differing, ...second.results.shared.differing])],
    },
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

/** What the two results were not made with alike, by dotted keys. */
export function configurationDifferences(
  first: Results,
  second: Results,
): { readonly key: string; readonly first: string; readonly second: string }[] {
  const a = flatConfiguration(first);
  const b = flatConfiguration(second);
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((key) => {
    const [before = '–', after = '–'] = [a.get(key), b.get(key)];
    return before === after ? [] : [{ key, first: before, second: after }];
  });
}

function flatConfiguration({ shared, experiment, backend, machine }: Results): Map<string, string> {
  const { model, data, schedule, versions } = shared;
  const flat = new Map<string, string>();
  const add = (key: string, value: unknown) => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [inner, content] of Object.entries(value))
        add(key === '' ? inner : `${key}.${inner}`, content);
    } else if (value !== undefined && value !== null) {
      flat.set(key, typeof value === 'string' ? value : JSON.stringify(value));
    }
  };
  add('', { model, data, schedule, budget: experiment.budget, versions, backend: backend?.name, machine });
  return flat;
}

function sideOf(results: Results, name: string): Side | null {
  const optimizer = results.optimizers.find((one) => one.name === name);
  if (!optimizer || optimizer.trials === 0) return null;
  return { optimizer, best: results.trials.find(({ id }) => id === optimizer.best) };
}
