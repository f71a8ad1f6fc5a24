import { fileURLToPath } from 'node:url';
import type { Schedule } from '@steepest/lr-schedules';
import type { Optimizer, RuleOptimizer } from '@steepest/optimizer';
import { combine } from '@steepest/param-groups';
import * as registry from '@steepest/registry';
import { type InstalledOptimizers, loadInstalledOptimizers } from '@steepest/registry/node';
import {
  clippingOf,
  type MemberRecipe,
  mainOf,
  memberOptions,
  type OptimizerEntry,
  type OptimizerRecipe,
} from './experiment/index.ts';

const benchmark = fileURLToPath(new URL('..', import.meta.url));
let installed: Promise<InstalledOptimizers> | undefined;

/** Imports every optimizer package that is installed for the benchmark, once, so that experiments can name them. */
export function loadOptimizers(): Promise<InstalledOptimizers> {
  // The benchmark runs from source, and so must what it trains.
  installed ??= loadInstalledOptimizers({ from: benchmark, conditions: ['@steepest/source'] });
  return installed;
}

/** How tables and plots write an optimizer's name; one that is not installed here keeps its own. */
export function optimizerTitle(name: string): string {
  return registry.listOptimizers().includes(name) ? registry.optimizerRecord(name).title : name;
}

/** How an experiment's entry is called: by its own title, by its name, or by what it is made of where that would mislead. */
export function entryTitle(name: string, { title, members }: OptimizerEntry): string {
  if (title !== undefined) return title;
  if (members.length === 1) return members[0]!.optimizer === name ? optimizerTitle(name) : name;
  const made = members.map(({ optimizer }) => optimizerTitle(optimizer)).join(' + ');
  // A hybrid that is called as an optimizer is, such as one of its members, is more than that.
  return registry.listOptimizers().includes(name) ? made : name;
}

/**
 * Builds a trial's optimizer from its recipe. Independent weight decay refers to the learning rate of the whole, so that
 * members with a lower rate decay less, as in the code of Zhao et al. 2024.
 * @param scheduleOf The learning rate over the steps that peaks at a value
 */
export function createOptimizer(
  recipe: OptimizerRecipe,
  scheduleOf: (peak: number) => Schedule,
  recordMetrics = false,
): Optimizer {
  const engine = { clipGlobalNorm: clippingOf(recipe), ...(recordMetrics ? { recordMetrics } : {}) };
  const { members } = recipe;
  if (members.length === 1) return member(recipe, members[0]!, scheduleOf, engine);
  const all = members.map((one) => ({
    ...(one.match === undefined ? {} : { match: one.match }),
    optimizer: member(recipe, one, scheduleOf, { peakLearningRate: mainOf(recipe).options.learningRate }),
  }));
  return combine(all as Parameters<typeof combine>[0], engine);
}

function member(
  recipe: OptimizerRecipe,
  own: MemberRecipe,
  scheduleOf: (peak: number) => Schedule,
  more: object,
): RuleOptimizer {
  const options = memberOptions(recipe, own);
  // A rate that only starts the step sizes of a rule is not warmed up: its first value would be all that it ever uses.
  const { rateIsInitial = false } = registry.optimizerByName(own.optimizer).rule;
  const rateOf = rateIsInitial ? (peak: number) => peak : scheduleOf;
  const groups = own.groups?.map((group) =>
    typeof group.learningRate === 'number' ? { ...group, learningRate: rateOf(group.learningRate) } : group,
  );
  return registry.createOptimizer(own.optimizer, {
    ...options,
    ...more,
    learningRate: rateOf(options.learningRate),
    ...(groups === undefined ? {} : { groups }),
  });
}
