import type { Law, LawFit, PredictedValue, Prediction, QuerySpec } from '../law/law.ts';
import { checkQuery } from '../law/question.ts';

/** How a law counts quantities that laws count differently: numbers of another convention are of another unit. */
type Conventions = {
  readonly parameters?:
    | 'with embeddings'
    | 'without embeddings'
    | 'with the last layer and without the embedding';
  /** Text and tokenizer on which it was measured. */
  readonly loss?: string;
  readonly flops?: string;
};

/**
 * A number of parameters counted another way.
 *
 * @param embeddings parameters of the embeddings: the difference between a count with and one without them
 * @returns `undefined` where the embeddings alone do not tell the difference
 */
export function convertParameters(
  value: number,
  from: string | undefined,
  to: string | undefined,
  embeddings: number,
): number | undefined {
  if (from === to) return value;
  if (from === 'with embeddings' && to === 'without embeddings' && embeddings < value)
    return value - embeddings;
  if (from === 'without embeddings' && to === 'with embeddings') return value + embeddings;
  return undefined;
}

/** One quantity that a published law takes: what it is, how it is counted, and the range of the runs it was fitted on. */
interface PublishedInput extends Pick<QuerySpec, 'meaning'> {
  readonly low: number;
  readonly high: number;
}

/** A law with its authors' constants, which answers as a fit does, and warns outside the range of the runs behind it. */
export interface PublishedLaw
  extends Pick<Law, 'name' | 'title' | 'formula' | 'source'>,
    Pick<LawFit, 'predict' | 'suggest'> {
  /** Where the ranges of the inputs are stated. */
  readonly rangeSource: string;
  /** What it takes, each with the range of the runs behind it. */
  readonly queries: readonly (QuerySpec & PublishedInput)[];
  /** The same where it gives settings; left out where it predicts a loss alone. */
  readonly suggestions?: PublishedLaw['queries'] | undefined;
  readonly conventions: Conventions;
  /** What each number means that it predicts, by name. */
  readonly outputs: Readonly<Record<string, string>>;
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
        if (value >= low && value <= high) return [];
        const [factor, side, end] = value < low ? [low / value, 'below', low] : [value / high, 'above', high];
        return [
          `${name} ${value.toPrecision(3)} is ${factor.toPrecision(2)} times ${side} ${end.toPrecision(3)}, ` +
            `where the runs behind ${law.title} end`,
        ];
      }),
    };
  };
  const suggestions = Object.keys(law.outputs).some((name) => isSetting({ name })) ? queries : undefined;
  return {
    ...law,
    ...{ queries, suggestions, predict },
    suggest(query) {
      if (suggestions === undefined) throw new Error(`${law.name}: suggests nothing; ask it with predict`);
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
