import { listOptimizers, optimizerByName } from '@steepest/registry';
import { z } from 'zod';
import { budgetOverride, modelSettings, scheduleOverride } from './surroundings.ts';

/** A value that an experiment can give to an option of an optimizer. */
export type SettingValue = number | string | boolean;
/** Options of an optimizer, each one value or the list of values its grid takes. */
export type OptionGrid = Readonly<Record<string, SettingValue | readonly SettingValue[] | undefined>>;

const roles = ['embedding', 'lastLayer', 'norm', 'attention', 'mlp'] as const;

/** Which parameters a group or a member of a hybrid takes; the roles are those of `@steepest/lm-models`. */
const match = z.strictObject({
  role: z.union([z.enum(roles), z.array(z.enum(roles)).min(1)]).optional(),
  name: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).optional(),
});
export type Match = z.output<typeof match>;

/** Options that hold for some parameters only. */
export interface GroupSettings {
  readonly match: Match;
  readonly [option: string]: unknown;
}

/** One optimizer of a hybrid and the parameters it takes; the last, which is the main one, takes all others. */
export interface MemberEntry {
  readonly optimizer: string;
  readonly match?: Match;
  readonly groups?: readonly GroupSettings[];
  readonly options: OptionGrid;
}

/** What an experiment says of one optimizer, which it may name itself. */
export interface OptimizerEntry {
  readonly title?: string;
  /** One for a plain optimizer; of a hybrid the last is the main one. */
  readonly members: readonly MemberEntry[];
  /** Options of the main member and, where they are the engine's, of all together. */
  readonly options: OptionGrid & { readonly learningRate: number | readonly number[] };
  readonly model?: z.output<typeof modelSettings>;
  readonly schedule?: z.output<typeof scheduleOverride>;
  readonly budget?: z.output<typeof budgetOverride>;
}

const positive = z.number().positive();

/** An option's value, or the list of values its grid takes. */
function grid<T extends z.ZodType>(value: T) {
  return z.union([value, z.array(value).min(1)]);
}

/** Keys of an entry that are no options of an optimizer. */
const entryShape = {
  title: z.string().min(1).optional(),
  model: modelSettings.partial().optional(),
  schedule: scheduleOverride.optional(),
  budget: budgetOverride.optional(),
};
/** Options that every optimizer has beside those of its rule. */
const sharedShape = {
  weightDecay: grid(z.number().min(0)).optional(),
  clipGlobalNorm: grid(positive).optional(),
};
const ownName = /^[a-z0-9][a-z0-9._+-]*$/i;

/**
 * What an experiment may say of each optimizer: the options of the rule of the one it names. An entry of another name says
 * by `optimizer` which one it is, or by `members` of which it is made.
 * @param given The `optimizers` of the file, which decide what each may hold
 */
export function optimizerEntries(given: unknown): z.ZodType<Readonly<Record<string, OptimizerEntry>>> {
  const known = listOptimizers();
  const shape: Record<string, z.ZodType> = {};
  for (const name of known) shape[name] = plainEntry(name).optional();
  for (const [name, entry] of Object.entries(isGroup(given) ? given : {})) {
    if (!isGroup(entry) || !ownName.test(name)) continue;
    if ('members' in entry) shape[name] = hybridEntry(entry.members);
    else if ('optimizer' in entry) shape[name] = variantEntry(entry.optimizer);
  }
  return z
    .strictObject(shape)
    .refine((chosen) => Object.keys(chosen).length > 0, {
      error: 'name at least one optimizer',
      // One that is not known counts as named.
      when: ({ issues }) => issues.length === 0,
    })
    .transform((chosen) =>
      Object.fromEntries(
        Object.entries(chosen).map(([name, entry]) => [name, entryOf(name, entry as object)]),
      ),
    );
}

function plainEntry(name: string): z.ZodType {
  const options = optionShape(name);
  if (typeof options === 'string') return z.custom(() => false, { error: options });
  return z.strictObject({
    learningRate: grid(positive),
    ...fieldsAsGrids(options),
    ...sharedShape,
    groups: z.array(groupOf(options)).min(1).optional(),
    ...entryShape,
  });
}

/** A named variant of an optimizer. */
function variantEntry(optimizer: unknown): z.ZodType {
  const named = z.enum(listOptimizers());
  const isKnown = named.safeParse(optimizer).success;
  if (!isKnown) return z.looseObject({ optimizer: named });
  const plain = plainEntry(optimizer as string);
  return plain instanceof z.ZodObject ? plain.extend({ optimizer: named }) : plain;
}

function hybridEntry(members: unknown): z.ZodType {
  const list = Array.isArray(members) ? members : [];
  const items = list.map((member, index) => hybridMember(member, index === list.length - 1));
  return z.strictObject({
    learningRate: grid(positive),
    ...sharedShape,
    members:
      items.length < 2
        ? z.array(z.unknown()).min(2, { error: 'must hold at least two optimizers' })
        : z.tuple(items as [z.ZodType, z.ZodType, ...z.ZodType[]]),
    ...entryShape,
  });
}

function hybridMember(member: unknown, isMain: boolean): z.ZodType {
  const named = z.enum(listOptimizers());
  const optimizer = isGroup(member) ? named.safeParse(member.optimizer) : undefined;
  if (optimizer?.success !== true) return z.looseObject({ optimizer: named });
  const options = optionShape(optimizer.data);
  if (typeof options === 'string') return z.custom(() => false, { error: options });
  return z.strictObject({
    optimizer: named,
    // The main one takes the experiment's learning rate, and whatever the others leave.
    ...(isMain ? {} : { match, learningRate: grid(positive) }),
    ...fieldsAsGrids(options),
    groups: z.array(groupOf(options)).min(1).optional(),
  });
}

function groupOf(options: Readonly<Record<string, z.ZodType>>): z.ZodType {
  const fields = Object.entries(options).map(([name, value]) => [name, value.optional()]);
  return z.strictObject({
    match,
    learningRate: positive.optional(),
    weightDecay: z.number().min(0).optional(),
    ...Object.fromEntries(fields),
  });
}

function fieldsAsGrids(options: Readonly<Record<string, z.ZodType>>): Record<string, z.ZodType> {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [name, grid(value).optional()]));
}

/** The options of a rule but the learning rate, with their ranges, or why there are none. */
function optionShape(name: string): Record<string, z.ZodType> | string {
  let rule: ReturnType<typeof optimizerByName>['rule'];
  try {
    rule = optimizerByName(name).rule;
  } catch (error) {
    // Two packages have the name, which concerns only the experiments that use it.
    return (error as Error).message;
  }
  const shape: Record<string, z.ZodType> = {};
  for (const [option, { minimum, maximum, below }] of Object.entries(rule.hyperparameters)) {
    if (option === 'learningRate') continue;
    let value = z.number();
    if (minimum !== undefined) value = value.min(minimum);
    if (maximum !== undefined) value = value.max(maximum);
    if (below !== undefined) value = value.lt(below);
    shape[option] = value;
  }
  for (const [option, { default: usual, check }] of Object.entries(rule.settings ?? {})) {
    const value = valueLike(usual);
    if (value !== undefined) shape[option] = checked(value, check);
  }
  return shape;
}

/** Values of a default's kind; `undefined` for kinds that a YAML line does not write. */
function valueLike(usual: unknown): z.ZodType | undefined {
  if (typeof usual === 'boolean') return z.boolean();
  if (typeof usual === 'string') return z.string();
  return typeof usual === 'number' ? z.number() : undefined;
}

/** Values that a setting's own check accepts. */
function checked(value: z.ZodType, check: (value: unknown) => string | undefined): z.ZodType {
  return value.superRefine((given, context) => {
    const problem = check(given);
    if (problem === undefined) return;
    context.addIssue({
      code: 'custom',
      message: `${problem}, got ${JSON.stringify(given)} (${typeof given})`,
    });
  });
}

/** Brings an entry of either form into one: a list of members, and the options that hold for the whole. */
function entryOf(name: string, entry: object): OptimizerEntry {
  const { title, model, schedule, budget, optimizer, members, groups, ...options } = entry as {
    title?: string;
    model?: OptimizerEntry['model'];
    schedule?: OptimizerEntry['schedule'];
    budget?: OptimizerEntry['budget'];
    optimizer?: string;
    members?: readonly Record<string, unknown>[];
    groups?: readonly GroupSettings[];
    learningRate: number;
  };
  const own: MemberEntry[] =
    members === undefined
      ? [{ optimizer: optimizer ?? name, ...(groups === undefined ? {} : { groups }), options: {} }]
      : members.map(memberOf);
  return {
    ...(title === undefined ? {} : { title }),
    members: own,
    options: options as OptimizerEntry['options'],
    ...(model === undefined ? {} : { model }),
    ...(schedule === undefined ? {} : { schedule }),
    ...(budget === undefined ? {} : { budget }),
  };
}

function memberOf({ optimizer, match: taken, groups, ...options }: Record<string, unknown>): MemberEntry {
  return {
    optimizer: optimizer as string,
    ...(taken === undefined ? {} : { match: taken as Match }),
    ...(groups === undefined ? {} : { groups: groups as GroupSettings[] }),
    options: options as OptionGrid,
  };
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
