import type { Schedule } from '@steepest/lr-schedules';
import type { Optimizer, RuleOptimizer } from '@steepest/optimizer';
import { combine } from '@steepest/param-groups';
import * as registry from '@steepest/registry';
import type { MemberRecipe, OptimizerRecipe } from '../definition/recipe.ts';
import { clippingOf, mainOf, memberOptions } from '../definition/resolved-optimizer.ts';

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
