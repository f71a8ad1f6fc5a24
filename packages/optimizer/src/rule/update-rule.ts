import type { ParameterInfo } from '../parameter.ts';
import type { Expression, Shape } from './expression.ts';
import type { WeightDecayMode } from './weight-decay.ts';

/** A numeric option of an optimizer that may be a number or a schedule, and may change in mid-run. */
export interface HyperparameterSpec {
  readonly default: number;
  /** What it does, in one line. */
  readonly description: string;
  /** Smallest value allowed. */
  readonly minimum?: number;
  /** Largest value allowed. */
  readonly maximum?: number;
  /** Every value must be below this. */
  readonly below?: number;
}

/** An option that selects a variant of the algorithm and stays what it was at construction. */
export interface SettingSpec<Value = unknown> {
  readonly default: Value;
  readonly description: string;
  /** Says what is wrong with a value, e.g. `must be true or false`; `undefined` when it is fine. */
  readonly check: (value: unknown) => string | undefined;
  /** The values that there are, where those but true and false are few: a run may be resumed under another. */
  readonly choices?: readonly Value[];
}

/** The published source of an algorithm. */
export interface PaperReference {
  readonly authors: string;
  readonly year: number;
  readonly title: string;
  /** arXiv identifier or another permanent address. */
  readonly source: string;
}

/** Settings that were used or recommended for a task of some size, and where that is written. */
export interface RecommendedSettings {
  /** What they are for: kind and size of a model or task, e.g. `GPT-2 small (124 million parameters)`. */
  readonly scale: string;
  /** Options by name, at least one; of the others nothing is said. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** What no option holds, such as the schedule of the learning rate. */
  readonly remark?: string;
  /** Where they are written: a file of the authors' code, or a paper and its section. */
  readonly source: string;
}

/** A state tensor: like the parameter itself, or of a shape that broadcasts against the rule's view of it. */
export interface SlotSpec {
  /** `parameter` keeps the parameter's own shape. */
  readonly shape: 'parameter' | Shape;
  /** Value before the first gradient: a number for every element, 0 by default, or that of the `parameter`. */
  readonly initial?: number | 'parameter';
}

/** A slot of the parameter's shape that starts at zero. */
export const likeParameter: SlotSpec = { shape: 'parameter' };

/** What a rule may look at when it chooses its slots and traces its update for one parameter. */
export interface RuleContext<Hyper extends string = string, Settings = Record<string, unknown>> {
  readonly parameter: ParameterInfo;
  readonly settings: Readonly<Settings>;
  /** How weight decay acts in this group; for rules that apply it themselves. */
  readonly weightDecayMode?: WeightDecayMode;
  /** The value of a hyperparameter that is a plain number in this group; `undefined` when it is a schedule. */
  constant(name: Hyper | 'weightDecay'): number | undefined;
}

export type Tensors = Readonly<Record<string, Expression>> & {
  readonly parameter: Expression;
  readonly gradient: Expression;
};

// Methods, as those of a rule are: a rule with settings of its own is a rule.
interface GroupMethods<Hyper extends string, Settings> {
  summand(tensors: Tensors, scalars: Scalars<Hyper>, context: RuleContext<Hyper, Settings>): Expression;
  initial(settings: Readonly<Settings>): number;
}

/** A value of every element of one parameter, of which a rule wants the sum. */
export type Summand<Hyper extends string = string, Settings = Record<string, unknown>> = GroupMethods<
  Hyper,
  Settings
>['summand'];

/**
 * Numbers that all parameters of a group have together, such as a sum of weights over the steps or an estimated step size. They
 * are float64; with `sums`, on a device that JavaScript does not read at once, they are float32 there.
 *
 * A rule without `sums` keeps them for every group apart. With `sums` all groups of an optimizer share them: each parameter adds
 * its summands under the options of its own group, and `next` sees the options outside `groups`.
 */
export interface GroupState<Hyper extends string = string, Settings = Record<string, unknown>> {
  /** Their values before the first step. */
  readonly initial: Readonly<Record<string, number | GroupMethods<Hyper, Settings>['initial']>>;
  /**
   * What is added up over all elements of all parameters with a gradient, before any of them is updated; 0 when there are none. A
   * summand sees what `update` will see, and the numbers as they were before the step.
   */
  readonly sums?: Readonly<Record<string, Summand<Hyper, Settings>>>;
  /**
   * Their values at a step, whichever parameters have a gradient in it.
   *
   * @param scalars The numbers before the step, the totals of `sums`, every hyperparameter, `weightDecay` and `iteration`.
   * @returns an expression without tensors for every number
   */
  next(
    scalars: Readonly<Record<Hyper | 'iteration' | 'weightDecay', Expression>> &
      Readonly<Record<string, Expression>>,
    settings: Readonly<Settings>,
  ): Readonly<Record<string, Expression>>;
}

/**
 * An optimization algorithm, written once: the engine runs it on tfjs tensors, on float64 arrays, and in place
 * where a backend can compile it.
 */
export interface UpdateRule<Hyper extends string = string, Settings = Record<string, unknown>> {
  /** Short lower-case name, for instance `lion`. */
  readonly name: string;
  /** Name as printed, for instance `Lion`. */
  readonly title: string;
  readonly paper: PaperReference;
  readonly hyperparameters: Readonly<Record<Hyper, HyperparameterSpec>>;
  readonly settings?: { readonly [Name in keyof Settings]: SettingSpec<Settings[Name]> };
  /** Weight decay where this algorithm's paper prescribes another default than the engine's. */
  readonly defaults?: { readonly weightDecay?: number; readonly weightDecayMode?: WeightDecayMode };
  /** Settings to start from, as published; none by default. */
  readonly recommended?: readonly RecommendedSettings[];
  /** The update depends on signs, so that a rounding error near a tie moves a weight by a whole step. */
  readonly signBased?: boolean;
  /** The learning rate only sets where the rule's own step sizes start, at a parameter's first gradient: later ones, and 0, are no brake. */
  readonly rateIsInitial?: boolean;
  /**
   * The rule applies decoupled and independent weight decay itself, from the scalar `decay`: the fraction of the
   * parameter that one step takes away, 0 when decay is off.
   */
  readonly ownsDecay?: boolean;
  /**
   * The rule applies L2 weight decay itself, from the scalar `l2Decay`: the factor of the parameter, 0 under the other modes.
   * It may read the scalar `weightDecay` too, which is the option whatever the mode.
   * By default the engine adds it to the gradient.
   */
  readonly ownsL2Decay?: boolean;
  /**
   * Its state begins with the first gradient of a parameter, as a whole, in another way than it continues, so that rows cannot
   * begin one by one (`lazyRows`).
   */
  readonly startsAtFirstGradient?: boolean | ((context: RuleContext) => boolean);
  /** Numbers kept for a whole parameter group, which `update` finds among its scalars. */
  readonly groupState?: GroupState<NoInfer<Hyper>, NoInfer<Settings>>;
  /**
   * Says what is wrong with options that are right one by one, e.g. `nesterov needs a momentum above 0`; `undefined` when
   * they go together.
   */
  check?(options: Omit<RuleContext<Hyper, Settings>, 'parameter'>): string | undefined;
  /** The shape the parameter is viewed in (same number of elements); its own by default. */
  view?(context: RuleContext<Hyper, Settings>): Shape;
  /** The state kept for one parameter. */
  slots(context: RuleContext<Hyper, Settings>): Readonly<Record<string, SlotSpec>>;
  /**
   * One step for one parameter: the new value of `parameter` and of every slot.
   *
   * @param tensors `parameter`, `gradient` and the slots before the step.
   * @param scalars Every hyperparameter at this step; `step`: how many gradients this parameter has now received,
   * counted from 1; `iteration`: the optimizer's step, counted from 1; `decay` and `l2Decay`; the numbers of
   * `groupState` after this step, and by names such as `before:d` as they were before it; and the totals of its `sums`.
   */
  update(
    tensors: Tensors,
    scalars: Scalars<Hyper>,
    context: RuleContext<Hyper, Settings>,
  ): Readonly<Record<string, Expression>>;
  /**
   * New values of some slots from gradients that the caller chose for the purpose, such as those of a curvature
   * estimate. It moves no parameter and counts as no step.
   */
  refresh?(
    tensors: Tensors,
    scalars: Scalars<Hyper>,
    context: RuleContext<Hyper, Settings>,
  ): Readonly<Record<string, Expression>>;
  /** The iterate to evaluate with, where it is not the parameter itself; `gradient` is not among the tensors. */
  average?(
    tensors: Readonly<Record<string, Expression>> & { readonly parameter: Expression },
    scalars: Scalars<Hyper>,
    context: RuleContext<Hyper, Settings>,
  ): Expression;
}

/** What a rule may read besides tensors. */
export type Scalars<Hyper extends string> = Readonly<
  Record<Hyper | 'step' | 'iteration' | 'decay' | 'l2Decay' | 'weightDecay', Expression>
> &
  Readonly<Record<string, Expression>>;

/** Names of the engine's own scalars, which no rule may take. */
const reservedScalars: readonly string[] = [
  'step',
  'iteration',
  'decay',
  'l2Decay',
  'weightDecay',
  'averageDecay',
  'gradientCount',
  'clipValue',
  'filterDecay',
  'filterStrength',
];

/** Declares an update rule, with the names of its hyperparameters checked by the compiler. */
export function defineUpdateRule<const Hyper extends string, Settings = Record<never, never>>(
  rule: UpdateRule<Hyper, Settings>,
): UpdateRule<Hyper, Settings> {
  if (!('learningRate' in rule.hyperparameters)) {
    throw new Error(`update rule "${rule.name}" needs a hyperparameter called learningRate`);
  }
  const { initial = {}, sums = {} } = rule.groupState ?? {};
  for (const name of [...Object.keys(rule.hyperparameters), ...Object.keys(initial), ...Object.keys(sums)]) {
    if (reservedScalars.includes(name)) {
      throw new Error(`update rule "${rule.name}" cannot have a scalar called ${name}: the engine's own is`);
    }
  }
  const other = rule.refresh !== undefined ? 'refresh' : rule.average !== undefined ? 'average' : undefined;
  if (rule.groupState?.sums !== undefined && other !== undefined) {
    throw new Error(
      `update rule "${rule.name}" has sums over all parameters, beside which there can be no ${other}`,
    );
  }
  return rule;
}
