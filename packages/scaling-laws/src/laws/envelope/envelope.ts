import { trainingFlops } from '../../compute.ts';
import type { Optimum } from '../compute-optimal/record.ts';

/** A point of a training curve. */
export interface EnvelopeRow {
  /** Name of the run. */
  readonly run: string;
  readonly parameters: number;
  /** Tokens seen so far. */
  readonly tokens: number;
  /** Nats a token. */
  readonly loss: number;
  /** Compute spent so far; by default 6 N D. */
  readonly flops?: number | undefined;
}

/** The curve of a run, ascending in compute, in logarithms. */
export interface TrainingCurve {
  readonly run: string;
  readonly parameters: number;
  readonly logFlops: readonly number[];
  readonly logTokens: readonly number[];
  readonly logLoss: readonly number[];
}

/** Runs that must have been trained to a compute for the best of them to say anything. */
const fewestRuns = 3;

/** The curves of runs with at least two points. */
export function curvesOf(rows: readonly EnvelopeRow[]): TrainingCurve[] {
  const runs = new Map<string, EnvelopeRow[]>();
  for (const row of rows) {
    const run = runs.get(row.run);
    if (run) run.push(row);
    else runs.set(row.run, [row]);
  }
  return [...runs].flatMap(([run, points]) => {
    const sorted = points.sort((a, b) => trainingFlops(a) - trainingFlops(b));
    const log = (of: (row: EnvelopeRow) => number) => sorted.map((row) => Math.log(of(row)));
    if (sorted.length < 2) return [];
    return {
      run,
      parameters: sorted[0]!.parameters,
      logFlops: log(trainingFlops),
      logTokens: log(({ tokens }) => tokens),
      logLoss: log(({ loss }) => loss),
    };
  });
}

/**
 * The run of lowest loss at each compute, where it is neither the smallest nor the largest of those trained that far: a
 * better one might lie beyond.
 *
 * @param logComputes logarithms of the FLOPs to look at
 */
export function envelopeOf(curves: readonly TrainingCurve[], logComputes: readonly number[]): Optimum[] {
  return logComputes.flatMap((at) => {
    const there = curves.filter(({ logFlops }) => at >= logFlops[0]! && at <= logFlops.at(-1)!);
    const sizes = there.map(({ parameters }) => parameters);
    if (new Set(sizes).size < fewestRuns) return [];
    const losses = there.map(({ logFlops, logLoss }) => interpolated(logFlops, logLoss, at));
    const lowest = Math.min(...losses);
    const best = there[losses.indexOf(lowest)]!;
    if (best.parameters === Math.min(...sizes) || best.parameters === Math.max(...sizes)) return [];
    return {
      flops: Math.exp(at),
      parameters: best.parameters,
      tokens: Math.exp(interpolated(best.logFlops, best.logTokens, at)),
      loss: Math.exp(lowest),
      logStandardError: 1,
    };
  });
}

function interpolated(x: readonly number[], y: readonly number[], at: number): number {
  const right = Math.max(
    1,
    x.findIndex((value) => value >= at),
  );
  const width = x[right]! - x[right - 1]!;
  const share = width > 0 ? (at - x[right - 1]!) / width : 0;
  return y[right - 1]! + share * (y[right]! - y[right - 1]!);
}
