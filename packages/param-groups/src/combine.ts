import {
  type Clipping,
  decodeConfig,
  type EngineOptions,
  encodeConfig,
  engineOptionKeys,
  type HyperparameterTarget,
  type HyperparameterValue,
  Optimizer,
  type OptimizerCapabilities,
  type OptimizerRecord,
  type ParameterSelector,
  type RuleOptimizer,
} from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs-core';

/** One optimizer and the parameters it takes. */
export interface CombinedMember {
  /** Which parameters; all that no earlier member took when left out. */
  readonly match?: ParameterSelector | undefined;
  /** Its options hold here, its `groups` included, as they are now: what is set in it later does not. */
  readonly optimizer: RuleOptimizer;
}

/** Options of {@link combine}: those of the engine, which hold for all members together. */
export type CombineOptions = EngineOptions;

function checkMembers(members: readonly CombinedMember[]): void {
  if (!Array.isArray(members) || members.length === 0) {
    throw new Error('combine needs a list of at least one { match, optimizer }');
  }
  for (const [index, member] of members.entries()) {
    if (member === null || typeof member !== 'object') {
      throw new Error(`combine: members[${index}] must be { match, optimizer }, got ${String(member)}`);
    }
    const { optimizer, ...rest } = member;
    const unknown = Object.keys(rest).find((key) => key !== 'match');
    if (unknown !== undefined) {
      throw new Error(
        `combine: members[${index}] has the unknown key "${unknown}"; known keys: match, optimizer`,
      );
    }
    // Not `instanceof`: every tf.Optimizer passes as an instance of any other.
    if (typeof (optimizer as Partial<RuleOptimizer> | undefined)?.member !== 'function') {
      throw new Error(`combine: members[${index}].optimizer must be an optimizer such as new Sgd({ ... })`);
    }
    const own = Object.entries(optimizer.member().options).find(
      ([key, value]) => engineOptionKeys.includes(key) && value !== undefined,
    );
    if (own !== undefined) {
      throw new Error(
        `combine: members[${index}] has its own ${own[0]}, which holds for all members together; ` +
          `give it to combine instead: combine([...], { ${own[0]} })`,
      );
    }
    if (optimizer.iterations > 0) {
      throw new Error(
        `combine: members[${index}] has taken steps of its own; combine takes a fresh optimizer`,
      );
    }
  }
}

/** Several optimizers over one model, as {@link combine} makes it. */
export class CombinedOptimizer extends Optimizer {
  static readonly className = 'SteepestCombinedOptimizer';
  private readonly members: readonly CombinedMember[];
  private options: CombineOptions;

  /** @throws Error if a member is malformed or has an engine option of its own. */
  constructor(members: readonly CombinedMember[], options: CombineOptions = {}) {
    checkMembers(members);
    if (options === null || typeof options !== 'object') {
      throw new Error(
        `combine: options must be an object such as { clipGlobalNorm: 1 }, got ${String(options)}`,
      );
    }
    const ruleNames = members.map(({ optimizer }) => optimizer.describe().name);
    super(
      `combine(${ruleNames.join(', ')})`,
      members.map(({ match, optimizer }) => ({
        ...optimizer.member(),
        ...(match === undefined ? {} : { match }),
      })),
      options,
    );
    this.members = members.map(({ match, optimizer }) => ({ match, optimizer: copyOf(optimizer) }));
    this.options = { ...options };
  }

  override setTrainable(trainable: boolean, target?: HyperparameterTarget): void {
    super.setTrainable(trainable, target);
    for (const [index, { optimizer }] of this.members.entries()) {
      if (typeof target !== 'object') optimizer.setTrainable(trainable, target);
      else if (target.member === index) optimizer.setTrainable(trainable, target.group);
    }
  }

  protected override setClipping(clipping: Clipping): void {
    super.setClipping(clipping);
    this.options = { ...this.options, ...clipping };
  }

  override setHyperparameter(name: string, value: HyperparameterValue, target?: HyperparameterTarget): void {
    super.setHyperparameter(name, value, target);
    // The members' options are what `getConfig` saves, so they follow.
    for (const [index, { optimizer }] of this.members.entries()) {
      if (typeof target === 'object') {
        if (target.member === index) optimizer.setHyperparameter(name, value, target.group);
      } else if (hasHyperparameter(optimizer, name)) {
        optimizer.setHyperparameter(name, value, target);
      }
    }
  }

  /**
   * The members' records joined: every option is named `<index>.<option>`, and the bytes of state are those of the
   * last member, which takes the parameters that no other does.
   */
  override describe(): OptimizerRecord {
    const records = this.members.map(({ optimizer }) => optimizer.describe());
    const last = records.at(-1)!;
    const numbered = (key: 'hyperparameters' | 'settings') =>
      records.flatMap((record, index) =>
        record[key].map((option) => ({ ...option, name: `${index}.${option.name}` })),
      );
    return {
      name: `combine(${records.map(({ name }) => name).join(', ')})`,
      title: records.map(({ title }) => title).join(' + '),
      paper: last.paper,
      hyperparameters: numbered('hyperparameters'),
      settings: numbered('settings'),
      // What is recommended for members alone says nothing of them together.
      recommended: [],
      capabilities: joined(records.map(({ capabilities }) => capabilities)),
      stateBytesPerParameter: last.stateBytesPerParameter,
    };
  }

  /** @throws Error if an option or a `match` is a plain function, which no file can hold. */
  override getConfig(): tf.serialization.ConfigDict {
    const members = this.members.map(({ match, optimizer }, index) => ({
      ...(match === undefined ? {} : { match: encodeConfig(match, `combine members[${index}].match`) }),
      className: encodeConfig(optimizer.getClassName(), 'className'),
      options: optimizer.getConfig(),
    }));
    const options = encodeConfig(this.options, 'combine') as object;
    return { members, ...options } as unknown as tf.serialization.ConfigDict;
  }

  /** @throws Error if a member's class is not registered, because its package was not imported. */
  static override fromConfig<T extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<T>,
    config: tf.serialization.ConfigDict,
  ): T {
    // Only what getConfig wrote: tfjs-layers leaves its own registry next to the options.
    const { members, ...others } = config as unknown as SavedConfig;
    const engine = Object.entries(others).filter(([key]) => engineOptionKeys.includes(key));
    const revived = members.map(({ match, ...member }) => ({
      ...(match === undefined ? {} : { match: decodeConfig(match) as ParameterSelector }),
      optimizer: reviveMember(member),
    }));
    return new (cls as unknown as new (members: CombinedMember[], options: CombineOptions) => T)(
      revived,
      decodeConfig(Object.fromEntries(engine)) as CombineOptions,
    );
  }
}
tf.serialization.registerClass(CombinedOptimizer);

/** An optimizer to keep options in: what is replaced in the one that was given does not hold here, nor may it be saved. */
function copyOf(optimizer: RuleOptimizer): RuleOptimizer {
  const Class = optimizer.constructor as new (options: object) => RuleOptimizer;
  return new Class(optimizer.member().options);
}

/** A trait holds for combined optimizers when it holds for one of them. */
function joined(all: readonly OptimizerCapabilities[]): OptimizerCapabilities {
  const holds = (trait: keyof OptimizerCapabilities): boolean => all.some((traits) => traits[trait]);
  return {
    signBased: holds('signBased'),
    ownsDecay: holds('ownsDecay'),
    refresh: holds('refresh'),
    average: holds('average'),
    transforms: holds('transforms'),
  };
}

interface SavedConfig extends CombineOptions {
  readonly members: readonly {
    readonly match?: unknown;
    readonly className: unknown;
    readonly options: tf.serialization.ConfigDict;
  }[];
}

function hasHyperparameter(optimizer: RuleOptimizer, name: string): boolean {
  return name === 'weightDecay' || Object.hasOwn(optimizer.member().rule.hyperparameters, name);
}

function reviveMember(saved: { className: unknown; options: tf.serialization.ConfigDict }): RuleOptimizer {
  const className = decodeConfig(saved.className) as string;
  const entry = tf.serialization.SerializationMap.getMap().classNameMap[className];
  if (entry === undefined) {
    throw new Error(
      `the saved options hold the optimizer "${className}", which is not registered: import its package before loading`,
    );
  }
  const [cls, fromConfig] = entry;
  return fromConfig(cls, saved.options) as RuleOptimizer;
}

/**
 * Runs several optimizers over one model. The first member whose `match` selects a parameter takes it.
 *
 * The members share the step count that schedules see and the engine's options; everything else is each
 * member's own.
 *
 * @throws Error if a member is malformed, has an engine option of its own or has taken steps already.
 */
export function combine(members: readonly CombinedMember[], options: CombineOptions = {}): CombinedOptimizer {
  return new CombinedOptimizer(members, options);
}
