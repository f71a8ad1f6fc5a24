import { listOptimizers, optimizerByName } from '@steepest/registry';
import { z } from 'zod';

/** A value that an experiment can give to an option of an optimizer. */
export type SettingValue = number | string | boolean;

/** What an experiment says of one optimizer: its learning rates, and values or lists of values of other options. */
export type OptimizerGrid = { readonly learningRate: number | number[] } & {
  readonly [option: string]: SettingValue | SettingValue[] | undefined;
};

const positive = z.number().positive();

/** An option's value, or the list of values its grid takes. */
function grid<T extends z.ZodType>(value: T) {
  return z.union([value, z.array(value).min(1)]);
}

/** What an experiment may say of each optimizer that is loaded: the options of its rule. */
export function optimizerGrids(): z.ZodType<Readonly<Record<string, OptimizerGrid>>> {
  const shape = Object.fromEntries(listOptimizers().map((name) => [name, optimizerGrid(name).optional()]));
  return z
    .strictObject(shape)
    .refine((chosen) => Object.keys(chosen).length > 0, {
      error: 'name at least one optimizer',
      // One that is not known counts as named.
      when: ({ issues }) => issues.length === 0,
    })
    .transform((chosen) => chosen as Readonly<Record<string, OptimizerGrid>>);
}

function optimizerGrid(name: string): z.ZodType {
  let rule: ReturnType<typeof optimizerByName>['rule'];
  try {
    rule = optimizerByName(name).rule;
  } catch (error) {
    // Two packages have the name, which concerns only the experiments that use it.
    return z.custom(() => false, { error: (error as Error).message });
  }
  const shape: Record<string, z.ZodType> = {};
  for (const [option, { minimum, maximum, below }] of Object.entries(rule.hyperparameters)) {
    let value = z.number();
    if (minimum !== undefined) value = value.min(minimum);
    if (maximum !== undefined) value = value.max(maximum);
    if (below !== undefined) value = value.lt(below);
    shape[option] = grid(value).optional();
  }
  for (const [option, { default: usual, check }] of Object.entries(rule.settings ?? {})) {
    const value = valueLike(usual);
    if (value !== undefined) shape[option] = grid(checked(value, check)).optional();
  }
  return z.strictObject({
    ...shape,
    learningRate: grid(positive),
    weightDecay: grid(z.number().min(0)).optional(),
    clipGlobalNorm: grid(positive).optional(),
  });
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
