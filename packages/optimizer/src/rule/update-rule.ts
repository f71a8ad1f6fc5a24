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
  /** The value of a hyper-parameter that is a plain number in this group; `undefined` when it is a schedule. */
  constant(name: Hyper | 'weightDecay'): number | undefined;
}

export type Tensors = Readonly<Record<string, Expression>> & {
  readonly parameter: Expression;
  readonly gradient: Expression;
};

/** A float64 number that a parameter group keeps, such as a sum over the steps taken. */
export interface GroupNumber {
  /** Its value before the first step. */
  readonly initial: number;
  /**
   * Its value at a step, whichever parameters have a gradient in it.
   *
   * @param previous Every group number before the step.
   * @param scalars Every hyper-parameter at this step, and `iteration`.
   * @param settings The settings of the group.
   */
  next(
    previous: Readonly<Record<string, number>>,
    scalars: Readonly<Record<string, number>>,
    settings: Readonly<Record<string, unknown>>,
  ): number;
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
   * Its state begins with the first gradient of a parameter, as a whole, in another way than it goes on, so that rows cannot
   * begin one by one (`lazyRows`).
   */
  readonly startsAtFirstGradient?: boolean | ((context: RuleContext) => boolean);
  /** Numbers kept for a whole parameter group; `update` finds them among its scalars. */
  readonly groupState?: Readonly<Record<string, GroupNumber>>;
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
   * @param scalars Every hyper-parameter at this step; `step`: how many gradients this parameter has now received,
   * counted from 1; `iteration`: the optimizer's step, counted from 1; `decay` and `l2Decay`; and the numbers of `groupState`.
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

/** Declares an update rule, with the names of its hyper-parameters checked by the compiler. */
export function defineUpdateRule<const Hyper extends string, Settings = Record<never, never>>(
  rule: UpdateRule<Hyper, Settings>,
): UpdateRule<Hyper, Settings> {
  if (!('learningRate' in rule.hyperparameters)) {
    throw new Error(`update rule "${rule.name}" needs a hyper-parameter called learningRate`);
  }
  for (const name of [...Object.keys(rule.hyperparameters), ...Object.keys(rule.groupState ?? {})]) {
    if (reservedScalars.includes(name)) {
      throw new Error(`update rule "${rule.name}" cannot have a scalar called ${name}: the engine's own is`);
    }
  }
  return rule;
}
