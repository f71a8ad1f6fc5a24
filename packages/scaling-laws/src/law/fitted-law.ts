import { type Interval, intervalOf } from '../fitting/bootstrap.ts';
import { type Goodness, goodnessOf } from '../fitting/goodness.ts';
import { rangeOf } from '../fitting/numbers.ts';
import { outsideRange } from './fit-warnings.ts';
import type {
  Estimate,
  HeldOutGoodness,
  LawChart,
  LawFit,
  PredictedValue,
  Prediction,
  Suggestion,
} from './law.ts';
import { checkQuery, type Question } from './question.ts';
import type { FitRecord } from './saved-fit.ts';

/** A number that the constants of a law give: a constant itself, or what follows from several. */
export interface EstimateSpec<Constants> {
  readonly name: string;
  readonly meaning: string;
  of(constants: Constants): number;
  /** Whether it is known by its log only, as coefficients of power laws are. */
  readonly logarithmic?: boolean | undefined;
}

/** Numbers that users know by the names they have among the constants. */
export function namedEstimates<Name extends string, Constants>(
  meanings: Readonly<Record<Name, string>>,
  of: (constants: Constants) => Readonly<Record<NoInfer<Name>, number>>,
): EstimateSpec<Constants>[] {
  return (Object.entries(meanings) as [Name, string][]).map(([name, meaning]) => ({
    ...{ name, meaning },
    of: (constants) => of(constants)[name],
  }));
}

/** A measured number and what a fit predicts for it. */
export interface Measurement {
  readonly observed: number;
  readonly predicted: number;
  /** Where a chart of residuals draws it, such as the compute. */
  readonly at: number;
  /** Series of such a chart that it is of. */
  readonly group?: string | undefined;
}

/** What a law says about its fits. */
export interface FitDescription<Constants, Unit, Details> {
  readonly name: string;
  /** The numbers that users know it by. */
  estimates(constants: Constants): readonly EstimateSpec<Constants>[];
  /** What was measured of a unit, such as a run, and what the constants say of it. */
  measured(unit: Unit, constants: Constants): readonly Measurement[];
  /** FLOPs of a unit; left out where units are held out by name. */
  readonly compute?: ((unit: Unit) => number) | undefined;
  /** What was measured; by default the loss. */
  readonly quantity?: string | undefined;
  readonly predict: Question<FittedLaw<Constants, Unit, Details>, Prediction>;
  readonly suggest?: Question<FittedLaw<Constants, Unit, Details>, Suggestion> | undefined;
  charts(fit: FittedLaw<Constants, Unit, Details>): readonly LawChart[];
}

/** A law fitted on data: its constants with intervals, how well they fit, and answers to questions. */
export class FittedLaw<Constants, Unit, Details = undefined> implements LawFit {
  readonly law: string;
  readonly constants: Constants;
  readonly parameters: readonly Estimate[];
  readonly objective: number;
  readonly goodness: Goodness;
  readonly holdOut?: HeldOutGoodness | undefined;
  readonly warnings: readonly string[];
  /** Constants of the resamples. */
  readonly samples: readonly Constants[];
  /** What was fitted on, such as runs. */
  readonly fitted: readonly Unit[];
  /** What was kept out of the fit. */
  readonly heldOut: readonly Unit[];
  /** What the law keeps of its own. */
  readonly details: Details;
  readonly #description: FitDescription<Constants, Unit, Details>;
  readonly #record: FitRecord<Constants, Unit, Details>;

  constructor(
    description: FitDescription<Constants, Unit, Details>,
    record: FitRecord<Constants, Unit, Details>,
  ) {
    this.#description = description;
    this.#record = record;
    this.law = record.law;
    this.constants = record.constants;
    this.objective = record.objective;
    this.warnings = record.warnings;
    this.samples = record.samples;
    this.fitted = record.fitted;
    this.heldOut = record.heldOut;
    this.details = record.details;
    this.parameters = description.estimates(this.constants).map(({ name, meaning, of, logarithmic }) => {
      const interval = logarithmic ? this.#intervalOfLog(of) : this.interval(of);
      return { name, value: of(this.constants), meaning, interval };
    });
    this.goodness = goodness(this.measured('fitted'));
    const heldOut = this.measured('heldOut');
    if (heldOut.length > 0) this.holdOut = { ...goodness(heldOut), ...this.#heldOutRange() };
  }

  predict(query: Readonly<Record<string, number>>): Prediction {
    const { predict } = this.#description;
    checkQuery(this.law, predict.specs, query);
    return predict.answer(query, this);
  }

  suggest(query: Readonly<Record<string, number>>): Suggestion {
    const { suggest } = this.#description;
    if (suggest === undefined) throw new Error(`${this.law}: suggests nothing; ask it with predict`);
    checkQuery(this.law, suggest.specs, query);
    return suggest.answer(query, this);
  }

  get charts(): readonly LawChart[] {
    return this.#description.charts(this);
  }

  toJSON(): FitRecord<Constants, Unit, Details> {
    return this.#record;
  }

  /**
   * The interval of a number that follows from the constants, over the resamples; `undefined` without any. A resample for
   * which `of` throws, such as one that never reaches a loss, counts as infinite; one for which it is `NaN` is left out.
   */
  interval(of: (constants: Constants) => number): Interval | undefined {
    const values = this.samples
      .map((constants) => {
        try {
          return of(constants);
        } catch {
          return Number.POSITIVE_INFINITY;
        }
      })
      .filter((value) => !Number.isNaN(value));
    return values.length > 1 ? intervalOf(values, this.#record.confidence) : undefined;
  }

  /** An interval whose quantiles lie between resamples as their logs do, for a constant that spans orders of magnitude. */
  #intervalOfLog(of: (constants: Constants) => number): Interval | undefined {
    const logs = this.interval((constants) => Math.log(of(constants)));
    if (logs === undefined) return undefined;
    const [low, median, high] = [Math.exp(logs.low), Math.exp(logs.median), Math.exp(logs.high)];
    return { low, median, high, standardError: of(this.constants) * logs.standardError };
  }

  /** A number that follows from the constants, with its interval. */
  value(name: string, unit: string, of: (constants: Constants) => number): PredictedValue {
    const interval = this.interval(of);
    return { name, unit, value: of(this.constants), low: interval?.low, high: interval?.high };
  }

  /** Measured and predicted numbers of what was fitted on, or held out. */
  measured(side: 'fitted' | 'heldOut'): readonly Measurement[] {
    return this[side].flatMap((unit) => this.#description.measured(unit, this.constants));
  }

  /** A warning for each number that lies outside the range of what was fitted on. */
  outside(asked: Readonly<Record<string, number | undefined>>): string[] {
    return Object.entries(asked).flatMap(([name, value]) => {
      if (value === undefined) return [];
      const values = this.fitted.map((unit) => (unit as Record<string, number>)[name]!);
      return outsideRange(name, value, rangeOf(values));
    });
  }

  #heldOutRange(): Omit<HeldOutGoodness, keyof Goodness> {
    const { compute, quantity } = this.#description;
    if (compute === undefined) return { quantity };
    const { low, high } = rangeOf(this.heldOut.map(compute));
    const largestFitted = rangeOf(this.fitted.map(compute)).high;
    return { quantity, largestFitted, smallestHeldOut: low, largestHeldOut: high };
  }
}

function goodness(measured: readonly Measurement[]): Goodness {
  return goodnessOf(
    measured.map(({ observed }) => observed),
    measured.map(({ predicted }) => predicted),
  );
}
