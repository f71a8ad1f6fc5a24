import { stat } from 'node:fs/promises';
import {
  findLaw,
  findPublishedLaw,
  type Law,
  type LawFit,
  laws,
  publishedLaws,
} from '@steepest/scaling-laws';
import { readFit } from '@steepest/scaling-laws/node';
import { UsageError } from '../frame.ts';

/** A law that questions go to: a saved fit, or a published one. */
export interface AskedLaw
  extends Pick<Law, 'name' | 'queries' | 'suggestions'>,
    Pick<LawFit, 'predict' | 'suggest'> {
  /** How it counts quantities that laws count differently, by name; a fit counts them as the runs that it was made on. */
  readonly conventions: Readonly<Record<string, string | undefined>>;
}

/** @throws UsageError with the nearest name when there is no law of that name */
export function fittableLaw(name: string): Law {
  return usage(() => findLaw(name));
}

/**
 * The law behind an argument: the file of a saved fit, the folder that it was saved in, or the name of a published law.
 *
 * @throws UsageError when there is neither
 */
export async function askedLaw(argument: string): Promise<AskedLaw> {
  const published = publishedLaws.find(({ name }) => name === argument);
  const found = await stat(argument).catch(() => undefined);
  if (found) return savedLaw(argument);
  if (published) return published;
  if (/[./\\]/.test(argument)) throw new UsageError(`${argument}: there is no such file or folder`);
  if (laws.some(({ name }) => name === argument)) {
    throw new UsageError(
      `${argument} has no published constants here: fit it first, with --out <folder>, and give that folder`,
    );
  }
  return usage(() => findPublishedLaw(argument));
}

async function savedLaw(path: string): Promise<AskedLaw> {
  const fit = await readFit(path);
  const { name, queries, suggestions } = findLaw(fit.law);
  return {
    ...{ name, queries, suggestions, conventions: {} },
    predict: (query) => fit.predict(query),
    suggest: (query) => fit.suggest(query),
  };
}

function usage<T>(find: () => T): T {
  try {
    return find();
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
