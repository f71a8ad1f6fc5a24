import { resample } from '../fitting/bootstrap.ts';
import { groupsBy, interpolate, rangeOf } from '../fitting/numbers.ts';
import { defineLaw } from '../law/define-law.ts';
import { countWarning, rangeWarning } from '../law/fit-warnings.ts';
import { whole } from '../law/option-specs.ts';
import { checkSizeAndData, type RunRow, runColumns, trainingFlops } from '../table/run-columns.ts';
import { tunedSettings } from '../table/settings.ts';
import {
  computeOptimal,
  computeOptimalCharts,
  linesThrough,
  type Optimum,
  squaredResiduals,
} from './compute-optimal.ts';

/** A point of a training curve: the tokens seen and the compute spent so far. */
export interface EnvelopeRow extends RunRow {
  /** Name of the run. */
  readonly run: string;
}

/** The curve of a run, ascending in compute, in logarithms. */
interface TrainingCurve {
  readonly run: string;
  readonly parameters: number;
  readonly logFlops: readonly number[];
  readonly logTokens: readonly number[];
  readonly logLoss: readonly number[];
}

/** Runs that must have been trained to a compute for the best of them to say anything. */
const fewestRuns = 3;
const fewestSizes = 2;
/** Points of a curve kept for the charts. */
const drawnPoints = 100;

/**
 * The compute-optimal size and tokens from training curves: which run has the lowest loss at each compute, and log-log
 * lines of its size and tokens over compute (Hoffmann et al. 2022, arXiv 2203.15556, approach 1). Losses should be smooth
 * (validation losses, or means over many steps), and the learning rate of each run decayed over its own length.
 *
 * Refused when the lowest losses are of fewer than two sizes between the smallest and the largest.
 */
export const envelopeLaw = defineLaw({
  ...computeOptimal,
  name: 'envelope',
  title: 'Compute-optimal size and tokens from the envelope of training curves',
  source: 'Hoffmann et al. 2022, arXiv 2203.15556, approach 1',
  points: 'validation',
  columns: [
    { ...runColumns.run, meaning: 'name of the run', required: true, mustVary: true },
    runColumns.parameters,
    { ...runColumns.tokens, meaning: 'tokens seen so far' },
    runColumns.loss,
    { ...runColumns.flops, meaning: 'compute spent so far; 6 N D where left out' },
  ],
  // The lowest curve counts at each compute.
  mayDiffer: tunedSettings,
  least: 9,
  check: checkSizeAndData,
  options: { points: whole('computes at which the lowest loss is looked for', 200, 10) },
  bootstrap: 100,
  fit(rows: readonly EnvelopeRow[], { options, samples, seed, split }) {
    const curves = curvesOf(rows);
    const computes = evenly(curves, options.points);
    const optima = envelopeOf(curves, computes);
    requireSizes(optima, curves);
    const { fitted, heldOut } = split(optima, ({ flops }) => flops);
    requireSizes(fitted, curves);
    const { constants, again } = linesThrough(fitted);
    const within = computes.filter((compute) => compute <= Math.log(fitted.at(-1)!.flops));
    return {
      constants,
      objective: squaredResiduals(constants, fitted),
      samples: resample(curves, (sample) => again(envelopeOf(sample, within)), { samples, seed }),
      ...{ fitted, heldOut },
      details: { curves: curves.map(drawnCurve) },
      warnings: [
        ...countWarning(
          { constants: 2, fitted: 'constants of each line' },
          sizesOf(fitted),
          'sizes of lowest loss',
        ),
        ...rangeWarning(fitted, 'flops', 'exponents', 10),
      ],
    };
  },
  charts: (fit) => computeOptimalCharts(fit, 'Loss over compute of each size', 'flops'),
});

/** The curves of runs with at least two points. */
function curvesOf(rows: readonly EnvelopeRow[]): TrainingCurve[] {
  return groupsBy(rows, ({ run }) => run).flatMap((points) => {
    const sorted = [...points].sort((a, b) => trainingFlops(a) - trainingFlops(b));
    const log = (of: (row: EnvelopeRow) => number) => sorted.map((row) => Math.log(of(row)));
    if (sorted.length < 2) return [];
    const { run, parameters } = sorted[0]!;
    return {
      run,
      parameters,
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
function envelopeOf(curves: readonly TrainingCurve[], logComputes: readonly number[]): Optimum[] {
  return logComputes.flatMap((at) => {
    const there = curves.filter(({ logFlops }) => at >= logFlops[0]! && at <= logFlops.at(-1)!);
    const sizes = there.map(({ parameters }) => parameters);
    if (new Set(sizes).size < fewestRuns) return [];
    const losses = there.map(({ logFlops, logLoss }) => interpolate(logFlops, logLoss, at));
    const lowest = Math.min(...losses);
    const best = there[losses.indexOf(lowest)]!;
    const { low, high } = rangeOf(sizes);
    if (best.parameters === low || best.parameters === high) return [];
    return {
      flops: Math.exp(at),
      parameters: best.parameters,
      tokens: Math.exp(interpolate(best.logFlops, best.logTokens, at)),
      loss: Math.exp(lowest),
      logStandardError: 1,
    };
  });
}

function evenly(curves: readonly TrainingCurve[], points: number): number[] {
  const { low, high } = rangeOf(curves.flatMap(({ logFlops }) => logFlops));
  return Array.from({ length: points }, (_, index) => low + ((high - low) * index) / (points - 1));
}

function sizesOf(runs: readonly { readonly parameters: number }[]): number {
  return new Set(runs.map(({ parameters }) => parameters)).size;
}

function requireSizes(optima: readonly Optimum[], curves: readonly TrainingCurve[]): void {
  if (sizesOf(optima) >= fewestSizes) return;
  throw new Error(
    `envelope: the lowest losses of ${curves.length} curves of ${sizesOf(curves)} sizes are of ${sizesOf(optima)} sizes between the ` +
      `smallest and the largest, at least ${fewestSizes} are needed for a line: train more sizes to the same compute`,
  );
}

function drawnCurve({ run, logFlops, logLoss }: TrainingCurve) {
  const stride = Math.ceil(logFlops.length / drawnPoints);
  const kept = (values: readonly number[]) =>
    values.filter((_, index) => index % stride === 0 || index === values.length - 1).map(Math.exp);
  return { name: run, x: kept(logFlops), loss: kept(logLoss) };
}
