import { mean } from '@steepest/statistics';
import { type SeedDifference, seedDifference } from '../seed-difference.ts';
import { decayed, growing } from './comparison-file.ts';
import { type ContextRun, type CurvePoint, meanCurve } from './context-runs.ts';
import type { ContextPlan, PredictedPoint } from './plan.ts';

/** A kind of run over its seeds, and how far it ends above the growing run. */
export interface KindResult extends SeedDifference {
  readonly kind: string;
  readonly flops: number;
  /** Last validation loss of each seed. */
  readonly losses: readonly number[];
  readonly mean: number;
}

/** How the growing run did against its prediction and against the fixed contexts. */
export interface ContextOutcome {
  readonly seeds: readonly number[];
  /** Final losses at a constant rate: the growing run, then the contexts from the shortest on. */
  readonly constant: readonly KindResult[];
  /** Final losses after the decay, in the same order. */
  readonly decayed: readonly KindResult[];
  /** FLOPs at which the growing run first falls to the final loss of a context, and what that saves of its FLOPs. */
  readonly reached: readonly {
    readonly kind: string;
    readonly flops: number | null;
    readonly saved: number | null;
  }[];
  readonly points: readonly (PredictedPoint & { readonly measured: number })[];
  readonly meanAbsoluteError: number;
}

/** Compares what was measured with what was predicted. */
export function outcomeOf(
  plan: ContextPlan,
  fixed: readonly ContextRun[],
  comparison: readonly ContextRun[],
): ContextOutcome {
  const ends = comparison.filter(({ kind }) => kind.endsWith(decayed));
  const grown = comparison.filter(({ kind }) => kind === growing);
  const curve = meanCurve(grown);
  const points = plan.points.flatMap((point) => {
    const measured = curve.find(({ step }) => step === point.step)?.loss;
    return measured === undefined ? [] : [{ ...point, measured }];
  });
  const errors = points.map(({ loss, measured }) => Math.abs(loss - measured));
  const constant = resultsOf(growing, [...grown, ...fixed]);
  return {
    seeds: [...new Set(grown.map(({ seed }) => seed))].sort((a, b) => a - b),
    constant,
    decayed: resultsOf(`${growing}${decayed}`, ends),
    reached: constant
      .filter(({ kind }) => kind !== growing)
      .map(({ kind, mean, flops }) => {
        const at = flopsTo(mean, curve);
        return { kind, flops: at, saved: at === null ? null : 1 - at / flops };
      }),
    points,
    meanAbsoluteError: errors.reduce((sum, error) => sum + error, 0) / errors.length,
  };
}

function resultsOf(first: string, runs: readonly ContextRun[]): KindResult[] {
  const ascending = [...runs].sort((a, b) => (a.contextLength ?? 0) - (b.contextLength ?? 0));
  const kinds = [...new Set([first, ...ascending.map(({ kind }) => kind)])];
  const bySeed = (kind: string) => runs.filter((run) => run.kind === kind).sort((a, b) => a.seed - b.seed);
  const lossesOf = (kind: string) => bySeed(kind).map(({ loss }) => loss);
  const reference = lossesOf(first);
  return kinds.map((kind) => {
    const losses = lossesOf(kind);
    const { flops } = bySeed(kind)[0]!;
    return { kind, flops, losses, mean: mean(losses), ...seedDifference(losses, reference) };
  });
}

/** Where a curve first falls to a loss, linear in log FLOPs between its points; `null` where it never does. */
function flopsTo(loss: number, curve: readonly CurvePoint[]): number | null {
  const index = curve.findIndex((point) => point.loss <= loss);
  const [before, after] = [curve[index - 1], curve[index]];
  if (after === undefined) return null;
  if (before === undefined) return after.flops;
  const share = (before.loss - loss) / (before.loss - after.loss);
  return before.flops * (after.flops / before.flops) ** share;
}
