import type { Conventions } from '../law/conventions.ts';
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

/** What a published law says of a query. */
export interface PublishedPrediction {
  /** By the name of the quantity. */
  readonly values: Readonly<Record<string, number>>;
  /** One sentence for each input outside of the range that the law was fitted on; empty inside. */
  readonly warnings: readonly string[];
}

/** A law with its authors' constants. */
export interface PublishedLaw {
  readonly name: string;
  readonly title: string;
  readonly formula: string;
  /** Authors, year, arXiv id, and where in the paper. */
  readonly source: string;
  /** Where the ranges of the inputs are stated. */
  readonly rangeSource: string;
  readonly inputs: Readonly<Record<string, PublishedInput>>;
  /** How it counts quantities that others count differently, by name. */
  readonly conventions: Conventions;
  /** What it predicts, by name, with the unit. */
  readonly outputs: Readonly<Record<string, string>>;
  /**
   * Predicts, and says so where it is asked outside of its range.
   *
   * @param query a number for each input
   * @throws Error naming an input that is missing, unknown or not a positive number
   */
  predict(query: Readonly<Record<string, number>>): PublishedPrediction;
}

/** Makes a law of its description and its formula. */
export function publishedLaw<Input extends string>(
  law: Omit<PublishedLaw, 'predict' | 'inputs'> & { readonly inputs: Record<Input, PublishedInput> },
  evaluate: (query: Readonly<Record<Input, number>>) => Readonly<Record<string, number>>,
): PublishedLaw {
  const inputs = Object.entries<PublishedInput>(law.inputs);
  const specs = inputs.map(([name, { meaning }]) => ({ name, meaning }));
  return {
    ...law,
    predict(query) {
      checkQuery(law.name, specs, query);
      const warnings = inputs.flatMap(([input, { low, high }]) => {
        const value = query[input]!;
        return value >= low && value <= high ? [] : [outside(law.title, input, value, low, high)];
      });
      return { values: evaluate(query as Readonly<Record<Input, number>>), warnings };
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
