import { mean, median } from '@steepest/statistics';
import { Matrix, QrDecomposition } from 'ml-matrix';
import { akima } from '../fitting/akima.ts';
import { geometricMean, groupsBy, groupsNear, interpolate, leastBy } from '../fitting/numbers.ts';
import { randomFrom } from '../fitting/random.ts';
import { defineLaw, type FitContext } from '../law/define-law.ts';
import { countWarning, rangeWarning } from '../law/fit-warnings.ts';
import { choice, type OptionValues, positive } from '../law/option-specs.ts';
import { checkSizeAndData, type RunRow, runColumns, trainingFlops } from '../table/run-columns.ts';
import { tunedSettings } from '../table/settings.ts';
import {
  computeOptimal,
  computeOptimalCharts,
  linesThrough,
  type Optimum,
  squaredResiduals,
} from './compute-optimal.ts';

const fewestBudgets = 3;

const options = {
  curve: choice("curve through a budget's losses", 'akima', ['akima', 'parabola']),
  noise: positive('standard deviation of a final loss between seeds, nats/token', 0.002),
  tolerance: positive('runs within this share of each other in compute are of one budget', 0.05),
};

/** How a curve is drawn through the losses of a budget, and how noise is added to them. */
type OptimumOptions = OptionValues<typeof options> & Pick<FitContext<unknown>, 'samples' | 'seed'>;

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
  options,
  bootstrap: 400,
  fit(rows: readonly IsoflopRow[], { options: chosen, samples, seed, split }) {
    const budgets = budgetsOf(rows, chosen.tolerance);
    const found = budgets.map((budget) => optimumOf(budget, { ...chosen, samples, seed }));
    const optima = found.filter((one): one is BudgetOptimum => 'parameters' in one);
    const rejected = found.filter((one): one is RejectedBudget => 'reason' in one);
    requireBudgets(optima, rejected);
    const { fitted, heldOut } = split(optima, ({ flops }) => flops);
    requireBudgets(fitted, rejected);
    const plain = (all: readonly BudgetOptimum[]) => all.map(({ samples: _, ...own }) => own);
    const { constants, again } = linesThrough(plain(fitted));
    const draws = Math.min(...fitted.map((optimum) => optimum.samples.length));
    return {
      constants,
      objective: squaredResiduals(constants, plain(fitted)),
      samples: Array.from({ length: draws }, (_, draw) =>
        again(fitted.map(({ samples: drawn, ...own }) => ({ ...own, ...drawn[draw]! }))),
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

/** A training run at a compute budget. */
export type IsoflopRow = RunRow;

/** The runs of one compute budget: one a size, the best where there are several, ascending in size. */
interface Budget {
  readonly flops: number;
  readonly rows: readonly IsoflopRow[];
}

/** The best size at a budget, where the curve through its losses is lowest, and how well it is known. */
interface BudgetOptimum extends Optimum {
  /** The minima of the losses with noise added. */
  readonly samples: readonly Pick<Optimum, 'parameters' | 'tokens' | 'loss'>[];
}

/** A budget without an optimum, and why. */
interface RejectedBudget {
  readonly flops: number;
  readonly reason: string;
}

/**
 * Groups runs by compute: a budget takes the runs up to a factor 1 + tolerance above its least, and is their geometric mean.
 */
function budgetsOf(rows: readonly IsoflopRow[], tolerance: number): Budget[] {
  return groupsNear(rows, trainingFlops, 1 + tolerance).map((group) => ({
    flops: geometricMean(group.map(trainingFlops)),
    rows: groupsBy(group, ({ parameters }) => parameters)
      .map((ofSize) => leastBy(ofSize, ({ loss }) => loss))
      .sort((a, b) => a.parameters - b.parameters),
  }));
}

/** Points of the grid between two neighboring sizes. */
const gridPerInterval = 25;
/** Share of the mean distance of the sizes that the standard error does not go below: no curve resolves more. */
const resolvable = 0.33;
const fewestSizes = 3;

/**
 * The size of lowest loss at a budget: a curve through log loss over log N, its minimum on a fine grid, and the median of
 * the minima after noise was added to the losses (Porian et al. 2024, arXiv 2406.19146). A budget whose minimum, or half
 * of whose noisy minima, lie at an edge has none.
 */
function optimumOf(budget: Budget, chosen: OptimumOptions): BudgetOptimum | RejectedBudget {
  const { flops, rows } = budget;
  const rejected = (reason: string) => ({ flops, reason });
  if (rows.length < fewestSizes) {
    return rejected(`${rows.length} sizes are too few for a curve, at least ${fewestSizes} are needed`);
  }
  const sizes = rows.map(({ parameters }) => Math.log(parameters));
  const losses = rows.map(({ loss }) => loss);
  const logTokens = rows.map(({ tokens }) => Math.log(tokens));
  const find = chosen.curve === 'akima' ? lowestOnGrid : lowestOfParabola;
  const lowest = find(sizes, losses);
  if (lowest === undefined) return rejected(edgeReason(losses));
  const samples = noisyLosses(losses, flops, chosen).flatMap((noisy) => find(sizes, noisy) ?? []);
  if (samples.length < chosen.samples / 2) {
    return rejected(
      'with noise added, the lowest loss is at the smallest or largest size more often than not',
    );
  }
  const place = ({ size, loss }: { size: number; loss: number }) => ({
    parameters: Math.exp(size),
    tokens: Math.exp(interpolate(sizes, logTokens, size)),
    loss,
  });
  const best =
    samples.length === 0
      ? lowest
      : { size: median(samples.map(({ size }) => size)), loss: median(samples.map(({ loss }) => loss)) };
  const spacing = (sizes.at(-1)! - sizes[0]!) / (sizes.length - 1);
  const spread = Math.max(deviation(samples.map(({ size }) => size)), resolvable * spacing);
  return {
    flops,
    ...place(best),
    // Noisy curves without a minimum are a sign of a spread that the others do not show.
    logStandardError: samples.length === 0 ? spread : (spread * chosen.samples) / samples.length,
    samples: samples.map(place),
  };
}

function edgeReason(losses: readonly number[]): string {
  const lowest = losses.indexOf(Math.min(...losses));
  if (lowest === 0) return 'the lowest loss is at the smallest size: smaller ones are needed';
  if (lowest === losses.length - 1) return 'the lowest loss is at the largest size: larger ones are needed';
  return 'the curve through the losses has no minimum between the sizes';
}

/** Argmin of Akima's curve on an even grid of log N; `undefined` at an edge. */
function lowestOnGrid(sizes: readonly number[], losses: readonly number[]) {
  const curve = akima(sizes, losses.map(Math.log));
  const last = gridPerInterval * (sizes.length - 1) - 1;
  const step = (sizes.at(-1)! - sizes[0]!) / last;
  let best = 0;
  let lowest = Number.POSITIVE_INFINITY;
  for (let index = 0; index <= last; index += 1) {
    const value = curve(sizes[0]! + index * step);
    if (value < lowest) [best, lowest] = [index, value];
  }
  return best === 0 || best === last ? undefined : { size: sizes[0]! + best * step, loss: Math.exp(lowest) };
}

/** Vertex of the least-squares parabola of the loss over log N (Hoffmann et al. 2022, approach 2); `undefined` outside. */
function lowestOfParabola(sizes: readonly number[], losses: readonly number[]) {
  const center = mean(sizes);
  const design = new Matrix(sizes.map((size) => [1, size - center, (size - center) ** 2]));
  const solution = new QrDecomposition(design).solve(Matrix.columnVector(losses)).to1DArray();
  const [middle, slope, bend] = [solution[0]!, solution[1]!, solution[2]!];
  const size = center - slope / (2 * bend);
  const inside = bend > 0 && size > sizes[0]! && size < sizes.at(-1)!;
  return inside ? { size, loss: middle - slope ** 2 / (4 * bend) } : undefined;
}

/** Copies of the losses with Gaussian noise; a pure function of the seed and the budget. */
function noisyLosses(
  losses: readonly number[],
  flops: number,
  { noise, samples, seed }: OptimumOptions,
): number[][] {
  // Its own stream for each budget: leaving a budget out does not change the draws of the others.
  const random = randomFrom(seed, `budget ${Math.round(1e4 * Math.log(flops))}`);
  return Array.from({ length: samples }, () => losses.map((loss) => loss + noise * random.normal()));
}

function deviation(values: readonly number[]): number {
  const center = mean(values);
  return values.length < 2 ? 0 : Math.sqrt(mean(values.map((value) => (value - center) ** 2)));
}
