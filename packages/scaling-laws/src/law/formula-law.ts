import { resample } from '../fitting/bootstrap.ts';
import { countWarning } from '../fitting/identifiability.ts';
import type { LogPrediction } from '../fitting/log-huber.ts';
import { minimize } from '../fitting/minimize.ts';
import { minimizeFromMany } from '../fitting/multi-start.ts';
import type { EstimateSpec, FitContext, Found } from './define-law.ts';
import { Dual } from './dual.ts';
import { nonNegative, positive, whole } from './option-specs.ts';
import { numbers, positiveNumbers } from './saved-fit.ts';
import {
  identifiabilityWarnings,
  type LeastHuber,
  linearized,
  objectiveOf,
  searchWarnings,
} from './search.ts';

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
  /** What else a reader must know of the rows. */
  readonly warnings?: ((rows: readonly Row[]) => readonly string[]) | undefined;
  /** Numbers of a row that the formula takes, positive all. */
  readonly inputs: readonly (keyof Row & string)[];
  /** FLOPs of a run. */
  readonly compute: (row: Row) => number;
}

/** What a row of a formula's law has beside what the formula takes. */
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
  const names = Object.keys(spec.constants) as Name[];
  const isLog = (name: Name) => spec.constants[name].scale !== 'plain';
  const constantsAt = (point: ArrayLike<number>) =>
    Object.fromEntries(
      names.map((name, index) => [name, isLog(name) ? Math.exp(point[index]!) : point[index]!]),
    ) as Constants<Name>;
  const pointOf = (constants: Constants<Name>) =>
    Float64Array.from(names, (name) => (isLog(name) ? Math.log(constants[name]) : constants[name]));
  const { loss, logLoss: predict } = 'logLoss' in spec.loss ? spec.loss : derived(names, isLog, spec.loss);
  return {
    options,
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
      const held = heldConstants(names, spec.constants, chosen.typicalExponents);
      const priorsOf = (sample: readonly Row[]) =>
        held.map((prior) => ({ ...prior, points: chosen.typicalExponents * sample.length }));
      const along = decorrelated(fitted, problem, starts);
      const objective = (sample: readonly Row[]) =>
        along.objective(objectiveOf(sample, { ...problem, priors: priorsOf(sample) }));
      const best = minimizeFromMany(objective(fitted), starts.map(along.from), {
        ...{ finish: chosen.finish, gradientTolerance: 1e-10, maxIterations: 500 },
      });
      const point = along.to(best.point);
      // The digits that matter in a constant with a standard error of several per cent.
      const rough = { gradientTolerance: 1e-7, valueTolerance: 1e-9 };
      const constants = constantsAt(point);
      return {
        constants,
        objective: best.value,
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
          ...(spec.warnings?.(fitted) ?? []),
          ...searchWarnings(best),
          ...held.map(({ warning }) => warning),
        ],
        ...{ fitted, heldOut, details: undefined },
      };
    },
    estimates: (): EstimateSpec<Constants<Name>>[] => [
      ...names.map((name) => ({
        ...{ name, meaning: spec.constants[name].meaning },
        of: (constants: Constants<Name>) => constants[name],
      })),
      ...(spec.derived ?? []),
    ],
    measured: (row: Row, constants: Constants<Name>) => [
      { observed: row.loss, predicted: loss(constants, row), at: spec.compute(row) },
    ],
    compute: spec.compute,
    saved: { constants: numbers(...names), unit: positiveNumbers('loss', ...spec.inputs) },
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
    logLoss: (row, point, gradient) => {
      const constants = dualsOf(names, (name, index) => {
        const slopes = new Float64Array(names.length);
        const value = isLog(name) ? Math.exp(point[index]!) : point[index]!;
        slopes[index] = isLog(name) ? value : 1;
        return new Dual(value, slopes);
      });
      const { value, slopes } = formula(constants, row).log();
      gradient.set(slopes);
      return value;
    },
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

/**
 * Coordinates in which the search is well conditioned: each column of the Jacobian, taken at the best start, is made
 * orthogonal to those before it (Gram and Schmidt). A change of an exponent then leaves its term as it is in the middle of
 * the data.
 */
function decorrelated<Row>(rows: readonly Row[], problem: LeastHuber<Row>, starts: readonly Float64Array[]) {
  const size = starts[0]?.length ?? 0;
  const at = objectiveOf(rows, problem);
  const slope = new Float64Array(size);
  const values = starts.map((start) => at(start, slope));
  const best =
    starts[
      values.indexOf(
        values.reduce((least, value) => (value < least ? value : least), Number.POSITIVE_INFINITY),
      )
    ];
  const columns: number[][] = [];
  // Row i holds by how much column i was changed for each column before it.
  const shares: number[][] = [];
  if (best !== undefined) {
    const { jacobian } = linearized(rows, problem, best);
    for (let column = 0; column < size; column += 1) {
      let own = jacobian.map((row) => row[column]!);
      const whole = dot(own, own);
      const taken = columns.map((other) => {
        const share = dot(own, other) / (dot(other, other) || 1);
        own = own.map((value, row) => value - share * other[row]!);
        return share;
      });
      // What is left of a column that follows from those before it is rounding.
      columns.push(dot(own, own) > 1e-20 * whole ? own : own.map(() => 0));
      shares.push(taken);
    }
  }
  // With J = Q R, R of unit diagonal, the coordinates z = R y have the Jacobian Q.
  const from = (point: ArrayLike<number>) =>
    Float64Array.from(point, (value, row) =>
      shares
        .slice(row + 1)
        .reduce((sum, taken, offset) => sum + taken[row]! * point[row + 1 + offset]!, value),
    );
  const to = (coordinates: ArrayLike<number>) => {
    const point = Float64Array.from(coordinates);
    for (let row = size - 2; row >= 0; row -= 1) {
      for (let column = row + 1; column < size; column += 1)
        point[row]! -= (shares[column]?.[row] ?? 0) * point[column]!;
    }
    return point;
  };
  return {
    from,
    to,
    objective: (plain: (point: Float64Array, gradient: Float64Array) => number) => {
      return (coordinates: Float64Array, gradient: Float64Array) => {
        const value = plain(to(coordinates), gradient);
        // The gradient by z is R^-T times that by y.
        for (let column = 1; column < size; column += 1) {
          for (let row = 0; row < column; row += 1)
            gradient[column]! -= (shares[column]?.[row] ?? 0) * gradient[row]!;
        }
        return value;
      };
    },
  };
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + value * b[index]!, 0);
}

/** Independent runs among rows: those that are named, or each row. */
function runsOf(rows: readonly FormulaRow[]): number {
  const named = rows.every(({ run }) => run !== undefined);
  return named ? new Set(rows.map(({ run }) => run)).size : rows.length;
}
