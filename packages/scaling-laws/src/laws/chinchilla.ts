import type { LogPrediction } from '../fitting/log-huber.ts';
import { gridStarts } from '../fitting/minimize.ts';
import { geometricMean, rangeOf } from '../fitting/numbers.ts';
import { axes, bothSides, line, spread } from '../law/chart-parts.ts';
import { defineLaw } from '../law/define-law.ts';
import type { FittedLaw } from '../law/fitted-law.ts';
import { formulaLaw } from '../law/formula-law.ts';
import { optional, question, requireOne } from '../law/question.ts';
import {
  checkSizeAndData,
  flopsPerParameterToken,
  type RunRow,
  runColumns,
  trainingFlops,
} from '../table/run-columns.ts';

/** A training run of a size on a number of tokens. */
export interface ChinchillaRow extends RunRow {
  /** Runs to resample together; rows of one run, such as its checkpoints, are not independent. */
  readonly run?: string | undefined;
}

/** Constants of L(N, D) = E + A / N^alpha + B / D^beta. */
export type ChinchillaConstants = Readonly<Record<'E' | 'A' | 'alpha' | 'B' | 'beta', number>>;

type SizeAndData = Pick<ChinchillaRow, 'parameters' | 'tokens'>;

/** L(N, D) in nats per token. */
export function chinchillaLoss({ E, A, alpha, B, beta }: ChinchillaConstants, run: SizeAndData): number {
  return E + A / run.parameters ** alpha + B / run.tokens ** beta;
}

/** log L = logsumexp(log E, log A - alpha log N, log B - beta log D) with its derivatives (Hoffmann et al. 2022, equation 3). */
export const chinchillaLogLoss: LogPrediction<SizeAndData> = ({ parameters, tokens }, point, gradient) => {
  const [logN, logD] = [Math.log(parameters), Math.log(tokens)];
  const [e, a, b] = [point[0]!, point[1]! - point[2]! * logN, point[3]! - point[4]! * logD];
  const largest = Math.max(a, b, e);
  const [floor, size, data] = [Math.exp(e - largest), Math.exp(a - largest), Math.exp(b - largest)];
  const sum = floor + size + data;
  gradient[0] = floor / sum;
  gradient[1] = size / sum;
  gradient[2] = (-logN * size) / sum;
  gradient[3] = data / sum;
  gradient[4] = (-logD * data) / sum;
  return largest + Math.log(sum);
};

/** A size and a number of tokens, and the loss a law expects of them. */
export interface Allocation extends SizeAndData {
  /** Nats per token. */
  readonly loss: number;
}

/**
 * The parameters and tokens of lowest loss under C = 6 N D FLOPs: N = G (C/6)^(beta/(alpha+beta)),
 * D = (C/6)^(alpha/(alpha+beta)) / G with G = (alpha A / (beta B))^(1/(alpha+beta)) (Hoffmann et al. 2022, equation 4).
 */
export function optimalAllocation(constants: ChinchillaConstants, flops: number): Allocation {
  const { A, B, alpha, beta } = constants;
  const balance = ((alpha * A) / (beta * B)) ** (1 / (alpha + beta));
  const pairs = flops / flopsPerParameterToken;
  const parameters = balance * pairs ** (beta / (alpha + beta));
  const run = { parameters, tokens: pairs / parameters };
  return { ...run, loss: chinchillaLoss(constants, run) };
}

/**
 * The least compute in FLOPs that reaches a loss.
 *
 * @throws Error when the loss is not above E, which no compute reaches
 */
function flopsForLoss(constants: ChinchillaConstants, loss: number): number {
  const { E, alpha, beta } = constants;
  if (!(loss > E)) {
    throw new Error(
      `chinchilla: a loss of ${loss} is out of reach: by this fit no run gets to E = ${E.toPrecision(4)}`,
    );
  }
  // Along the optimum both terms are powers of C with the same exponent, so the loss less E is one power law.
  const reducible = optimalAllocation(constants, flopsPerParameterToken).loss - E;
  return flopsPerParameterToken * (reducible / (loss - E)) ** ((alpha + beta) / (alpha * beta));
}

/** Floors below the lowest loss, and terms that are a small to a large share of it at the middle of the data. */
function startsAround(rows: readonly ChinchillaRow[]): ChinchillaConstants[] {
  const lowest = rangeOf(rows.map(({ loss }) => loss)).low;
  const size = geometricMean(rows.map(({ parameters }) => parameters));
  const data = geometricMean(rows.map(({ tokens }) => tokens));
  const [shares, exponents] = [
    [0.03, 0.15, 0.5],
    [0.15, 0.35, 0.7],
  ];
  return gridStarts([shares, shares, [0.3, 0.6, 0.85, 0.97], exponents, exponents]).map((values) => {
    const [a, b, e, alpha, beta] = values as [number, number, number, number, number];
    return { E: e * lowest, A: a * lowest * size ** alpha, alpha, B: b * lowest * data ** beta, beta };
  });
}

const law = formulaLaw<'E' | 'A' | 'alpha' | 'B' | 'beta', ChinchillaRow>({
  constants: {
    E: { meaning: 'loss that no model size and no data removes, nats/token' },
    A: { meaning: 'scale of the loss from too few parameters: A / N^alpha' },
    alpha: { meaning: 'exponent of the parameters', scale: 'plain', typical: [0.35, 2] },
    B: { meaning: 'scale of the loss from too few tokens: B / D^beta' },
    beta: { meaning: 'exponent of the tokens', scale: 'plain', typical: [0.37, 2] },
  },
  derived: [
    {
      name: 'sizeExponent',
      meaning: 'exponent of the compute in the best size: N ~ C^(beta / (alpha + beta))',
      of: ({ alpha, beta }) => beta / (alpha + beta),
    },
    {
      name: 'tokenExponent',
      meaning: 'exponent of the compute in the best number of tokens: D ~ C^(alpha / (alpha + beta))',
      of: ({ alpha, beta }) => alpha / (alpha + beta),
    },
  ],
  inputs: { parameters: 'size of the model', tokens: 'tokens to train it on' },
  compute: trainingFlops,
  loss: { loss: chinchillaLoss, logLoss: chinchillaLogLoss },
  starts: startsAround,
  exponents: { parameters: 'alpha', tokens: 'beta' },
});

type Fit = FittedLaw<ChinchillaConstants, ChinchillaRow>;

/** Loss of model size and data (Hoffmann et al. 2022, arXiv 2203.15556, approach 3). */
export const chinchillaLaw = defineLaw({
  ...law,
  name: 'chinchilla',
  title: 'Loss of model size and data',
  formula: 'L(N, D) = E + A / N^alpha + B / D^beta',
  source: 'Hoffmann et al. 2022, arXiv 2203.15556, approach 3',
  columns: [runColumns.parameters, runColumns.tokens, runColumns.loss, runColumns.flops, runColumns.run],
  check: checkSizeAndData,
  suggest: question(
    {
      flops: optional('training compute to spend'),
      loss: optional('loss to reach with the least compute'),
    },
    ({ flops, loss }, fit: Fit) => {
      requireOne('chinchilla', { flops, loss });
      const budget = (constants: ChinchillaConstants) => flops ?? flopsForLoss(constants, loss!);
      const best = (constants: ChinchillaConstants) => optimalAllocation(constants, budget(constants));
      const { parameters, tokens } = best(fit.constants);
      return {
        settings: [
          fit.value('parameters', 'parameters', (constants) => best(constants).parameters),
          fit.value('tokens', 'tokens', (constants) => best(constants).tokens),
        ],
        expected: [
          fit.value('loss', 'nats/token', (constants) => best(constants).loss),
          fit.value('flops', 'FLOPs', budget),
        ],
        reason: 'the lowest loss of the fitted surface where 6 N D is the compute',
        warnings: fit.outside({ parameters, tokens }),
      };
    },
  ),
  charts: (fit: Fit) => {
    const { low, high } = rangeOf([...fit.fitted, ...fit.heldOut].map(trainingFlops));
    const compute = spread(low, 100 * high);
    return [
      ...law.charts(fit),
      {
        kind: 'extrapolation',
        title: 'Lowest loss for a compute',
        ...{ x: axes.flops, y: axes.loss },
        series: [
          ...bothSides(fit, (run) => [trainingFlops(run), run.loss]),
          line('best size and tokens, by the fit', compute, (c) => optimalAllocation(fit.constants, c).loss),
        ],
      },
    ];
  },
  members: (fit) => ({
    /** Loss in nats per token of a run of a size on a number of tokens. */
    loss: (run: SizeAndData) => chinchillaLoss(fit.constants, run),
    /** The parameters and tokens of lowest loss under C = 6 N D FLOPs. */
    optimum: (flops: number) => optimalAllocation(fit.constants, flops),
  }),
});

/** The fit of {@link chinchillaLaw}. */
export type ChinchillaFit = ReturnType<typeof chinchillaLaw.restore>;
