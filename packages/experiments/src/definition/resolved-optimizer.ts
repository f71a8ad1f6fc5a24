import { optimizerByName } from '@steepest/registry';
import type { GroupSettings, Match } from './optimizer-entries.ts';
import type { SettingValue } from './option-shapes.ts';
import type { MemberRecipe, OptimizerRecipe } from './recipe.ts';

/**
 * The settings of Zhao et al. 2024 (arXiv 2407.07972, appendix), of the optimizers it compares; any other starts from its own
 * defaults. For all of them gradients are clipped at global norm 1, and there is no weight decay; decay, when asked for, is
 * independent of the learning rate's size.
 */
const studyDefaults: Readonly<Record<string, Readonly<Record<string, SettingValue>>>> = {
  adam: { beta1: 0.9, beta2: 0.95, epsilon: 1e-15 },
  sgd: { momentum: 0.98 },
  lion: { beta1: 0.9, beta2: 0.95 },
  signum: { beta1: 0.9 },
  adafactor: { beta1: 0.9, beta2: 0.95, epsilon: 1e-15 },
  adalayer: { beta1: 0.9, beta2: 0.95, epsilon: 1e-15 },
};
/** What an optimizer needs to be itself where nothing decays, as in the study: without it LAMB would be Adam, and LARS SGD. */
const neededDefaults: typeof studyDefaults = { lamb: { alwaysAdapt: true }, lars: { alwaysAdapt: true } };
const studyDecay = { weightDecay: 0, weightDecayMode: 'independent' } as const;
const studyClipping = 1;

/** One update rule as it runs: every option, and those of its groups. */
export interface ResolvedMember {
  readonly optimizer: string;
  readonly title: string;
  /** The parameters it takes; without it, all that members before it leave. */
  readonly match?: Match;
  /** Every option of the rule, the peak of the learning rate and weight decay included. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly groups: readonly GroupSettings[];
}

/** An optimizer as it runs. */
export interface ResolvedOptimizer {
  readonly members: readonly ResolvedMember[];
  /** Global norm at which gradients are clipped; `null` for no clipping. */
  readonly clipGlobalNorm: number | null;
  /** Steps between refreshes of the curvature; `null` for an optimizer that estimates none. */
  readonly refreshEvery: number | null;
  /** The learning rate that independent weight decay refers to. */
  readonly peakLearningRate: number;
  /** Weight decay that the optimizer's own defaults would have, where the experiment leaves it out. */
  readonly decayLeftOut?: { readonly weightDecay: number; readonly weightDecayMode: string };
}

/** The options that a member of a recipe is built with: the study's under those of the whole under its own. */
export function memberOptions(
  recipe: OptimizerRecipe,
  { optimizer, options }: MemberRecipe,
): { readonly learningRate: number } & Readonly<Record<string, SettingValue>> {
  const { weightDecay, weightDecayMode } = recipe;
  return {
    ...studyDecay,
    ...(weightDecay === undefined ? {} : { weightDecay }),
    ...(weightDecayMode === undefined ? {} : { weightDecayMode }),
    ...studyDefaults[optimizer],
    ...neededDefaults[optimizer],
    ...options,
  };
}

/** The global norm at which a recipe clips gradients; infinite for no clipping, which still measures the norm. */
export function clippingOf({ clipGlobalNorm = studyClipping }: OptimizerRecipe): number {
  return clipGlobalNorm === false ? Number.POSITIVE_INFINITY : clipGlobalNorm;
}

/** The member that has the learning rate of the whole. */
export function mainOf({ members, main = members.length - 1 }: OptimizerRecipe): MemberRecipe {
  return members[main]!;
}

/**
 * Every option that a recipe comes to.
 * @throws Error for an optimizer that is not installed here
 */
export function resolveOptimizer(recipe: OptimizerRecipe): ResolvedOptimizer {
  const clipping = clippingOf(recipe);
  const members = recipe.members.map((member): ResolvedMember => {
    const { title, hyperparameters, settings } = optimizerByName(member.optimizer).rule;
    const usual = Object.entries({ ...hyperparameters, ...settings }).map(([key, spec]) => [
      key,
      spec.default,
    ]);
    return {
      optimizer: member.optimizer,
      title,
      ...(member.match === undefined ? {} : { match: member.match }),
      options: { ...Object.fromEntries(usual), ...memberOptions(recipe, member) },
      groups: member.groups ?? [],
    };
  });
  return {
    members,
    clipGlobalNorm: Number.isFinite(clipping) ? clipping : null,
    refreshEvery: recipe.refreshEvery ?? null,
    peakLearningRate: mainOf(recipe).options.learningRate,
    ...decayLeftOut(recipe),
  };
}

function decayLeftOut({
  members,
  weightDecay,
}: OptimizerRecipe): Pick<ResolvedOptimizer, 'decayLeftOut'> | object {
  if (weightDecay !== undefined) return {};
  for (const { optimizer, options } of members) {
    const { weightDecay: usual, weightDecayMode = 'decoupled' } =
      optimizerByName(optimizer).rule.defaults ?? {};
    if (options.weightDecay !== undefined || typeof usual !== 'number' || usual === 0) continue;
    return { decayLeftOut: { weightDecay: usual, weightDecayMode } };
  }
  return {};
}

/** Share of a parameter that decay may take in one step before it outweighs any gradient: 1e-4 is usual. */
export const largeDecay = 0.01;

/**
 * The largest share of a parameter that weight decay takes away in one step at the peak learning rate; 0 without decay. `l2`
 * decay goes through the optimizer, which sets its size.
 */
export function decayPerStep({ members, peakLearningRate }: ResolvedOptimizer): number {
  const shares = members.flatMap(({ options, groups }) =>
    [undefined, ...groups].map((group) => {
      const own: Readonly<Record<string, unknown>> = { ...options, ...group };
      const { weightDecay, weightDecayMode, learningRate } = own;
      const rate = Number(learningRate);
      if (weightDecayMode === 'independent') return (Number(weightDecay) * rate) / peakLearningRate;
      if (weightDecayMode === 'fixed') return Number(weightDecay);
      return weightDecayMode === 'decoupled' ? Number(weightDecay) * rate : 0;
    }),
  );
  return Math.max(0, ...shares);
}
