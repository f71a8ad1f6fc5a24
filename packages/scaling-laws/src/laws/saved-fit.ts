import * as z from 'zod/mini';
import { describeValue } from '../options.ts';
import { printable } from '../printable.ts';

/** A finite number above 0. */
export const positive = z.number().check(z.positive());
/** A number that says nothing where JSON has none for it: not a number, or infinite. */
const loose = z.custom<number | null>((value) => typeof value === 'number' || value === null);
const confidence = z.number().check(z.gt(0), z.lt(1));
const warnings = z.array(z.string());

/** At least one of something. */
export function some<T extends z.core.$ZodType>(entry: T) {
  return z.array(entry).check(z.minLength(1));
}

/** An object of finite numbers under these names. */
export function numbers<Name extends string>(...names: readonly Name[]) {
  return z.looseObject(
    Object.fromEntries(names.map((name) => [name, z.number()])) as Record<Name, z.ZodMiniNumber>,
  );
}

/** What every saved fit has, and its own parts. */
export function savedFit(parts: Readonly<Record<string, z.core.$ZodType>>) {
  return z.looseObject({ confidence, warnings, ...parts });
}

const settings = z.looseObject({ learningRate: positive, batchTokens: positive });
const settled = z.looseObject({ ...settings.shape, loss: positive });
const byName = z.record(z.string(), z.number());
const settingLaw = z.looseObject({
  coefficient: positive,
  covariance: z.array(z.array(loose)),
  r2: loose,
  degreesOfFreedom: z.int().check(z.gte(0)),
  exponents: byName,
  logScatter: z.number(),
  cells: z.number(),
  intervals: z.record(z.string(), numbers('low', 'median', 'high', 'standardError')),
  resamples: z.array(z.looseObject({ logCoefficient: z.number(), exponents: byName })),
});
const cells = z.looseObject({
  parameters: positive,
  tokens: positive,
  runs: z.number(),
  best: settled,
  surface: z.optional(
    z.looseObject({
      varied: z.array(z.enum(['learningRate', 'batchTokens'])),
      runs: z.number(),
      optimum: settled,
      hessian: z.array(z.array(z.number())),
      logStandardErrors: z.record(z.string(), loose),
      edges: z.record(z.string(), z.enum(['lowest', 'highest'])),
      noise: z.number(),
    }),
  ),
  atLaw: z.looseObject({ run: settled, excess: z.number(), distance: z.number() }),
});
export const learningRateBatchSizeRecord = savedFit({
  laws: z.looseObject({ learningRate: z.optional(settingLaw), batchTokens: z.optional(settingLaw) }),
  cells: some(cells),
  heldOut: z.array(cells),
});

const suConstants = numbers('Nc', 'alphaN', 'Sc', 'alphaS', 'Bstar', 'alphaB');
const suRow = z.looseObject({ parameters: positive, steps: positive, batchTokens: positive, loss: positive });
export const suRecord = savedFit({
  constants: suConstants,
  separate: z.looseObject({ constants: suConstants, batch: numbers('Bstar', 'alphaB') }),
  objective: z.number(),
  samples: z.array(suConstants),
  fitted: some(suRow),
  heldOut: z.array(suRow),
});

const shapeLaw = numbers('shape', 'a', 'b', 'c', 'd');
const shapeRow = z.looseObject({ shape: positive, flops: positive, loss: positive });
export const adaptiveShapesRecord = savedFit({
  floor: z.enum(['own', 'shared']),
  laws: some(shapeLaw),
  objective: z.number(),
  samples: z.array(some(shapeLaw)),
  fitted: some(shapeRow),
  heldOut: z.array(shapeRow),
});

const goodness = z.looseObject({
  ...numbers('points', 'meanAbsoluteError', 'rootMeanSquareLogError', 'worstRelativeError').shape,
  r2: loose,
});

/** The record of a law of curves with constants of these names. */
export function curveRecord(names: readonly string[]) {
  const constants = numbers(...names);
  const points = z.array(z.number());
  return savedFit({
    constants,
    samples: z.array(constants),
    objective: z.number(),
    goodness,
    heldOut: z.nullable(goodness),
    peaks: z.looseObject({ from: positive, to: positive }),
    curves: some(
      z.looseObject({
        name: z.string(),
        steps: some(positive),
        losses: points,
        predicted: points,
        heldOut: z.boolean(),
      }),
    ),
  });
}

const sweepConstants = z.looseObject({
  convergence: numbers('E', 'F', 'A', 'alpha', 'V', 'b', 'c', 'edge', 'epsilon', 'N0', 'B0'),
  escape: numbers('h', 'p', 'q', 'n', 'lr0', 'N0'),
  adaptationSteps: positive,
});
const sweepRun = z.looseObject({
  ...{ parameters: positive, tokens: positive, steps: positive, peak: positive },
  ...{ loss: z.number(), divergence: z.number(), measured: z.nullable(positive) },
});
export const sweepRecord = savedFit({
  constants: sweepConstants,
  samples: z.array(sweepConstants),
  objective: z.number(),
  fitted: some(sweepRun),
  heldOut: z.array(sweepRun),
});

/**
 * Checks that a value is a fit that a law saved, whole and undamaged.
 *
 * @throws Error when it is not, or was saved by another law or a later version; the message names what is wrong with it
 */
export function checkSaved(law: string, version: number, json: unknown, record: z.core.$ZodType): void {
  const saved = json as { law?: unknown; version?: unknown } | null | undefined;
  if (typeof saved !== 'object' || saved === null || saved.law !== law) {
    const got = typeof saved === 'object' && saved !== null ? describeValue(saved.law) : describeValue(saved);
    throw new Error(`${law}: this is not a saved fit of ${law}: its law is ${got}`);
  }
  if (saved.version !== version) {
    throw new Error(
      `${law}: the fit was saved in format ${describeValue(saved.version)}, this version reads ${version}`,
    );
  }
  const { error } = z.safeParse(record, json);
  if (error === undefined) return;
  const [first] = error.issues;
  const place = (first?.path ?? []).map(String).join('.');
  const wanted =
    first?.code === 'invalid_type' ? `must be a ${first.expected}` : `is not what a fit has there`;
  throw new Error(
    `${law}: the saved fit is damaged: ${printable(place)} ${wanted}, got ${describeValue(at(json, first?.path ?? []))}`,
  );
}

function at(json: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], json);
}
