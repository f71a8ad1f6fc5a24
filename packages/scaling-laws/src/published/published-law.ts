import type { Conventions } from '../law/conventions.ts';
import type { PredictedValue, Prediction, QuerySpec, Suggestion } from '../law/law.ts';
import { checkQuery } from '../law/question.ts';

/** What laws of settings predict. */
export const settingOutputs = {
  learningRate: 'peak learning rate of AdamW',
  batchTokens: 'tokens per step',
};

/** What laws of the loss predict. */
export const lossOutput = 'nats per token, on the text and the tokenizer of the source';

/** One quantity that a published law takes, with the range of the runs it was fitted on. */
export interface PublishedInput {
  /** What it is, how it is counted, and its unit. */
  readonly meaning: string;
  readonly low: number;
  readonly high: number;
}

/** A law with its authors' constants, which answers as a fit does. */
export interface PublishedLaw {
  readonly name: string;
  readonly title: string;
  readonly formula: string;
  /** Authors, year, arXiv id, and where in the paper. */
  readonly source: string;
  /** Where the ranges of the inputs are stated. */
  readonly rangeSource: string;
  /** What it takes, each with the range of the runs behind it. */
  readonly queries: readonly (QuerySpec & PublishedInput)[];
  /** The same where it gives settings; left out where it predicts a loss alone. */
  readonly suggestions?: PublishedLaw['queries'] | undefined;
  /** How it counts quantities that others count differently, by name. */
  readonly conventions: Conventions;
  /** What each number means that it predicts, by name. */
  readonly outputs: Readonly<Record<string, string>>;
  /**
   * Predicts, and says so where it is asked outside of its range.
   *
   * @param query a number for each input
   * @throws Error naming an input that is missing, unknown or not a positive number
   */
  predict(query: Readonly<Record<string, number>>): Prediction;
  /**
   * The settings that it predicts, with the loss it expects of them where it predicts that too.
   *
   * @throws Error when the query is wrong, or it predicts a loss alone
   */
  suggest(query: Readonly<Record<string, number>>): Suggestion;
}

const units: Readonly<Record<string, string>> = {
  ...{ learningRate: '', batchTokens: 'tokens' },
  ...{ parameters: 'parameters', tokens: 'tokens', loss: 'nats/token' },
};

/** A loss is what comes of the settings, not one of them. */
const isSetting = ({ name }: Pick<PredictedValue, 'name'>) => name !== 'loss';

/** Makes a law of its description and its formula. */
export function publishedLaw<Input extends string>(
  {
    inputs,
    ...law
  }: Omit<PublishedLaw, 'predict' | 'suggest' | 'queries' | 'suggestions'> & {
    readonly inputs: Readonly<Record<Input, PublishedInput>>;
  },
  evaluate: (query: Readonly<Record<Input, number>>) => Readonly<Record<string, number>>,
): PublishedLaw {
  const queries = Object.entries<PublishedInput>(inputs).map(([name, input]) => ({ name, ...input }));
  const predict = (query: Readonly<Record<string, number>>): Prediction => {
    checkQuery(law.name, queries, query);
    const numbers = Object.entries(evaluate(query as Readonly<Record<Input, number>>));
    return {
      values: numbers.map(([name, value]) => ({ name, value, unit: units[name]! })),
      warnings: queries.flatMap(({ name, low, high }) => {
        const value = query[name]!;
        return value >= low && value <= high ? [] : [outside(law.title, name, value, low, high)];
      }),
    };
  };
  const suggests = Object.keys(law.outputs).some((name) => isSetting({ name }));
  return {
    ...law,
    queries,
    ...(suggests ? { suggestions: queries } : {}),
    predict,
    suggest(query) {
      if (!suggests) throw new Error(`${law.name}: suggests nothing; ask it with predict`);
      const { values, warnings } = predict(query);
      return {
        settings: values.filter(isSetting),
        expected: values.filter((value) => !isSetting(value)),
        reason: `${law.title} (${law.source})`,
        warnings,
      };
    },
  };
}

function outside(title: string, input: string, value: number, low: number, high: number): string {
  const [factor, side, end] = value < low ? [low / value, 'below', low] : [value / high, 'above', high];
  return (
    `${input} ${value.toPrecision(3)} is ${factor.toPrecision(2)} times ${side} ${end.toPrecision(3)}, ` +
    `where the runs behind ${title} end`
  );
}
