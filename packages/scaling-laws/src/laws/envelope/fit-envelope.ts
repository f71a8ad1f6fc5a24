import { bootstrap } from '../../fitting/bootstrap.ts';
import { type HoldOutOptions, splitByCompute } from '../../fitting/hold-out.ts';
import { countWarning, rangeWarning } from '../../fitting/identifiability.ts';
import { checkKeys, checkWhole } from '../../options.ts';
import { ComputeOptimalFit } from '../compute-optimal/compute-optimal-fit.ts';
import { linesThrough } from '../compute-optimal/lines.ts';
import type { ComputeOptimalConstants, Optimum } from '../compute-optimal/record.ts';
import { curvesOf, type EnvelopeRow, envelopeOf, type TrainingCurve } from './envelope.ts';

/** Options of {@link fitEnvelope}. */
export interface EnvelopeOptions {
  /** Computes at which the lowest loss is looked for, evenly spaced in logarithms; by default 200. */
  readonly points?: number | undefined;
  /** Resamples of the runs for the confidence intervals, 0 for none; by default 100. */
  readonly bootstrap?: number | undefined;
  /** Seed of the resamples; by default 0. */
  readonly seed?: number | undefined;
  /** By default 0.95. */
  readonly confidence?: number | undefined;
  /** Computes to keep out of the fit and test it on. */
  readonly holdOut?: HoldOutOptions | undefined;
}

const fewestSizes = 2;
/** Points of a curve kept for the charts. */
const drawnPoints = 100;

/**
 * The compute-optimal size and tokens from training curves: which run has the lowest loss at each compute, and log-log
 * lines of its size and tokens over compute (Hoffmann et al. 2022, arXiv 2203.15556, approach 1). Losses should be smooth
 * (validation losses, or means over many steps), and the learning rate of each run decayed over its own length.
 *
 * @throws Error when the lowest losses are of fewer than two sizes between the smallest and the largest, or an option is
 *   unknown or wrong
 */
export function fitEnvelope(rows: readonly EnvelopeRow[], options: EnvelopeOptions = {}): ComputeOptimalFit {
  checkKeys('fitEnvelope', options, ['points', 'bootstrap', 'seed', 'confidence', 'holdOut']);
  const { points = 200, bootstrap: samples = 100, seed = 0, confidence = 0.95, holdOut } = options;
  checkWhole('fitEnvelope', 'points', points, 10);
  checkWhole('fitEnvelope', 'bootstrap', samples, 0);
  const curves = curvesOf(rows);
  const computes = evenly(curves, points);
  const optima = envelopeOf(curves, computes);
  requireSizes(optima, curves);
  const { fitted, heldOut } = holdOut
    ? splitByCompute(optima, ({ flops }) => flops, holdOut)
    : { fitted: optima, heldOut: [] };
  requireSizes(fitted, curves);
  const constants = linesThrough(fitted);
  const drawn: ComputeOptimalConstants[] = [];
  if (samples > 0) {
    const within = computes.filter((compute) => compute <= Math.log(fitted.at(-1)!.flops));
    bootstrap(
      curves,
      (sample) => {
        const resampled = linesThrough(envelopeOf(sample, within), constants);
        const { loss, ...lines } = resampled;
        const numbers = { ...lines, ...loss };
        if (Object.values(numbers).every(Number.isFinite)) drawn.push(resampled);
        return numbers;
      },
      { samples, seed },
    );
  }
  return new ComputeOptimalFit({
    law: 'envelope',
    version: 1,
    constants,
    confidence,
    samples: drawn,
    fitted,
    heldOut,
    curves: curves.map(drawnCurve),
    warnings: warningsOf(fitted),
  });
}

function evenly(curves: readonly TrainingCurve[], points: number): number[] {
  const low = Math.min(...curves.map(({ logFlops }) => logFlops[0]!));
  const high = Math.max(...curves.map(({ logFlops }) => logFlops.at(-1)!));
  return Array.from({ length: points }, (_, index) => low + ((high - low) * index) / (points - 1));
}

function requireSizes(optima: readonly Optimum[], curves: readonly TrainingCurve[]): void {
  const sizes = new Set(optima.map(({ parameters }) => parameters));
  if (sizes.size >= fewestSizes) return;
  const all = new Set(curves.map(({ parameters }) => parameters));
  throw new Error(
    `envelope: the lowest losses of ${curves.length} curves of ${all.size} sizes are of ${sizes.size} sizes between the ` +
      `smallest and the largest, at least ${fewestSizes} are needed for a line: train more sizes to the same compute`,
  );
}

function warningsOf(optima: readonly Optimum[]): string[] {
  const sizes = new Set(optima.map(({ parameters }) => parameters)).size;
  return [
    ...countWarning({ constants: 2, fitted: 'constants of each line' }, sizes, 'sizes of lowest loss'),
    ...rangeWarning(
      'compute',
      optima.map(({ flops }) => flops),
      'exponents',
      10,
    ),
  ];
}

function drawnCurve({ run, logFlops, logLoss }: TrainingCurve) {
  const stride = Math.ceil(logFlops.length / drawnPoints);
  const kept = (values: readonly number[]) =>
    values.filter((_, index) => index % stride === 0 || index === values.length - 1).map(Math.exp);
  return { name: run, x: kept(logFlops), loss: kept(logLoss) };
}
