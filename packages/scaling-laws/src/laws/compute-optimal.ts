import type { ChartSeries } from '@steepest/charts';
import { mean } from '@steepest/statistics';
import * as z from 'zod/mini';
import type { LogPrediction } from '../fitting/log-huber.ts';
import { gridStarts } from '../fitting/minimize.ts';
import { dot, rangeOf } from '../fitting/numbers.ts';
import { fitPowerLaw } from '../fitting/power-law.ts';
import { axes, bothSides, points, residuals } from '../law/chart-parts.ts';
import { type FittedLaw, namedEstimates } from '../law/fitted-law.ts';
import type { LawChart, Suggestion } from '../law/law.ts';
import { question } from '../law/question.ts';
import { numbers, positiveNumbers } from '../law/saved-fit.ts';
import { searchLaw } from '../law/search.ts';

/** L(C) = E + A / C^alpha, the loss of the best run at a compute. */
export type LossOfCompute = Readonly<Record<'E' | 'A' | 'alpha', number>>;

/** Constants of N* = coefficient C^exponent, of D* likewise, and of the loss at them. */
export interface ComputeOptimalConstants {
  readonly sizeCoefficient: number;
  readonly sizeExponent: number;
  readonly tokenCoefficient: number;
  readonly tokenExponent: number;
  readonly loss: LossOfCompute;
}

/** The best size at a compute. */
export interface Optimum {
  readonly flops: number;
  readonly parameters: number;
  readonly tokens: number;
  /** Nats per token. */
  readonly loss: number;
  /** Standard error of log N. */
  readonly logStandardError: number;
}

/** Losses of runs, as a chart draws them: over size at one compute, or over compute for one size. */
export interface DrawnCurve {
  readonly name: string;
  readonly x: readonly number[];
  readonly loss: readonly number[];
}

/** What such a fit keeps of its runs. */
export interface ComputeOptimalDetails {
  readonly curves: readonly DrawnCurve[];
}

type Fit = FittedLaw<ComputeOptimalConstants, Optimum, ComputeOptimalDetails>;

/** log L = logsumexp(a - alpha x, e), with x the logarithm of the compute less its mean. */
const logLoss: LogPrediction<{ readonly x: number }> = ({ x }, point, gradient) => {
  const [term, floor] = [point[0]! - point[2]! * x, point[1]!];
  const largest = Math.max(term, floor);
  const sum = Math.exp(term - largest) + Math.exp(floor - largest);
  gradient[0] = Math.exp(term - largest) / sum;
  gradient[1] = Math.exp(floor - largest) / sum;
  gradient[2] = -x * gradient[0];
  return largest + Math.log(sum);
};

/** The weighted log-log lines of N* and D* over compute, and the loss along them; `again` of almost the same optima. */
export function linesThrough(optima: readonly Optimum[]) {
  const center = mean(optima.map(({ flops }) => Math.log(flops)));
  const placed = (own: readonly Optimum[]) =>
    own.map(({ flops, loss }) => ({ x: Math.log(flops) - center, loss }));
  const lowest = rangeOf(optima.map(({ loss }) => loss)).low;
  const starts = gridStarts([
    [0.1, 0.3, 0.6],
    [0.3, 0.6, 0.9],
    [0.05, 0.1, 0.3],
  ]) as [number, number, number][];
  const search = searchLaw(
    placed(optima),
    starts.map(([share, floor, alpha]) => ({ A: share * lowest, E: floor * lowest, alpha })),
    {
      ...{ constants: { A: {}, E: {}, alpha: { scale: 'plain' } }, predict: logLoss, delta: 1e-3 },
      ...{ gradientTolerance: 1e-9, maxIterations: 300 },
    },
  );
  const linesOf = (own: readonly Optimum[], { A, E, alpha }: LossOfCompute): ComputeOptimalConstants => {
    const factors = { flops: own.map(({ flops }) => flops) };
    const weights = own.map(({ logStandardError }) => logStandardError ** -2);
    const sizes = fitPowerLaw({ factors, weights, response: own.map(({ parameters }) => parameters) });
    const tokens = fitPowerLaw({ factors, weights, response: own.map((optimum) => optimum.tokens) });
    return {
      sizeCoefficient: sizes.coefficient,
      sizeExponent: sizes.exponents.flops,
      tokenCoefficient: tokens.coefficient,
      tokenExponent: tokens.exponents.flops,
      loss: { E, A: A * Math.exp(alpha * center), alpha },
    };
  };
  return {
    constants: linesOf(optima, search.constants),
    again: (own: readonly Optimum[]) => linesOf(own, search.again(placed(own))),
  };
}

function sizeAt({ sizeCoefficient, sizeExponent }: ComputeOptimalConstants, flops: number): number {
  return sizeCoefficient * flops ** sizeExponent;
}

const estimates = namedEstimates(
  {
    sizeExponent: 'exponent of the compute in the best size',
    sizeCoefficient: 'best size at 1 FLOP: N* = coefficient C^exponent',
    tokenExponent: 'exponent of the compute in the best number of tokens',
    tokenCoefficient: 'best number of tokens at 1 FLOP: D* = coefficient C^exponent',
    E: 'loss that no compute removes, nats/token',
    A: 'scale of the loss from too little compute: A / C^alpha',
    alpha: 'exponent of the compute in the loss',
  },
  ({ loss, ...lines }: ComputeOptimalConstants) => ({ ...lines, ...loss }),
);

function best({ flops }: { readonly flops: number }, fit: Fit): Suggestion {
  return {
    settings: [
      fit.value('parameters', 'parameters', (constants) => sizeAt(constants, flops)),
      fit.value(
        'tokens',
        'tokens',
        ({ tokenCoefficient, tokenExponent }) => tokenCoefficient * flops ** tokenExponent,
      ),
    ],
    expected: [fit.value('loss', 'nats/token', ({ loss }) => loss.E + loss.A / flops ** loss.alpha)],
    reason: 'the line through the sizes of lowest loss',
    warnings: fit.outside({ flops }),
  };
}

const asks = { flops: 'training compute to spend' };
const lines = z.looseObject({
  ...numbers('sizeCoefficient', 'sizeExponent', 'tokenCoefficient', 'tokenExponent').shape,
  loss: numbers('E', 'A', 'alpha'),
});

/** What laws of the compute-optimal size and tokens share, however they find the best size at each compute. */
export const computeOptimal = {
  formula: 'N*(C) = a C^p, D*(C) = b C^q, L*(C) = E + A / C^alpha',
  estimates: () => estimates,
  measured: ({ flops, parameters }: Optimum, constants: ComputeOptimalConstants) => [
    { observed: parameters, predicted: sizeAt(constants, flops), at: flops },
  ],
  compute: ({ flops }: Optimum) => flops,
  quantity: 'parameters',
  predict: question(asks, (query, fit: Fit) => {
    const { settings, expected, warnings } = best(query, fit);
    return { values: [...settings, ...expected], warnings };
  }),
  suggest: question(asks, best),
  members: ({ fitted }: Fit) => ({
    /** The best size found at each compute fitted on. */
    optima: fitted,
  }),
  saved: {
    constants: lines,
    unit: positiveNumbers('flops', 'parameters', 'tokens', 'loss', 'logStandardError'),
    details: z.looseObject({
      curves: z.array(z.looseObject({ name: z.string(), x: z.array(z.number()), loss: z.array(z.number()) })),
    }),
  },
};

/** The weighted sum of squared residuals of log N*: what the line of the best size minimizes. */
export function squaredResiduals(constants: ComputeOptimalConstants, optima: readonly Optimum[]): number {
  const residuals = optima.map(
    ({ flops, parameters, logStandardError }) =>
      Math.log(sizeAt(constants, flops) / parameters) / logStandardError,
  );
  return dot(residuals, residuals);
}

/** How far past the largest compute the line is drawn. */
const beyond = 100;

/**
 * The losses of the runs with the lowest points, the residuals of N*, and the line of N* beyond the data.
 *
 * @param over what the losses are drawn over
 */
export function computeOptimalCharts(fit: Fit, title: string, over: 'size' | 'flops'): LawChart[] {
  const all = [...fit.fitted, ...fit.heldOut];
  const ends = [all[0]!.flops, beyond * all.at(-1)!.flops];
  const kinds = over === 'size' ? (['points', 'line'] as const) : (['line', 'points'] as const);
  const curves: ChartSeries[] = fit.details.curves.map(({ name, x, loss }) => ({
    kind: kinds[0],
    name,
    x,
    y: loss,
  }));
  const lowest = points('lowest', all, ({ parameters, flops, loss }) => [
    over === 'size' ? parameters : flops,
    loss,
  ]);
  return [
    {
      ...{ kind: 'fit', title, x: axes[over], y: axes.loss },
      series: [...curves, { ...lowest, kind: kinds[1] } as ChartSeries],
    },
    residuals(fit, axes.flops, 'Residuals of the best size over compute', {
      ...axes.residual,
      name: 'log N* of the line - log N* found',
    }),
    {
      ...{ kind: 'extrapolation', title: 'Best size for a compute', x: axes.flops, y: axes.size },
      series: [
        ...bothSides(fit, ({ flops, parameters }) => [flops, parameters]),
        { kind: 'line', name: 'line', x: ends, y: ends.map((flops) => sizeAt(fit.constants, flops)) },
      ],
    },
  ];
}

/** Fits of laws of the compute-optimal size and tokens. */
export type ComputeOptimalFit = Fit & ReturnType<typeof computeOptimal.members>;
