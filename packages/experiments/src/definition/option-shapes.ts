import { optimizerByName } from '@steepest/registry';
import { z } from 'zod';

/** A value that an experiment can give to an option of an optimizer. */
export type SettingValue = number | string | boolean;
/** Options of an optimizer, each one value or the list of values its grid takes. */
export type OptionGrid = Readonly<Record<string, SettingValue | readonly SettingValue[] | undefined>>;

export const positive = z.number().positive();
const decayModes = ['decoupled', 'independent', 'fixed', 'l2'] as const;

const stateFormats = ['float32', 'bfloat16', '8bit'] as const;

/** Weight decay, as an optimizer, a member of a hybrid and a group may have it. */
export const decayShape = {
  weightDecay: z.number().min(0).describe('Decay of the parameters; 0 by default'),
  weightDecayMode: z
    .enum(decayModes)
    .describe(
      'What a step takes away: by default `independent` of the learning rate, as a share of the peak',
    ),
};

/** Largest norm of all gradients together; `false` leaves them as they are. */
const clipGlobalNorm = z
  .union([positive, z.literal(false)])
  .describe('Largest global norm of the gradients, 1 by default; `false` leaves them as they are');

/** An option's value, or the list of different values its grid takes. */
export function grid<T extends z.ZodType>(value: T) {
  return z.union([value, distinct(value)]);
}

/** A list of different values: a repeated one would be trained once and counted twice. */
export function distinct<T extends z.ZodType>(value: T) {
  return z
    .array(value)
    .min(1)
    .superRefine((values, context) => {
      const index = values.findIndex((one, place) => values.indexOf(one) < place);
      if (index < 0) return;
      const message = `repeats the value ${JSON.stringify(values[index])}`;
      context.addIssue({ code: 'custom', path: [index], message });
    });
}

/** The options as optional grids. */
export function grids(options: Readonly<Record<string, z.ZodType>>): Record<string, z.ZodType> {
  return mapped(options, (value) => described(grid(value).optional(), value));
}

/** The options as optional values. */
export function values(options: Readonly<Record<string, z.ZodType>>): Record<string, z.ZodType> {
  return mapped(options, (value) => value.optional());
}

function described(schema: z.ZodType, { description }: z.ZodType): z.ZodType {
  return description === undefined ? schema : schema.describe(description);
}

function mapped(
  options: Readonly<Record<string, z.ZodType>>,
  change: (value: z.ZodType) => z.ZodType,
): Record<string, z.ZodType> {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [name, change(value)]));
}

/** Options of all members of an optimizer together, beside its weight decay. */
export function engineShape(optimizers: readonly string[]): Record<string, z.ZodType> {
  return {
    clipGlobalNorm,
    ...(optimizers.some(needsRefresh)
      ? { refreshEvery: z.int().positive().describe('Steps from one refresh of the curvature to the next') }
      : {}),
  };
}

/** Whether an optimizer estimates curvature, which the trainer refreshes every so many steps. */
export function needsRefresh(name: string): boolean {
  try {
    return optimizerByName(name).rule.refresh !== undefined;
  } catch {
    // A name of two packages, which the entry that has it reports.
    return false;
  }
}

/** The options of a rule but the learning rate, and the format of its state, with their ranges, or why there are none. */
export function optionShape(name: string): Record<string, z.ZodType> | string {
  let rule: ReturnType<typeof optimizerByName>['rule'];
  try {
    rule = optimizerByName(name).rule;
  } catch (error) {
    // Two packages have the name, which concerns only the experiments that use it.
    return (error as Error).message;
  }
  const shape: Record<string, z.ZodType> = {};
  for (const [option, spec] of Object.entries(rule.hyperparameters)) {
    const { minimum, maximum, below } = spec;
    if (option === 'learningRate') continue;
    let value = z.number();
    if (minimum !== undefined) value = value.min(minimum);
    if (maximum !== undefined) value = value.max(maximum);
    if (below !== undefined) value = value.lt(below);
    shape[option] = value.describe(spec.description);
  }
  for (const [option, { default: usual, description, check }] of Object.entries(rule.settings ?? {})) {
    const value = valueLike(usual);
    if (value !== undefined) shape[option] = checked(value, check).describe(description);
  }
  shape.stateFormat = z.enum(stateFormats).describe('How state is kept; `float32` by default');
  shape.stateMinimumSize = z
    .int()
    .positive()
    .describe('Parameters of fewer elements keep their state in float32; 4096 by default');
  if (rule.refresh !== undefined && 'batchTokens' in shape) {
    shape.batchTokens = z.custom((value) => value === 1, {
      error: "must be left out: the trainer's curvature estimate counts the tokens of its batch itself",
    });
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
