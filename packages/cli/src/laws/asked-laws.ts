import { stat } from 'node:fs/promises';
import {
  findLaw,
  findPublishedLaw,
  type Law,
  laws,
  type PredictedValue,
  type PublishedLaw,
  publishedLaws,
  type QuerySpec,
  type Suggestion,
} from '@steepest/scaling-laws';
import { readFit } from '@steepest/scaling-laws/node';
import { UsageError } from '../frame.ts';

/** A law that questions go to: a saved fit, or a published one. */
export interface AskedLaw {
  /** As an answer names it. */
  readonly name: string;
  readonly title: string;
  readonly predictions: readonly QuerySpec[];
  /** How it counts quantities that laws count differently, by name; a fit counts them as the runs that it was made on. */
  readonly conventions: Readonly<Record<string, string>>;
  /** Left out where the law suggests nothing. */
  readonly suggestions?: readonly QuerySpec[] | undefined;
  predict(query: Readonly<Record<string, number>>): Omit<Suggestion, 'reason'>;
  suggest(query: Readonly<Record<string, number>>): Suggestion;
}

/** @throws UsageError with the nearest name when no law is called so */
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
  if (published) return publishedAnswers(published);
  if (/[./\\]/.test(argument)) throw new UsageError(`${argument}: there is no such file or folder`);
  if (laws.some(({ name }) => name === argument)) {
    throw new UsageError(
      `${argument} has no published constants here: fit it first, with --out <folder>, and give that folder`,
    );
  }
  return publishedAnswers(usage(() => findPublishedLaw(argument)));
}

async function savedLaw(path: string): Promise<AskedLaw> {
  const fit = await readFit(path);
  const law = findLaw(fit.law);
  return {
    name: law.name,
    title: law.title,
    predictions: law.queries,
    conventions: {},
    ...(law.suggestions ? { suggestions: law.suggestions } : {}),
    predict: (query) => {
      const { values, warnings } = fit.predict(query);
      return { settings: values, expected: [], warnings };
    },
    suggest: (query) => fit.suggest(query),
  };
}

function publishedAnswers(law: PublishedLaw): AskedLaw {
  // The compute is called alike in all questions.
  const asked = (input: string) => (input === 'compute' ? 'flops' : input);
  const inputs = Object.entries(law.inputs);
  const queries = inputs.map(([input, { meaning }]) => ({ name: asked(input), meaning }));
  const predict = (query: Readonly<Record<string, number>>) => {
    const { values, warnings } = law.predict(
      Object.fromEntries(inputs.map(([input]) => [input, query[asked(input)]!])),
    );
    const named = Object.entries(values).map(
      ([name, value]): PredictedValue => ({ name, value, unit: unitOf(name) }),
    );
    // A loss is what comes of the settings, not one of them.
    const [settings, expected] = [named.filter(isSetting), named.filter((own) => !isSetting(own))];
    return { settings, expected, warnings };
  };
  const suggests = Object.keys(law.outputs).some((name) => isSetting({ name }));
  return {
    name: law.name,
    title: law.title,
    predictions: queries,
    conventions: Object.fromEntries(
      Object.entries(law.conventions).map(([name, convention]) => [asked(name), convention]),
    ),
    ...(suggests ? { suggestions: queries } : {}),
    predict,
    suggest: (query) => ({ ...predict(query), reason: `${law.title} (${law.source})` }),
  };
}

function isSetting({ name }: Pick<PredictedValue, 'name'>): boolean {
  return name !== 'loss';
}

function unitOf(name: string): string {
  return (
    { batchTokens: 'tokens', loss: 'nats/token', parameters: 'parameters', tokens: 'tokens' }[name] ?? ''
  );
}

function usage<T>(find: () => T): T {
  try {
    return find();
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
