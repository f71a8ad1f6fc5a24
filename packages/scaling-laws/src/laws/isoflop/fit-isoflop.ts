import { type HoldOutOptions, splitByCompute } from '../../fitting/hold-out.ts';
import { countWarning, rangeWarning } from '../../fitting/identifiability.ts';
import { checkKeys, checkPositive, checkWhole, describeValue, type Filled } from '../../options.ts';
import { ComputeOptimalFit } from '../compute-optimal/compute-optimal-fit.ts';
import { linesThrough } from '../compute-optimal/lines.ts';
import { budgetsOf, type IsoflopRow } from './budgets.ts';
import { type BudgetOptimum, optimumOf, type RejectedBudget } from './optimum.ts';

/** Options of {@link fitIsoflop}. */
export interface IsoflopOptions {
  /**
   * The curve through a budget's losses: Akima's through every point (the default), or the least-squares parabola of
   * Hoffmann et al. 2022, approach 2, which is biased where the curve is not symmetric.
   */
  readonly curve?: 'akima' | 'parabola' | undefined;
  /** Standard deviation of a final loss between seeds, nats/token; by default 0.002. */
  readonly noise?: number | undefined;
  /** Runs within this share of each other in compute are of one budget; by default 0.05. */
  readonly tolerance?: number | undefined;
  /** Draws of noise, for the optima and the intervals; by default 400. */
  readonly bootstrap?: number | undefined;
  /** Seed of the noise; by default 0. */
  readonly seed?: number | undefined;
  /** By default 0.95. */
  readonly confidence?: number | undefined;
  /** Budgets of most compute to keep out of the fit and test it on. */
  readonly holdOut?: HoldOutOptions | undefined;
}

const fewestBudgets = 3;
const known = ['curve', 'noise', 'tolerance', 'bootstrap', 'seed', 'confidence', 'holdOut'];

/**
 * The compute-optimal size and tokens from IsoFLOP runs: the size of lowest loss at every budget, and weighted log-log lines
 * of N* and D* over compute through them (Porian et al. 2024, arXiv 2406.19146; weights are 1 / standard error^2 of log N*).
 * Noise added to the losses gives the standard errors and the intervals. The loss at the optima follows E + A / C^alpha.
 *
 * @throws Error when fewer than three budgets have a minimum between their sizes; it says why each has none
 */
export function fitIsoflop(rows: readonly IsoflopRow[], options: IsoflopOptions = {}): ComputeOptimalFit {
  const { curve, noise, tolerance, bootstrap, seed, confidence, holdOut } = filled(options);
  const budgets = budgetsOf(rows, tolerance);
  const found = budgets.map((budget) => optimumOf(budget, { curve, noise, samples: bootstrap, seed }));
  const optima = found.filter((one): one is BudgetOptimum => 'parameters' in one);
  const rejected = found.filter((one): one is RejectedBudget => 'reason' in one);
  requireBudgets(optima, rejected);
  const split = holdOut
    ? splitByCompute(optima, ({ flops }) => flops, holdOut)
    : { fitted: optima, heldOut: [] };
  const { fitted, heldOut } = split;
  requireBudgets(fitted, rejected);
  const plain = (optima: readonly BudgetOptimum[]) => optima.map(({ samples: _, ...own }) => own);
  const constants = linesThrough(plain(fitted));
  const draws = Math.min(...fitted.map(({ samples }) => samples.length));
  const drawn = Array.from({ length: draws }, (_, draw) =>
    linesThrough(
      fitted.map(({ flops, logStandardError, samples }) => ({ flops, logStandardError, ...samples[draw]! })),
      constants,
    ),
  );
  return new ComputeOptimalFit({
    law: 'isoflop',
    version: 1,
    constants,
    confidence,
    samples: drawn,
    fitted: plain(fitted),
    heldOut: plain(heldOut),
    curves: budgets.map(({ flops, rows: runs }) => ({
      name: `${flops.toPrecision(3)} FLOPs`,
      x: runs.map(({ parameters }) => parameters),
      loss: runs.map(({ loss }) => loss),
    })),
    warnings: [
      ...rejected.map(
        ({ flops, reason }) => `the budget of ${flops.toPrecision(3)} FLOPs is left out: ${reason}`,
      ),
      ...countWarning({ constants: 3, fitted: 'constants of the loss' }, fitted.length, 'budgets'),
      ...rangeWarning(
        'compute',
        fitted.map(({ flops }) => flops),
        'exponents',
        10,
      ),
    ],
  });
}

function filled(options: IsoflopOptions): Filled<Omit<IsoflopOptions, 'holdOut'>> & IsoflopOptions {
  checkKeys('fitIsoflop', options, known);
  const { curve = 'akima', noise = 0.002, tolerance = 0.05, bootstrap = 400 } = options;
  const { seed = 0, confidence = 0.95 } = options;
  if (curve !== 'akima' && curve !== 'parabola') {
    throw new Error(`fitIsoflop: curve must be "akima" or "parabola", got ${describeValue(curve)}`);
  }
  checkPositive('fitIsoflop', 'noise', noise);
  checkPositive('fitIsoflop', 'tolerance', tolerance);
  checkWhole('fitIsoflop', 'bootstrap', bootstrap, 0);
  checkWhole('fitIsoflop', 'seed', seed, 0);
  return { ...options, curve, noise, tolerance, bootstrap, seed, confidence };
}

function requireBudgets(optima: readonly BudgetOptimum[], rejected: readonly RejectedBudget[]): void {
  if (optima.length >= fewestBudgets) return;
  const reasons = rejected.map(({ flops, reason }) => `${flops.toPrecision(3)} FLOPs: ${reason}`);
  throw new Error(
    `isoflop: ${optima.length} budgets with a minimum are too few for a line, at least ${fewestBudgets} are needed` +
      (reasons.length === 0 ? '' : ` (${reasons.join('; ')})`),
  );
}
