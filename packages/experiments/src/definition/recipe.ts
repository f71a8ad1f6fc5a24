import type { GroupSettings, Match } from './optimizer-entries.ts';
import type { SettingValue } from './option-shapes.ts';

/** One update rule of a trial's optimizer, and the parameters it takes; all that are left without `match`. */
export interface MemberRecipe {
  readonly optimizer: string;
  readonly match?: Match;
  readonly options: { readonly learningRate: number } & Readonly<Record<string, SettingValue>>;
  readonly groups?: readonly GroupSettings[];
}

/** How a trial's optimizer is made. */
export interface OptimizerRecipe {
  /** One, or for a hybrid several. */
  readonly members: readonly MemberRecipe[];
  /** Index of the member that has the learning rate of the whole, where it is not the last. */
  readonly main?: number;
  readonly weightDecay?: number;
  readonly weightDecayMode?: string;
  /** `false` for no clipping. */
  readonly clipGlobalNorm?: number | false;
  /** Steps between refreshes of the curvature, for an optimizer that estimates it. */
  readonly refreshEvery?: number;
}
