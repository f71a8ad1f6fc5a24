import { groupsBy } from '../../fitting/numbers.ts';
import type { LossCurve } from './loss-curve.ts';

/** One logged point of a run. */
export interface CurveRow {
  readonly step: number;
  /** Rate at this step. */
  readonly scheduledLearningRate: number;
  readonly loss: number;
  /** Left out where all rows are of one run. */
  readonly run?: string | undefined;
}

/**
 * Loss curves from logged points. Between two of them the rate follows a straight line; before the first it rises in a line
 * over the warm-up, and is then what it is at the first.
 *
 * @param warmupSteps Steps of the warm-up, where the log begins after its first step
 * @throws Error when a run's steps are not whole numbers, or one comes twice
 */
export function curvesFromRows(
  law: string,
  rows: readonly CurveRow[],
  warmupSteps: number,
): { readonly curves: readonly LossCurve[]; readonly notes: readonly string[] } {
  const curves = groupsBy(rows, ({ run }) => run ?? 'run').map((own) =>
    curveOf(law, own[0]!.run ?? 'run', own, warmupSteps),
  );
  const unknown = curves.filter(({ steps }) => warmupSteps === 0 && steps[0]! > 1);
  const notes = unknown.map(
    ({ name, steps }) =>
      `${name} is logged from step ${steps[0]} on, and its rate was taken to be the same before: if it warmed up, ` +
      'give warmupSteps, as the law counts the warm-up too',
  );
  return { curves, notes };
}

function curveOf(law: string, name: string, rows: readonly CurveRow[], warmupSteps: number): LossCurve {
  const sorted = [...rows].sort((a, b) => a.step - b.step);
  sorted.forEach(({ step }, index) => {
    const before = index === 0 ? 0 : sorted[index - 1]!.step;
    if (Number.isSafeInteger(step) && step > before) return;
    throw new Error(
      `${law}: run "${name}": steps must be whole numbers from 1, each once, got ${step} after ${before}; ` +
        'rows of several runs need a column "run"',
    );
  });
  const rates = new Float64Array(sorted.at(-1)!.step);
  const first = sorted[0]!;
  for (let step = 1; step <= first.step; step++) {
    rates[step - 1] = first.scheduledLearningRate * Math.min(1, step / Math.max(1, warmupSteps));
  }
  sorted.slice(1).forEach((row, index) => {
    const before = sorted[index]!;
    for (let step = before.step + 1; step <= row.step; step++) {
      const share = (step - before.step) / (row.step - before.step);
      rates[step - 1] =
        before.scheduledLearningRate + share * (row.scheduledLearningRate - before.scheduledLearningRate);
    }
  });
  return { name, rates, steps: sorted.map(({ step }) => step), losses: sorted.map(({ loss }) => loss) };
}
