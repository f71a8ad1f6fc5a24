import type * as tf from '@tensorflow/tfjs-core';
import { type OptimizerRecord, recordOf } from '../record.ts';
import type { UpdateRule } from '../rule/update-rule.ts';
import { registerClass, registeredClasses } from './class-registry.ts';
import { decodeConfig, toConfigDict } from './config-codec.ts';
import { type EngineOptions, engineOptionsOf } from './engine-options.ts';
import { type HyperparameterTarget, type OptimizerMember, peakOf } from './group-table.ts';
import { type Clipping, Optimizer } from './optimizer.ts';
import type { HyperparameterValue } from './option-checks.ts';
import type { SharedOptions } from './parameter-group.ts';
import type { ParameterSelector } from './selector.ts';

/** The hyperparameters and settings of a rule, all optional. */
type RuleOptions<Rule> =
  Rule extends UpdateRule<infer Hyper, infer Settings>
    ? { readonly [Name in Hyper]?: HyperparameterValue | undefined } & {
        readonly [Name in keyof Settings]?: Settings[Name] | undefined;
      }
    : never;

/** Overrides for the parameters that `match` selects; the first group that matches a parameter wins. */
export type ParameterGroupOptions<Rule> = RuleOptions<Rule> &
  SharedOptions & { readonly match: ParameterSelector };

/** Options of an optimizer with one update rule. */
export type OptimizerOptions<Rule> = RuleOptions<Rule> &
  SharedOptions &
  EngineOptions & {
    /** Reference of `independent` weight decay; by default the peak of `learningRate`. */
    readonly peakLearningRate?: number | undefined;
    readonly groups?: readonly ParameterGroupOptions<Rule>[] | undefined;
  };

/** Names that `setHyperparameter` takes: those of the rule, and `weightDecay`. */
export type HyperparameterName<Hyper extends string> = Hyper | 'weightDecay';

/**
 * An optimizer whose rule has these hyperparameters, which are properties of it. Each reads as the number of the next step,
 * and assigning to it is `setHyperparameter`; `learningRate` and `weightDecay` are declared by `Optimizer`.
 */
export type OptimizerOf<Hyper extends string> = RuleOptimizer<Hyper> & {
  [Name in Exclude<Hyper, 'learningRate'>]: number;
};

/** An optimizer with one update rule, as `optimizerClass` makes it. */
export abstract class RuleOptimizer<Hyper extends string = string> extends Optimizer {
  protected constructor(
    private readonly rule: UpdateRule,
    private options: Readonly<Record<string, unknown>>,
  ) {
    super(rule.name, [{ rule, options }], engineOptionsOf(options));
  }

  override describe(): OptimizerRecord {
    return recordOf(this.rule);
  }

  override setHyperparameter(
    name: HyperparameterName<Hyper>,
    value: HyperparameterValue,
    target?: HyperparameterTarget,
  ): void {
    super.setHyperparameter(name, value, target);
    const inGroup = (typeof target === 'object' ? target.group : target) !== undefined;
    if (name === 'learningRate' && !inGroup) this.follow({ peakLearningRate: this.keptPeak() });
    this.follow({ [name]: value }, target);
  }

  override setTrainable(trainable: boolean, target?: HyperparameterTarget): void {
    super.setTrainable(trainable, target);
    this.follow({ trainable }, target);
  }

  protected override setClipping(clipping: Clipping): void {
    super.setClipping(clipping);
    this.follow(clipping);
  }

  /** The options are what `getConfig` saves, so they follow what is replaced. */
  private follow(changed: object, target?: HyperparameterTarget): void {
    const index = typeof target === 'object' ? target.group : target;
    if (index === undefined) {
      this.options = { ...this.options, ...changed };
      return;
    }
    const groups = this.options.groups as readonly object[];
    this.options = {
      ...this.options,
      groups: groups.map((group, i) => (i === index ? { ...group, ...changed } : group)),
    };
  }

  /** Independent decay keeps the peak it began with when the learning rate is replaced. */
  private keptPeak(): number | undefined {
    const { peakLearningRate, learningRate } = this.options as {
      peakLearningRate?: number;
      learningRate?: HyperparameterValue;
    };
    const peak = peakLearningRate ?? peakOf(learningRate ?? this.rule.hyperparameters.learningRate!.default);
    return peak === 0 ? undefined : peak;
  }

  /** The algorithm and its present options, for combining optimizers. */
  member(): OptimizerMember {
    return { rule: this.rule, options: this.options };
  }

  /** @throws Error if an option is a plain function, which no file can hold. */
  override getConfig(): tf.serialization.ConfigDict {
    return toConfigDict(this.options, this.rule.name);
  }
}

/** A concrete optimizer class: construct it with options; tfjs saves and loads it by `className`. */
export interface OptimizerClass<Options, Instance extends RuleOptimizer = RuleOptimizer> {
  new (options?: Options): Instance;
  readonly className: string;
  readonly rule: UpdateRule;
  fromConfig<T extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<T>,
    config: tf.serialization.ConfigDict,
  ): T;
}

/**
 * Makes the optimizer class of an update rule and registers it with tfjs and by the rule's name.
 *
 * @param className Name under which tfjs saves it. It must differ from those of tfjs's own optimizers, which stay
 * what they are.
 */
export function optimizerClass<Hyper extends string, Settings>(
  rule: UpdateRule<Hyper, Settings>,
  className: string,
): OptimizerClass<OptimizerOptions<UpdateRule<Hyper, Settings>>, OptimizerOf<Hyper>> {
  type Options = OptimizerOptions<UpdateRule<Hyper, Settings>>;
  const anyRule = rule as unknown as UpdateRule;
  class ConcreteOptimizer extends RuleOptimizer {
    static readonly className = className;
    static readonly rule = anyRule;

    constructor(options: Options = {} as Options) {
      if (options === null || typeof options !== 'object') {
        throw new Error(
          `${rule.name}: options must be an object such as { learningRate: 1e-3 }, got ${String(options)}`,
        );
      }
      super(anyRule, { ...options } as Readonly<Record<string, unknown>>);
    }

    static override fromConfig<T extends tf.serialization.Serializable>(
      cls: tf.serialization.SerializableConstructor<T>,
      config: tf.serialization.ConfigDict,
    ): T {
      // tfjs-layers leaves its own registry next to the options.
      const { customObjects: _, ...options } = config;
      return new cls(decodeConfig(options) as tf.serialization.ConfigDict);
    }
  }
  Object.defineProperty(ConcreteOptimizer, 'name', { value: className });
  registerClass(ConcreteOptimizer);
  // The properties are made by the constructor of the engine, where the compiler does not see them.
  return ConcreteOptimizer as unknown as OptimizerClass<Options, OptimizerOf<Hyper>>;
}

/** The optimizer classes made so far in this process, by the name of their rule. */
export function registeredOptimizers(): ReadonlyMap<string, OptimizerClass<object>> {
  return registeredClasses() as ReadonlyMap<string, OptimizerClass<object>>;
}
