import {
  decodeConfig,
  encodeConfig,
  type HyperparameterTarget,
  type HyperparameterValue,
  Optimizer,
  type OptimizerRecord,
  type ParameterSelector,
  type RuleOptimizer,
} from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs-core';

/** One optimizer and the parameters it takes. */
export interface CombinedMember {
  /** Which parameters; all that no earlier member took when left out. */
  readonly match?: ParameterSelector;
  /** Its options hold here, its `groups` included. It is not to be stepped on its own. */
  readonly optimizer: RuleOptimizer;
}

/** Options of {@link combine} that hold for all members together. */
export interface CombineOptions {
  /** Scales the gradients of all members so that their global norm is at most this; off by default. */
  readonly clipGlobalNorm?: number;
}

function checkMembers(members: readonly CombinedMember[]): void {
  if (!Array.isArray(members) || members.length === 0) {
    throw new Error('combine needs a list of at least one { match, optimizer }');
  }
  for (const [index, { optimizer, ...rest }] of members.entries()) {
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
    if ((optimizer.member().options as CombineOptions).clipGlobalNorm !== undefined) {
      throw new Error(
        `combine: members[${index}] has its own clipGlobalNorm, but the norm is that of all gradients together; ` +
          'give clipGlobalNorm to combine instead: combine([...], { clipGlobalNorm })',
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
  private readonly options: CombineOptions;

  /** @throws Error if a member is malformed or has its own `clipGlobalNorm`. */
  constructor(members: readonly CombinedMember[], options: CombineOptions = {}) {
    checkMembers(members);
    const unknown = Object.keys(options).find((key) => key !== 'clipGlobalNorm');
    if (unknown !== undefined) {
      throw new Error(`combine has no option "${unknown}"; known options: clipGlobalNorm`);
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
    this.members = [...members];
    this.options = { ...options };
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
    return { members, ...this.options } as unknown as tf.serialization.ConfigDict;
  }

  /** @throws Error if a member's class is not registered, because its package was not imported. */
  static override fromConfig<T extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<T>,
    config: tf.serialization.ConfigDict,
  ): T {
    // Only what getConfig wrote: tfjs-layers leaves its own registry beside the options.
    const { members, clipGlobalNorm } = config as unknown as SavedConfig;
    const revived = members.map(({ match, ...member }) => ({
      ...(match === undefined ? {} : { match: decodeConfig(match) as ParameterSelector }),
      optimizer: reviveMember(member),
    }));
    return new (cls as unknown as new (members: CombinedMember[], options: CombineOptions) => T)(
      revived,
      clipGlobalNorm === undefined ? {} : { clipGlobalNorm },
    );
  }
}
tf.serialization.registerClass(CombinedOptimizer);

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
 * The members share the step count that schedules see and the clipping by global norm; everything else is each
 * member's own.
 *
 * @throws Error if a member is malformed, has its own `clipGlobalNorm` or has taken steps already.
 */
export function combine(members: readonly CombinedMember[], options: CombineOptions = {}): CombinedOptimizer {
  return new CombinedOptimizer(members, options);
}
