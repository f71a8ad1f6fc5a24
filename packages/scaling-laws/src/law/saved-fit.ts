import { printable } from '@steepest/run-files';
import * as z from 'zod/mini';
import { describeValue } from '../options.ts';

/** A finite number above 0. */
export const positiveNumber = z.number().check(z.positive());
/** A number that JSON has no form for where it is infinite or none. */
export const looseNumber = z.custom<number | null>((value) => typeof value === 'number' || value === null);

/** At least one of something. */
export function some<T extends z.core.$ZodType>(entry: T) {
  return z.array(entry).check(z.minLength(1));
}

/** An object of finite numbers under these names. */
export function numbers<Name extends string>(...names: readonly Name[]) {
  return objectOf(z.number(), names);
}

/** An object of positive numbers under these names. */
export function positiveNumbers<Name extends string>(...names: readonly Name[]) {
  return objectOf(positiveNumber, names);
}

function objectOf<Name extends string, T extends z.core.$ZodType>(entry: T, names: readonly Name[]) {
  return z.looseObject(Object.fromEntries(names.map((name) => [name, entry])) as Record<Name, T>);
}

/** What the parts of a law's saved fit must be. */
export interface SavedSchema {
  readonly constants: z.core.$ZodType;
  /** What was fitted on and held out, such as a run. */
  readonly unit: z.core.$ZodType;
  readonly details?: z.core.$ZodType | undefined;
}

/** Format of saved fits; a change of what they hold raises it. */
export const savedVersion = 2;

/** The saved form of a fit: everything that it is made of. */
export interface FitRecord<Constants, Unit, Details> {
  readonly law: string;
  readonly version: typeof savedVersion;
  readonly constants: Constants;
  /** Constants of the resamples. */
  readonly samples: readonly Constants[];
  readonly objective: number;
  readonly confidence: number;
  readonly warnings: readonly string[];
  readonly fitted: readonly Unit[];
  readonly heldOut: readonly Unit[];
  /** What a law keeps of its own. */
  readonly details: Details;
}

/**
 * A value that is a fit of a law, whole and undamaged.
 *
 * @throws Error when it is not, or was saved by another law or version; the message names what is wrong with it
 */
export function readSaved<Constants, Unit, Details>(
  law: string,
  schema: SavedSchema,
  json: unknown,
): FitRecord<Constants, Unit, Details> {
  const saved = json as { law?: unknown; version?: unknown } | null | undefined;
  if (typeof saved !== 'object' || saved === null || saved.law !== law) {
    const got = typeof saved === 'object' && saved !== null ? describeValue(saved.law) : describeValue(saved);
    throw new Error(`${law}: this is not a saved fit of ${law}: its law is ${got}`);
  }
  if (saved.version !== savedVersion) {
    throw new Error(
      `${law}: the fit was saved in format ${describeValue(saved.version)}, this version reads ${savedVersion}: fit it again`,
    );
  }
  const record = z.looseObject({
    ...{ constants: schema.constants, samples: z.array(schema.constants) },
    ...{ objective: z.number(), confidence: z.number().check(z.gt(0), z.lt(1)) },
    ...{ warnings: z.array(z.string()), fitted: some(schema.unit), heldOut: z.array(schema.unit) },
    ...(schema.details === undefined ? {} : { details: schema.details }),
  });
  const { error } = z.safeParse(record, json);
  if (error === undefined) return json as FitRecord<Constants, Unit, Details>;
  const [first] = error.issues;
  const path = first?.path ?? [];
  const wanted =
    first?.code === 'invalid_type' ? `must be a ${first.expected}` : 'is not what a fit has there';
  const got = path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
    json,
  );
  throw new Error(
    `${law}: the saved fit is damaged: ${printable(path.map(String).join('.'))} ${wanted}, got ${describeValue(got)}`,
  );
}
