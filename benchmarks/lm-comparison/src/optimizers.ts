import { fileURLToPath } from 'node:url';
import type { Schedule } from '@steepest/lr-schedules';
import type { Optimizer, RuleOptimizer } from '@steepest/optimizer';
import { combine } from '@steepest/param-groups';
import * as registry from '@steepest/registry';
import { type InstalledOptimizers, loadInstalledOptimizers } from '@steepest/registry/node';
import type { MemberRecipe, OptimizerEntry, OptimizerRecipe, SettingValue } from './experiment/index.ts';

/**
 * Study A's settings (Zhao et al. 2024, arXiv 2407.07972, appendix), of the optimizers it compares; any other starts from
 * its own defaults. For all of them gradients are clipped at global norm 1, and there is no weight decay; decay, when asked
 * for, is independent of the learning rate's size.
 */
const studyDefaults: Readonly<Record<string, Readonly<Record<string, SettingValue>>>> = {
  adam: { beta1: 0.9, beta2: 0.95, epsilon: 1e-15 },
  sgd: { momentum: 0.98 },
  lion: { beta1: 0.9, beta2: 0.95 },
  signum: { beta1: 0.9 },
  adafactor: { beta1: 0.9, beta2: 0.95, epsilon: 1e-15 },
  adalayer: { beta1: 0.9, beta2: 0.95, epsilon: 1e-15 },
};

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

/** How an experiment's entry is called: by its own title, as its optimizer, or as the members of a hybrid together. */
export function entryTitle(name: string, { title, members }: OptimizerEntry): string {
  if (title !== undefined) return title;
  if (members.length > 1 || members[0]!.optimizer !== name) return name;
  return optimizerTitle(name);
}

/**
 * Builds a trial's optimizer with study A's defaults under the trial's own options. Independent weight decay refers to the
 * main member's peak, so that members with a lower rate decay less, as in the authors' code.
 * @param scheduleOf The learning rate over the steps that peaks at a value
 */
export function createOptimizer(
  { members, weightDecay = 0, clipGlobalNorm = 1 }: OptimizerRecipe,
  scheduleOf: (peak: number) => Schedule,
  recordMetrics = false,
): Optimizer {
  const engine = { clipGlobalNorm, ...(recordMetrics ? { recordMetrics } : {}) };
  const main = members.at(-1)!;
  const shared = {
    weightDecay,
    weightDecayMode: 'independent',
    ...(members.length > 1 ? { peakLearningRate: main.options.learningRate } : {}),
  } as const;
  if (members.length === 1) return member(main, scheduleOf, { ...shared, ...engine });
  const all = members.map((recipe) => ({
    ...(recipe.match === undefined ? {} : { match: recipe.match }),
    optimizer: member(recipe, scheduleOf, shared),
  }));
  return combine(all as Parameters<typeof combine>[0], engine);
}

function member(
  { optimizer, options, groups = [] }: MemberRecipe,
  scheduleOf: (peak: number) => Schedule,
  shared: object,
): RuleOptimizer {
  const ownGroups = groups.map((group) =>
    typeof group.learningRate === 'number'
      ? { ...group, learningRate: scheduleOf(group.learningRate) }
      : group,
  );
  return registry.createOptimizer(optimizer, {
    ...shared,
    ...studyDefaults[optimizer],
    ...options,
    learningRate: scheduleOf(options.learningRate),
    ...(groups.length === 0 ? {} : { groups: ownGroups }),
  });
}
