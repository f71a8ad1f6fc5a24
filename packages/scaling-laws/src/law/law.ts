import type { Chart } from '@steepest/charts';
import type { ScheduleDescription } from '@steepest/lr-schedules';
import type { Goodness } from '../fitting/goodness.ts';
import type { HoldOutOptions } from '../fitting/hold-out.ts';
import type { Extent } from '../fitting/numbers.ts';
import type { ColumnSpec } from '../table/columns.ts';
import type { Table } from '../table/table.ts';

/** A law that can be fitted on a table of training runs. The object is plain; what it returns holds the numbers. */
export interface Law<Fit extends LawFit = LawFit> {
  /** What users call it, such as `chinchilla`. */
  readonly name: string;
  readonly title: string;
  /** In plain text, in the symbols of its parameters. */
  readonly formula: string;
  /** Authors, year, arXiv id. */
  readonly source: string;
  /** The columns it reads from a table. */
  readonly columns: readonly ColumnSpec[];
  /** Which rows it wants of recorded runs, as `readTable` calls them: one a run (the default), or their curves. */
  readonly points?: 'final' | 'validation' | 'training' | undefined;
  /** Which of them it wants: those that finished (the default), or all, with those that diverged. */
  readonly status?: 'finished' | 'all' | undefined;
  /** Settings, such as the learning rate, in which runs may differ where its own columns do not. */
  readonly mayDiffer?: readonly string[] | undefined;
  /** Options of its own, in addition to those of {@link LawOptions}. */
  readonly options: readonly LawOptionSpec[];
  /** What `predict` takes. */
  readonly queries: readonly QuerySpec[];
  /** What `suggest` takes; left out where a fit suggests nothing. */
  readonly suggestions?: readonly QuerySpec[] | undefined;
  /**
   * Fits the law.
   *
   * @throws Error when an option is unknown, or the data cannot be used; the message says why
   */
  fit(table: Table, options?: LawOptions): Fit;
  /**
   * A fit again from what its `toJSON` gave.
   *
   * @throws Error when the value is not a saved fit of this law
   */
  restore(json: unknown): Fit;
}

/** Options that every law takes. */
export type CommonLawOptions = {
  /** Column of the table that holds a column of the law, where the name differs: `{ parameters: 'n_non_embedding' }`. */
  readonly columns?: Readonly<Record<string, string>> | undefined;
  /** Resamples for the confidence intervals; 0 for none. */
  readonly bootstrap?: number | undefined;
  /** Seed of the resamples; by default 0. */
  readonly seed?: number | undefined;
  /** Share of the resamples inside an interval; by default 0.95. */
  readonly confidence?: number | undefined;
  /** Rows of most compute to keep out of the fit and test it on. */
  readonly holdOut?: HoldOutOptions | undefined;
  /** Settings of which only the best counts, such as `learningRate`: of runs alike otherwise, those of lowest mean loss. */
  readonly bestOf?: readonly string[] | undefined;
  /** Settings that may be mixed, such as `optimizer`, where a law would be refused for it. */
  readonly mix?: readonly string[] | undefined;
};

/** Options that every law takes, and those of one law by name. */
export interface LawOptions extends CommonLawOptions {
  readonly [option: string]: unknown;
}

/** The names of the options that every law takes. */
export const commonOptions: readonly string[] = [
  ...['columns', 'bootstrap', 'seed', 'confidence', 'holdOut', 'bestOf', 'mix'],
];

/** An option of one law. */
export interface LawOptionSpec {
  readonly name: string;
  readonly meaning: string;
  readonly default?: number | string | boolean | undefined;
  /** The values it can have, where they are few. */
  readonly choices?: readonly string[] | undefined;
}

/** A number that a question to a law is asked with. */
export interface QuerySpec {
  readonly name: string;
  readonly meaning: string;
  /** By default true. */
  readonly required?: boolean | undefined;
  /** Whether it is a count, such as of steps, which a law goes through one by one; by default false. */
  readonly whole?: boolean | undefined;
}

/** A law fitted on data. */
export interface LawFit {
  /** Name of the law. */
  readonly law: string;
  readonly parameters: readonly Estimate[];
  /** Value of what was minimized. */
  readonly objective: number;
  /** On the rows fitted on. */
  readonly goodness: Goodness;
  /** On rows kept out of the fit: those of most compute, or whole runs, where no compute is said. */
  readonly holdOut?: HeldOutGoodness | undefined;
  /** What the data cannot identify, and whatever else a reader must know. */
  readonly warnings: readonly string[];
  /** @throws Error when the query has an unknown or missing name, or a number out of range */
  predict(query: Readonly<Record<string, number>>): Prediction;
  /** @throws Error when the query is wrong, or the law suggests nothing */
  suggest(query: Readonly<Record<string, number>>): Suggestion;
  /** Plain data of the charts a report draws. */
  readonly charts: readonly LawChart[];
  /** Everything `restore` needs, as JSON. */
  toJSON(): object;
}

/** One fitted parameter. */
export interface Estimate {
  readonly name: string;
  readonly value: number;
  readonly meaning: string;
  /** Bootstrap interval, and standard deviation over the resamples. */
  readonly interval?: (Extent & { readonly standardError: number }) | undefined;
}

/** How the fit does on rows of more compute than it saw. */
export interface HeldOutGoodness extends Goodness {
  /** What was predicted; by default the loss. */
  readonly quantity?: string | undefined;
  /** Largest compute fitted on, in FLOPs; left out, as the next two are, where whole runs were held out by name. */
  readonly largestFitted?: number | undefined;
  /** Compute of the held-out rows, in FLOPs. */
  readonly smallestHeldOut?: number | undefined;
  readonly largestHeldOut?: number | undefined;
}

/** A predicted number. */
export interface PredictedValue {
  readonly name: string;
  readonly value: number;
  /** `nats/token`, `tokens`, `parameters`; empty for a plain number. */
  readonly unit: string;
  readonly low?: number | undefined;
  readonly high?: number | undefined;
}

/** What a fit predicts, the asked quantity first. */
export interface Prediction {
  readonly values: readonly PredictedValue[];
  /** Such as how far outside the data the query lies. */
  readonly warnings: readonly string[];
}

/** What a fit says to do. */
export interface Suggestion {
  /** The settings to use. */
  readonly settings: readonly PredictedValue[];
  /** What the fit expects of them. */
  readonly expected: readonly PredictedValue[];
  /** One sentence saying by what rule they were found. */
  readonly reason: string;
  /** The learning rate of every step, for `scheduleFromDescription` of `@steepest/lr-schedules`. */
  readonly schedule?: ScheduleDescription | undefined;
  readonly warnings: readonly string[];
}

/** A chart of a fit as plain data. */
export interface LawChart extends Chart {
  readonly kind: 'fit' | 'residuals' | 'extrapolation';
}
