import type { ParameterInfo } from '../parameter.ts';
import type { PlanFeatures } from '../rule/plan.ts';
import { defaultStateMinimumSize, type StateFormats } from '../rule/state-format.ts';
import type { HyperparameterSpec, RuleContext, UpdateRule } from '../rule/update-rule.ts';
import type { WeightDecayMode } from '../rule/weight-decay.ts';
import { engineOptionKeys } from './engine-options.ts';
import { GroupNumbers, type Totals } from './group-numbers.ts';
import {
  checkHyperparameter,
  checkKeys,
  type HyperparameterValue,
  hyperparameterAt,
  show,
} from './option-checks.ts';
import { compileSelector, type ParameterSelector } from './selector.ts';
import { checkStateFormats, checkStateMinimumSize } from './state-format-checks.ts';

/** Options every optimizer has besides its own hyperparameters; a group may override them. */
export interface SharedOptions {
  /** Weight decay, 0 by default. */
  readonly weightDecay?: HyperparameterValue | undefined;
  /** `decoupled` by default. */
  readonly weightDecayMode?: WeightDecayMode | undefined;
  /** `false` leaves the parameters and their state alone. */
  readonly trainable?: boolean | undefined;
  /**
   * How slots of the parameter's shape are kept: `'float32'` by default; `'bfloat16'` by stochastic rounding; `'8bit'` in blocks of 256
   * (Dettmers et al. 2022, arXiv 2110.02861). By the names of slots, those not named are float32; a slot that starts as the parameter,
   * such as `average`, is packed only if it is named.
   */
  readonly stateFormat?: StateFormats | undefined;
  /** Parameters of fewer elements keep their state in float32; 4096 by default. */
  readonly stateMinimumSize?: number | undefined;
}

/** Any option bag of a group, before validation. */
export type GroupOptions = SharedOptions & { readonly match: ParameterSelector } & Readonly<
    Record<string, unknown>
  >;

export const weightDecaySpec: HyperparameterSpec = {
  default: 0,
  description: 'Decay of the parameters',
  minimum: 0,
};
const weightDecayModes: readonly string[] = ['decoupled', 'independent', 'fixed', 'l2'];
const sharedKeys = ['weightDecay', 'weightDecayMode', 'trainable', 'stateFormat', 'stateMinimumSize'];

/** The hyperparameters of a rule and the engine's own, which schedules and `setHyperparameter` may address. */
export function hyperparameterSpecs(rule: UpdateRule): Readonly<Record<string, HyperparameterSpec>> {
  return { ...rule.hyperparameters, weightDecay: weightDecaySpec };
}

/** A set of parameters with the rule and the values that hold for them; what it does not set, its parent does. */
export class ParameterGroup {
  private readonly values: Map<string, unknown>;
  private readonly specs: Readonly<Record<string, HyperparameterSpec>>;
  readonly matches: (parameter: ParameterInfo) => boolean;
  /** What the rule keeps for this group; `undefined` where it keeps nothing. Those of a rule with sums are the parent's. */
  readonly numbers: GroupNumbers | undefined;

  /**
   * @param where How error messages call the group, e.g. `lion` or `lion groups[0]`.
   * @param extraKeys Options that the caller has dealt with.
   * @throws Error on an unknown key or a value out of range.
   */
  constructor(
    readonly where: string,
    readonly rule: UpdateRule,
    options: object,
    readonly parent?: ParameterGroup,
    match?: (parameter: ParameterInfo) => boolean,
    extraKeys: readonly string[] = [],
  ) {
    this.specs = hyperparameterSpecs(rule);
    const settings: Readonly<Record<string, { check(value: unknown): string | undefined }>> =
      rule.settings ?? {};
    checkKeys(where, options, [
      ...Object.keys(rule.hyperparameters),
      ...Object.keys(settings),
      ...sharedKeys,
      ...extraKeys,
    ]);
    const own = Object.entries(options).filter(
      ([key, value]) => value !== undefined && !extraKeys.includes(key),
    );
    this.values = new Map(own);
    this.matches = match ?? (() => true);
    for (const [key, value] of own) {
      const spec = this.specs[key];
      if (spec !== undefined) checkHyperparameter(where, key, value, spec);
      const problem = settings[key]?.check(value);
      if (problem !== undefined) throw new Error(`${where}: ${key} ${problem}, got ${show(value)}`);
    }
    const mode = this.values.get('weightDecayMode');
    if (mode !== undefined && !weightDecayModes.includes(mode as string)) {
      throw new Error(
        `${where}: weightDecayMode must be one of ${weightDecayModes.join(', ')}, got ${show(mode)}`,
      );
    }
    const { stateFormat, stateMinimumSize } = options as SharedOptions;
    if (stateFormat !== undefined) checkStateFormats(where, stateFormat, this.rule, this.context.bind(this));
    if (stateMinimumSize !== undefined) checkStateMinimumSize(where, stateMinimumSize);
    if (this.values.has('trainable')) this.setTrainable(this.values.get('trainable'));
    this.checkTogether();
    if (parent !== undefined && rule.groupState?.sums !== undefined) this.numbers = parent.numbers;
    else if (rule.groupState !== undefined) this.numbers = new GroupNumbers(rule, this.options.settings);
  }

  /** The numbers that this group keeps itself. */
  get ownNumbers(): GroupNumbers | undefined {
    return this.numbers === this.parent?.numbers ? undefined : this.numbers;
  }

  /** Freezes or thaws the group, and the groups under it that do not set their own. @throws Error if it is neither */
  setTrainable(trainable: unknown): void {
    if (typeof trainable !== 'boolean') {
      throw new Error(`${this.where}: trainable must be true or false, got ${show(trainable)}`);
    }
    this.values.set('trainable', trainable);
  }

  /** @throws Error if the rule refuses the options that hold here, each of which is right by itself. */
  checkTogether(): void {
    const problem = this.rule.check?.(this.options);
    if (problem !== undefined) throw new Error(`${this.where}: ${problem}`);
  }

  /** A group of this group's rule that takes what it does not set from here. */
  child(where: string, options: GroupOptions): ParameterGroup {
    if (options === null || typeof options !== 'object') {
      throw new Error(`${where} must be an object with a match, got ${show(options)}`);
    }
    if (options.match === undefined)
      throw new Error(`${where} needs a match: a glob, a pattern or a function`);
    const shared = Object.keys(options).find((key) => engineOptionKeys.includes(key));
    if (shared !== undefined) {
      throw new Error(`${where}: ${shared} holds for all groups together; give it beside groups`);
    }
    const selects = compileSelector(options.match);
    const match = (parameter: ParameterInfo): boolean => this.matches(parameter) && selects(parameter);
    return new ParameterGroup(where, this.rule, options, this, match, ['match']);
  }

  private lookUp(key: string): unknown {
    if (this.values.has(key)) return this.values.get(key);
    if (this.parent !== undefined) return this.parent.lookUp(key);
    return (this.rule.defaults as Readonly<Record<string, unknown>> | undefined)?.[key];
  }

  /** The number or schedule of a hyperparameter that holds here. */
  value(name: string): HyperparameterValue {
    return (this.lookUp(name) ?? this.specs[name]!.default) as HyperparameterValue;
  }

  /** Whether this group's rule knows the hyperparameter. */
  has(name: string): boolean {
    return Object.hasOwn(this.specs, name);
  }

  /** The number that holds here at a step, counted from 1. @throws Error if the name is unknown. */
  valueAt(name: string, step: number): number {
    this.checkName(name);
    return hyperparameterAt(this.where, name, this.value(name), step, this.specs[name]!);
  }

  private checkName(name: string): void {
    const settings = Object.keys(this.rule.settings ?? {});
    checkKeys(this.where, { [name]: undefined }, Object.keys(this.specs), settings);
  }

  /** @throws Error if the name is unknown or the value is out of range. */
  checkValue(name: string, value: HyperparameterValue): void {
    this.checkName(name);
    checkHyperparameter(this.where, name, value, this.specs[name]!);
  }

  /**
   * Replaces a hyperparameter, once checked, for this group and the groups under it that do not set their own.
   *
   * @returns what takes it back
   */
  setValue(name: string, value: HyperparameterValue): () => void {
    const [had, before] = [this.values.has(name), this.values.get(name)];
    this.values.set(name, value);
    return () => {
      if (had) this.values.set(name, before);
      else this.values.delete(name);
    };
  }

  get trainable(): boolean {
    return (this.lookUp('trainable') ?? true) as boolean;
  }

  get weightDecayMode(): WeightDecayMode {
    return (this.lookUp('weightDecayMode') ?? 'decoupled') as WeightDecayMode;
  }

  /** Whether weight decay can act at all: a constant 0 switches it off. */
  get decays(): boolean {
    return this.value('weightDecay') !== 0;
  }

  /** How weight decay enters the plans of this group. */
  get decayFeature(): NonNullable<PlanFeatures['decay']> {
    if (!this.decays) return 'off';
    return this.weightDecayMode === 'l2' ? 'l2' : 'shrink';
  }

  /** How the slots of this group are kept. */
  get formatFeatures(): Pick<PlanFeatures, 'stateFormat' | 'stateMinimumSize'> {
    return {
      stateFormat: (this.lookUp('stateFormat') ?? 'float32') as StateFormats,
      stateMinimumSize: (this.lookUp('stateMinimumSize') ?? defaultStateMinimumSize) as number,
    };
  }

  /** Every hyperparameter of the rule, and weight decay, at a step counted from 1. */
  scalarsAt(step: number): Record<string, number> {
    const scalars: Record<string, number> = {};
    for (const name in this.specs) {
      scalars[name] = hyperparameterAt(this.where, name, this.value(name), step, this.specs[name]!);
    }
    return scalars;
  }

  /** Brings the numbers that this group keeps itself to a step, counted from 1. */
  advance(step: number, totals: ReadonlyMap<GroupNumbers, Totals>): void {
    const { ownNumbers } = this;
    if (ownNumbers === undefined) return;
    const scalars = this.scalarsAt(step);
    scalars.iteration = step;
    ownNumbers.advance(scalars, totals.get(ownNumbers));
  }

  /** What the rule may look at for one parameter of this group. */
  context(parameter: ParameterInfo): RuleContext {
    return { parameter, ...this.options };
  }

  private get options(): Omit<RuleContext, 'parameter'> {
    const settings: Record<string, unknown> = {};
    for (const [name, spec] of Object.entries(this.rule.settings ?? {})) {
      settings[name] = this.lookUp(name) ?? (spec as { default: unknown }).default;
    }
    return {
      settings,
      weightDecayMode: this.weightDecayMode,
      constant: (name) => {
        const value = this.value(name);
        return typeof value === 'number' ? value : undefined;
      },
    };
  }
}
