import { mean } from '@steepest/statistics';
import { Matrix, solve } from 'ml-matrix';
import { minimize } from '../../fitting/minimize.ts';
import { dot, sum } from '../../fitting/numbers.ts';
import { readRuns, type SchedulePredictor } from './predictor.ts';
import { courseOf, type RunCourse, type ScheduleRun } from './schedule-run.ts';

/**
 * A predictor that knows of a schedule only the sum of its rates: the log of the loss is linear in its log, that of the
 * model's size and that of the tokens; divergence is a threshold on it. What a better predictor has to beat.
 */
export function fitRateSumBaseline(runs: readonly ScheduleRun[]): SchedulePredictor {
  return fitBaseline('rate-sum baseline', runs, ({ rateSum }) => Math.log(rateSum), 1);
}

/** The same with the largest rate, of which the log of the loss is a parabola: the usual sweep over learning rates. */
export function fitPeakBaseline(runs: readonly ScheduleRun[]): SchedulePredictor {
  return fitBaseline('peak baseline', runs, ({ peak }) => Math.log(peak), 2);
}

/** Keeps coefficients finite where a column is constant or the classes are apart. */
const ridge = 1e-6;

function fitBaseline(
  name: string,
  runs: readonly ScheduleRun[],
  feature: (course: RunCourse) => number,
  degree: number,
): SchedulePredictor {
  const read = readRuns(name, runs, 1);
  const columns = (course: RunCourse) => {
    const value = feature(course);
    const powers = Array.from({ length: degree }, (_, index) => value ** (index + 1));
    return [1, ...powers, Math.log(course.parameters), Math.log(course.tokensPerStep * sum(course.counts))];
  };
  const converged = read.filter(({ loss }) => loss !== null);
  const design = new Matrix(converged.map(({ course }) => columns(course)));
  const target = Matrix.columnVector(converged.map(({ loss }) => Math.log(loss!)));
  const normal = design.transpose().mmul(design).add(Matrix.eye(design.columns).mul(ridge));
  const coefficients = solve(normal, design.transpose().mmul(target)).to1DArray();
  const risk = fitThreshold(read.map(({ course, diverged }) => ({ value: feature(course), diverged })));
  return {
    predict: (candidate) => {
      const course = courseOf(name, candidate, 1);
      return { loss: Math.exp(dot(columns(course), coefficients)), divergence: risk(feature(course)) };
    },
  };
}

/** Logistic regression on one value, whose slope may be steep but not infinite. */
function fitThreshold(rows: readonly { value: number; diverged: boolean }[]): (value: number) => number {
  const middle = mean(rows.map(({ value }) => value));
  const share = (value: number, [offset, slope]: Float64Array) =>
    1 / (1 + Math.exp(-(offset! + slope! * (value - middle))));
  const { point } = minimize(
    (at, gradient) => {
      gradient.set([at[0]! / 100, at[1]! / 100]);
      let value = (at[0]! ** 2 + at[1]! ** 2) / 200;
      for (const row of rows) {
        const odds = at[0]! + at[1]! * (row.value - middle);
        value += Math.max(odds, 0) + Math.log1p(Math.exp(-Math.abs(odds))) - (row.diverged ? odds : 0);
        const error = share(row.value, at) - (row.diverged ? 1 : 0);
        gradient[0]! += error;
        gradient[1]! += error * (row.value - middle);
      }
      return value;
    },
    [0, 1],
    { gradientTolerance: 1e-6 },
  );
  return (value) => share(value, point);
}
