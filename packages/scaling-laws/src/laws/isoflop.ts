import { defineLaw } from '../law/define-law.ts';
import { countWarning, rangeWarning } from '../law/fit-warnings.ts';
import { choice, positive } from '../law/option-specs.ts';
import { checkSizeAndData, runColumns } from '../table/run-columns.ts';
import { tunedSettings } from '../table/settings.ts';
import { computeOptimal, computeOptimalCharts, linesThrough, squaredResiduals } from './compute-optimal.ts';

import {
  type BudgetOptimum,
  budgetsOf,
  type IsoflopRow,
  optimumOf,
  type RejectedBudget,
} from './isoflop/optimum.ts';

const fewestBudgets = 3;

/**
 * The compute-optimal size and tokens from IsoFLOP runs: the size of lowest loss at every budget, and weighted log-log lines
 * of N* and D* over compute through them (Porian et al. 2024, arXiv 2406.19146; weights are 1 / standard error^2 of log N*).
 * Noise added to the losses gives the standard errors and the intervals. The loss at the optima follows E + A / C^alpha.
 * The parabola is biased where the curve of a budget is not symmetric.
 *
 * Refused when fewer than three budgets have a minimum between their sizes.
 */
export const isoflopLaw = defineLaw({
  ...computeOptimal,
  name: 'isoflop',
  title: 'Compute-optimal size and tokens from IsoFLOP curves',
  source:
    'Porian et al. 2024, arXiv 2406.19146; with curve = parabola Hoffmann et al. 2022, arXiv 2203.15556, approach 2',
  columns: [runColumns.parameters, runColumns.tokens, runColumns.loss, runColumns.flops],
  // Of several runs of a size the best counts at each budget.
  mayDiffer: tunedSettings,
  least: 9,
  check: checkSizeAndData,
  options: {
    curve: choice("curve through a budget's losses", 'akima', ['akima', 'parabola']),
    noise: positive('standard deviation of a final loss between seeds, nats/token', 0.002),
    tolerance: positive('runs within this share of each other in compute are of one budget', 0.05),
  },
  bootstrap: 400,
  fit(rows: readonly IsoflopRow[], { options, samples, seed, split }) {
    const { curve, noise, tolerance } = options;
    const budgets = budgetsOf(rows, tolerance);
    const found = budgets.map((budget) => optimumOf(budget, { curve, noise, samples, seed }));
    const optima = found.filter((one): one is BudgetOptimum => 'parameters' in one);
    const rejected = found.filter((one): one is RejectedBudget => 'reason' in one);
    requireBudgets(optima, rejected);
    const { fitted, heldOut } = split(optima, ({ flops }) => flops);
    requireBudgets(fitted, rejected);
    const plain = (all: readonly BudgetOptimum[]) => all.map(({ samples: _, ...own }) => own);
    const constants = linesThrough(plain(fitted));
    const draws = Math.min(...fitted.map((optimum) => optimum.samples.length));
    return {
      constants,
      objective: squaredResiduals(constants, plain(fitted)),
      samples: Array.from({ length: draws }, (_, draw) =>
        linesThrough(
          fitted.map(({ samples: drawn, ...own }) => ({ ...own, ...drawn[draw]! })),
          constants,
        ),
      ),
      fitted: plain(fitted),
      heldOut: plain(heldOut),
      details: {
        curves: budgets.map(({ flops, rows: runs }) => ({
          name: `${flops.toPrecision(3)} FLOPs`,
          x: runs.map(({ parameters }) => parameters),
          loss: runs.map(({ loss }) => loss),
        })),
      },
      warnings: [
        ...rejected.map(
          ({ flops, reason }) => `the budget of ${flops.toPrecision(3)} FLOPs is left out: ${reason}`,
        ),
        ...countWarning({ constants: 3, fitted: 'constants of the loss' }, fitted.length, 'budgets'),
        ...rangeWarning(fitted, 'flops', 'exponents', 10),
      ],
    };
  },
  charts: (fit) => computeOptimalCharts(fit, 'Loss over size at each budget', 'size'),
});

function requireBudgets(optima: readonly BudgetOptimum[], rejected: readonly RejectedBudget[]): void {
  if (optima.length >= fewestBudgets) return;
  const reasons = rejected.map(({ flops, reason }) => `${flops.toPrecision(3)} FLOPs: ${reason}`);
  throw new Error(
    `isoflop: ${optima.length} budgets with a minimum are too few for a line, at least ${fewestBudgets} are needed` +
      (reasons.length === 0 ? '' : ` (${reasons.join('; ')})`),
  );
}
