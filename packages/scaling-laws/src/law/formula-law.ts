import { resample } from '../fitting/bootstrap.ts';
import { decorrelate } from '../fitting/decorrelate.ts';
import type { Objective } from '../fitting/line-search.ts';
import { type LeastHuber, type LogPrediction, linearized, logHuberObjective } from '../fitting/log-huber.ts';
import { minimize, minimizeFromMany } from '../fitting/minimize.ts';
import { rangeOf } from '../fitting/numbers.ts';
import { axes, predictedAgainstMeasured, residuals } from './chart-parts.ts';
import type { FitContext, Found } from './define-law.ts';
import { Dual, differentiated } from './dual.ts';
import { countWarning, identifiabilityWarnings, rangeWarning, searchWarnings } from './fit-warnings.ts';
import { type EstimateSpec, type FittedLaw, namedEstimates } from './fitted-law.ts';
import type { LawChart } from './law.ts';
import { nonNegative, positive, whole } from './option-specs.ts';
import { question } from './question.ts';
import { numbers, positiveNumbers } from './saved-fit.ts';

/** One constant of a formula. */
export interface ConstantSpec {
  readonly meaning: string;
  /** On which scale it is searched; by default `log`, for constants that are positive. */
  readonly scale?: 'log' | 'plain' | undefined;
  /** What it usually is and by which factor it varies, for a weak prior where the option `typicalExponents` asks for it. */
  readonly typical?: readonly [value: number, factor: number] | undefined;
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
  const isLog = (name: Name) => spec.constants[name].scale !== 'plain';
  const constantsAt = (point: ArrayLike<number>) =>
    Object.fromEntries(
      names.map((name, index) => [name, isLog(name) ? Math.exp(point[index]!) : point[index]!]),
    ) as Constants<Name>;
  const pointOf = (constants: Constants<Name>) =>
    Float64Array.from(names, (name) => (isLog(name) ? Math.log(constants[name]) : constants[name]));
  const { loss, logLoss: predict } = 'logLoss' in spec.loss ? spec.loss : derived(names, isLog, spec.loss);
  const canHold = names.some((name) => spec.constants[name].typical !== undefined);
  const { typicalExponents: _, ...always } = options;
  return {
    // Without anything typical there is nothing to hold to.
    options: (canHold ? options : always) as typeof options,
    bootstrap: 200,
    least: names.length + 1,
    loss,
    fit: (
      rows: readonly Row[],
      {
        options: chosen,
        samples,
        seed,
        split,
      }: FitContext<{ delta: number; finish: number; typicalExponents: number }>,
    ): Found<Constants<Name>, Row, undefined> => {
      const { fitted, heldOut } = split(rows, spec.compute);
      if (fitted.length <= names.length) {
        throw new Error(
          `${fitted.length} runs are too few to fit ${names.length} constants on, at least ${names.length + 1} are needed`,
        );
      }
      const problem: LeastHuber<Row> = {
        observed: ({ loss: measured }) => measured,
        predict,
        delta: chosen.delta,
      };
      const starts = spec.starts(fitted).map(pointOf);
      const columns = fitted as readonly unknown[] as Readonly<Record<string, number>>[];
      const held = heldConstants(names, spec.constants, chosen.typicalExponents);
      const priorsOf = (sample: readonly Row[]) =>
        held.map((prior) => ({ ...prior, points: chosen.typicalExponents * sample.length }));
      const along = decorrelate(
        linearized(fitted, problem, lowest(logHuberObjective(fitted, problem), starts)).jacobian,
      );
      const objective = (sample: readonly Row[]) =>
        along.objective(logHuberObjective(sample, { ...problem, priors: priorsOf(sample) }));
      const best = minimizeFromMany(objective(fitted), starts.map(along.from), {
        ...{ finish: chosen.finish, gradientTolerance: 1e-10, maxIterations: 500 },
      });
      const point = along.to(best.point);
      // The digits that matter in a constant with a standard error of several percent.
      const rough = { gradientTolerance: 1e-7, valueTolerance: 1e-9 };
      const constants = constantsAt(point);
      return {
        constants,
        objective: logHuberObjective(fitted, problem)(point, new Float64Array(point.length)),
        samples: resample(
          fitted,
          (sample) => constantsAt(along.to(minimize(objective(sample), best.point, rough).point)),
          { samples, seed, by: ({ run }) => run },
        ),
        warnings: [
          ...identifiabilityWarnings(
            fitted,
            problem,
            point,
            names.map((name) => ({ name, value: constants[name], logarithmic: isLog(name) })),
          ),
          ...countWarning({ constants: names.length }, runsOf(fitted), 'runs'),
          ...Object.entries(spec.exponents ?? {}).flatMap(([input, exponents]) =>
            rangeWarning(columns, input, exponents),
          ),
          ...searchWarnings(best),
          ...held.map(({ warning }) => warning),
        ],
        ...{ fitted, heldOut, details: undefined },
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

function dualsOf<Name extends string>(names: readonly Name[], of: (name: Name, index: number) => Dual) {
  return Object.fromEntries(names.map((name, index) => [name, of(name, index)])) as Record<Name, Dual>;
}

/** A formula as numbers, and as the log of the loss with its derivatives. */
function derived<Name extends string, Row>(
  names: readonly Name[],
  isLog: (name: Name) => boolean,
  formula: (constants: Readonly<Record<Name, Dual>>, row: Row) => Dual,
): FormulaByHand<Name, Row> {
  return {
    loss: (constants, row) =>
      formula(
        dualsOf(names, (name) => new Dual(constants[name], none)),
        row,
      ).value,
    logLoss: differentiated((row: Row, at: readonly Dual[]) =>
      formula(
        dualsOf(names, (name, index) => (isLog(name) ? at[index]!.exp() : at[index]!)),
        row,
      ),
    ),
  };
}

/** The priors of the constants that have a typical value, and what a reader is told of each. */
function heldConstants<Name extends string>(
  names: readonly Name[],
  specs: Readonly<Record<Name, ConstantSpec>>,
  strength: number,
) {
  if (strength === 0) return [];
  return names.flatMap((name, coordinate) => {
    const { typical, scale } = specs[name];
    if (typical === undefined) return [];
    const [value, factor] = typical;
    const [center, spread] =
      scale === 'plain' ? [value, value * (1 - 1 / factor)] : [Math.log(value), Math.log(factor)];
    const warning =
      `${name} is held to ${value} by a weak prior: a factor of ${factor} costs ${strength} times as much as an error of ` +
      'delta in every run';
    return [{ coordinate, center, spread, warning }];
  });
}

/** The point of least value. */
function lowest(objective: Objective, points: readonly Float64Array[]): Float64Array {
  const values = points.map((point) => objective(point, new Float64Array(point.length)));
  const finite = values.filter(Number.isFinite);
  return points[values.indexOf(rangeOf(finite).low)] ?? points[0]!;
}

/** Independent runs among rows: those that are named, or each row. */
function runsOf(rows: readonly FormulaRow[]): number {
  const named = rows.every(({ run }) => run !== undefined);
  return named ? new Set(rows.map(({ run }) => run)).size : rows.length;
}
