import { listOptimizers } from '@steepest/registry';
import { z } from 'zod';
import {
  decayShape,
  engineShape,
  grid,
  grids,
  type OptionGrid,
  optionShape,
  positive,
  values,
} from './option-shapes.ts';
import { budgetOverride, modelSettings, scheduleOverride } from './surroundings.ts';
import { title } from './text.ts';

const roles = ['embedding', 'lastLayer', 'norm', 'attention', 'mlp'] as const;

/** Which parameters a group or a member of a hybrid takes; the roles are those of `@steepest/lm-models`. */
const match = z
  .strictObject({
    role: z
      .union([z.enum(roles), z.array(z.enum(roles)).min(1)])
      .optional()
      .describe('Role of the parameters in the model'),
    name: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
      .optional()
      .describe('Globs on the names of the parameters'),
  })
  .refine(({ role, name }) => role !== undefined || name !== undefined, {
    error: 'must say a role, a name, or both',
  });
export type Match = z.output<typeof match>;

/** Options that hold for some parameters only. */
export interface GroupSettings {
  readonly match: Match;
  readonly [option: string]: unknown;
}

/** One optimizer of a hybrid and the parameters it takes: without a match, all that those before it leave. */
export interface MemberEntry {
  readonly optimizer: string;
  readonly match?: Match;
  readonly groups?: readonly GroupSettings[];
  readonly options: OptionGrid;
}

/** What an experiment says of one optimizer, which it may name itself. */
export interface OptimizerEntry {
  readonly title?: string;
  /** One for a plain optimizer; of a hybrid the main one, which has its learning rate, is the one without a rate of its own. */
  readonly members: readonly MemberEntry[];
  /** Options of the main member and, where they are the engine's, of all together. */
  readonly options: OptionGrid & { readonly learningRate: number | readonly number[] };
  readonly model?: z.output<typeof modelSettings>;
  readonly schedule?: z.output<typeof scheduleOverride>;
  readonly budget?: z.output<typeof budgetOverride>;
}

/** Keys of an entry that are no options of an optimizer. */
const entryShape = {
  title: title.optional().describe('Its name in tables and charts'),
  model: modelSettings.partial().optional().describe('What differs from the model of the experiment'),
  schedule: scheduleOverride.optional().describe('What differs from its schedule'),
  budget: budgetOverride.optional().describe('What differs from its budget'),
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
  for (const name of known) {
    // A schema of all optimizers takes as long to make as a small experiment to check.
    const isAsked = !isGroup(given) || Object.hasOwn(given, name);
    shape[name] = isAsked ? plainEntry(name).optional() : z.never().optional();
  }
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

const groups = 'Other options for some of the parameters; the first match counts';
const learningRate = grid(positive).describe('Peak of the learning rate, or the list of those to try');

/** An entry named after its optimizer. */
export function plainEntry(name: string): z.ZodType {
  const options = optionShape(name);
  if (typeof options === 'string') return z.custom(() => false, { error: options });
  return z.strictObject({
    learningRate,
    ...grids({ ...options, ...decayShape, ...engineShape([name]) }),
    groups: groupsOf(options),
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

/** An entry of several optimizers. */
export function hybridEntry(members: unknown): z.ZodType {
  const list = Array.isArray(members) ? members : [];
  const items = list.map(hybridMember);
  const named = list.flatMap((member) =>
    isGroup(member) && typeof member.optimizer === 'string' ? [member.optimizer] : [],
  );
  return z.strictObject({
    learningRate,
    ...grids({ ...decayShape, ...engineShape(named) }),
    members:
      items.length < 2
        ? z.array(z.unknown()).min(2, { error: 'must hold at least two optimizers' })
        : z.tuple(items as [z.ZodType, z.ZodType, ...z.ZodType[]]).superRefine(checkMembers),
    ...entryShape,
  });
}

/** A member of a hybrid: an optimizer and its parameters. */
export function hybridMember(member: unknown): z.ZodType {
  const named = z.enum(listOptimizers());
  const optimizer = isGroup(member) ? named.safeParse(member.optimizer) : undefined;
  if (optimizer?.success !== true) return z.looseObject({ optimizer: named });
  const options = optionShape(optimizer.data);
  if (typeof options === 'string') return z.custom(() => false, { error: options });
  return z.strictObject({
    optimizer: named,
    match: match.optional().describe('Parameters it takes; without it, all that are left'),
    ...grids({ learningRate: positive, ...options, ...decayShape }),
    groups: groupsOf(options),
  });
}

/** One member has the learning rate of the hybrid, and only the last may take whatever the others leave. */
function checkMembers(members: readonly unknown[], context: z.core.$RefinementCtx): void {
  const list = members as readonly { readonly learningRate?: unknown; readonly match?: unknown }[];
  const issue = (path: readonly PropertyKey[], message: string) =>
    context.issues.push({ code: 'custom', path: [...path], message, input: members });
  const main = list.flatMap((member, index) => (member.learningRate === undefined ? [index] : []));
  if (main.length === 0) {
    issue(
      [],
      'must leave the learning rate of one to the hybrid: remove learningRate from the member whose rate is the one to ' +
        'compare, and write it as the learningRate beside members',
    );
  }
  for (const index of main.slice(0, -1)) {
    issue(
      [index],
      'needs a learningRate of its own: the one beside members is that of a single member, which is the only one without',
    );
  }
  for (const [index, member] of list.entries()) {
    const isLast = index === list.length - 1;
    if (!isLast && member.match === undefined) {
      issue(
        [index],
        'needs a match, such as { role: [attention, mlp] }: only the last takes every parameter that is left',
      );
    }
  }
}

function groupsOf(options: Readonly<Record<string, z.ZodType>>): z.ZodType {
  const group = z.strictObject({
    match,
    ...values({ learningRate: positive, ...decayShape, trainable: z.boolean(), ...options }),
  });
  return z.array(group).min(1).optional().describe(groups);
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
