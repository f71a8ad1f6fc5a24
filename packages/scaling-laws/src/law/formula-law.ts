import { resample } from '../fitting/bootstrap.ts';
import type { LogPrediction } from '../fitting/log-huber.ts';
import { axes, predictedAgainstMeasured, residuals } from './chart-parts.ts';
import type { FitContext, Found } from './define-law.ts';
import { Dual, differentiated } from './dual.ts';
import { countWarning, rangeWarning } from './fit-warnings.ts';
import { type EstimateSpec, type FittedLaw, namedEstimates } from './fitted-law.ts';
import type { LawChart } from './law.ts';
import { nonNegative, type OptionValues, positive, whole } from './option-specs.ts';
import { question } from './question.ts';
import { numbers, positiveNumbers } from './saved-fit.ts';
import { type SearchedConstant, searchLaw } from './search.ts';

/** One constant of a formula. */
export interface ConstantSpec extends SearchedConstant {
  readonly meaning: string;
}

type Constants<Name extends string> = Readonly<Record<Name, number>>;

/** How the loss of a run follows from the constants. */
export type Formula<Name extends string, Row> =
  /** In numbers that carry their derivatives, so that these need not be written. */
  ((constants: Readonly<Record<Name, Dual>>, row: Row) => Dual) | FormulaByHand<Name, Row>;

/** A formula with its derivatives by hand, where speed counts. */
export interface FormulaByHand<Name extends string, Row> {
  loss(constants: Constants<Name>, row: Row): number;
  /** The log of the loss with its derivatives, on the scales of the constants. */
  readonly logLoss: LogPrediction<Row>;
}

/** A law that is one formula for the loss of a run. */
export interface FormulaSpec<Name extends string, Row extends FormulaRow> {
  readonly constants: Readonly<Record<Name, ConstantSpec>>;
  /** What follows from several constants. */
  readonly derived?: readonly EstimateSpec<Constants<Name>>[] | undefined;
  readonly loss: Formula<Name, Row>;
  /** Constants to start the search from. */
  starts(rows: readonly Row[]): readonly Constants<Name>[];
  /** Constants that rest on how far an input spans, by input; a reader is warned where it is less than a factor of 4. */
  readonly exponents?: Readonly<Record<string, string>> | undefined;
  /** Numbers of a row that the formula takes, all positive, with what each means in a question. */
  readonly inputs: Readonly<Partial<Record<keyof Row & string, string>>>;
  /** FLOPs of a run, or what else orders runs by their size. */
  readonly compute: (row: Row) => number;
}

/** What a row of a formula's law has in addition to the formula's inputs. */
export interface FormulaRow {
  /** Nats per token. */
  readonly loss: number;
  /** Runs to resample together: rows of one run, such as its checkpoints, are not independent. */
  readonly run?: string | undefined;
}

const options = {
  delta: positive('residual of log loss beyond which a run counts linearly', 1e-3),
  finish: whole('how many of the best starts to search from', 24, 1),
  typicalExponents: nonNegative(
    'how much exponents are held to what they usually are; 0 leaves them free',
    0,
  ),
};

/**
 * The parts of a law whose loss is one formula: its search from many starts by BFGS on Huber losses of log loss, resamples
 * (whole runs where rows name theirs), warnings, and saved form; for {@link defineLaw}.
 */
export function formulaLaw<const Name extends string, Row extends FormulaRow>(spec: FormulaSpec<Name, Row>) {
  type Fit = FittedLaw<Constants<Name>, Row>;
  const names = Object.keys(spec.constants) as Name[];
  const meanings = Object.fromEntries(names.map((name) => [name, spec.constants[name].meaning]));
  const { loss, logLoss: predict } = 'logLoss' in spec.loss ? spec.loss : derived(spec.constants, spec.loss);
  const { typicalExponents: _, ...always } = options;
  // Without anything typical there is nothing to hold to.
  const canHold = names.some((name) => spec.constants[name].typical !== undefined);
  return {
    options: (canHold ? options : always) as typeof options,
    bootstrap: 200,
    least: names.length + 1,
    loss,
    fit: (
      rows: readonly Row[],
      { options: chosen, samples, seed, split }: FitContext<OptionValues<typeof options>>,
    ): Found<Constants<Name>, Row, undefined> => {
      const { fitted, heldOut } = split(rows, spec.compute);
      if (fitted.length <= names.length) {
        throw new Error(
          `${fitted.length} runs are too few to fit ${names.length} constants on, at least ${names.length + 1} are needed`,
        );
      }
      const { constants, objective, again, warnings } = searchLaw(fitted, spec.starts(fitted), {
        ...{ constants: spec.constants, predict, gradientTolerance: 1e-10, maxIterations: 500 },
        ...chosen,
      });
      const columns = fitted as readonly unknown[] as Readonly<Record<string, number>>[];
      return {
        ...{ constants, objective, fitted, heldOut, details: undefined },
        samples: resample(fitted, again, { samples, seed, by: ({ run }) => run }),
        warnings: [
          ...warnings,
          ...countWarning({ constants: names.length }, runsOf(fitted), 'runs'),
          ...Object.entries(spec.exponents ?? {}).flatMap(([input, exponents]) =>
            rangeWarning(columns, input, exponents),
          ),
          ...priorWarnings(spec.constants, chosen.typicalExponents),
        ],
      };
    },
    estimates: (): EstimateSpec<Constants<Name>>[] => [
      ...namedEstimates(meanings, (constants: Constants<Name>) => constants),
      ...(spec.derived ?? []),
    ],
    measured: (row: Row, constants: Constants<Name>) => [
      { observed: row.loss, predicted: loss(constants, row), at: spec.compute(row) },
    ],
    compute: spec.compute,
    predict: question(spec.inputs as Readonly<Record<string, string>>, (row, fit: Fit) => ({
      values: [fit.value('loss', 'nats/token', (constants) => loss(constants, row as unknown as Row))],
      warnings: fit.outside(row),
    })),
    charts: (fit: Fit): LawChart[] => [
      predictedAgainstMeasured(fit, axes.loss, 'Predicted against measured loss'),
      residuals(fit, axes.flops, 'Residuals over compute'),
    ],
    saved: { constants: numbers(...names), unit: positiveNumbers('loss', ...Object.keys(spec.inputs)) },
  };
}

const none = new Float64Array(0);

/** A formula as numbers, and as the log of the loss with its derivatives. */
function derived<Name extends string, Row>(
  specs: Readonly<Record<Name, SearchedConstant>>,
  formula: (constants: Readonly<Record<Name, Dual>>, row: Row) => Dual,
): FormulaByHand<Name, Row> {
  const names = Object.keys(specs) as Name[];
  const duals = (of: (name: Name, index: number) => Dual) =>
    Object.fromEntries(names.map((name, index) => [name, of(name, index)])) as Record<Name, Dual>;
  return {
    loss: (constants, row) =>
      formula(
        duals((name) => new Dual(constants[name], none)),
        row,
      ).value,
    logLoss: differentiated((row: Row, at: readonly Dual[]) =>
      formula(
        duals((name, index) => (specs[name].scale === 'plain' ? at[index]! : at[index]!.exp())),
        row,
      ),
    ),
  };
}

/** What a reader is told of each constant that is held to what it usually is. */
function priorWarnings(specs: Readonly<Record<string, SearchedConstant>>, strength = 0): string[] {
  return Object.entries(specs).flatMap(([name, { typical }]) => {
    if (typical === undefined || strength === 0) return [];
    const [value, factor] = typical;
    return [
      `${name} is held to ${value} by a weak prior: a factor of ${factor} costs ${strength} times as much as an error of ` +
        'delta in every run',
    ];
  });
}

/** Independent runs among rows: those that are named, or each row. */
function runsOf(rows: readonly FormulaRow[]): number {
  const named = rows.every(({ run }) => run !== undefined);
  return named ? new Set(rows.map(({ run }) => run)).size : rows.length;
}
