/**
 * Constants of the law of Kaplan et al. 2020 (arXiv 2001.08361, equations 1.4 and 5.3 to 5.6) as Su et al. 2024
 * (arXiv 2403.06563) estimate them: a term of the model, one of the steps, and one of the batch.
 */
export interface SuConstants {
  /** N_c, in parameters. */
  readonly Nc: number;
  /** alpha_N, exponent of the model size. */
  readonly alphaN: number;
  /** S_c, in steps. */
  readonly Sc: number;
  /** alpha_S, exponent of the steps. */
  readonly alphaS: number;
  /** B_*, in tokens: the critical batch at a loss of 1 nat. */
  readonly Bstar: number;
  /** alpha_B; the critical batch falls with the loss to the power 1 / alpha_B. */
  readonly alphaB: number;
}

/** A point of a training run. `parameters` is counted as the law's data were, `batchTokens` is a step's. */
export interface TrainingPoint {
  readonly parameters: number;
  /** Steps done; `Infinity` for the end of a run without end. */
  readonly steps: number;
  /** Tokens per step; `Infinity` for the batch that wastes no step. */
  readonly batchTokens: number;
}

/** A loss that a model is to reach. */
export interface LossGoal {
  readonly parameters: number;
  /** In nats per token. */
  readonly loss: number;
}

/** The same with a batch. */
export type BatchGoal = LossGoal & Pick<TrainingPoint, 'batchTokens'>;

/** The constants of the critical batch. */
export type BatchConstants = Pick<SuConstants, 'Bstar' | 'alphaB'>;

/** Logarithms that fix a point of a trajectory: loss = model + step (1 + B_crit(loss) / B)^alpha_S. */
export interface LogTerms {
  /** Log of the model's term, the loss that more steps never reach. */
  readonly model: number;
  /** Log of the steps' term at a boundless batch. */
  readonly step: number;
  readonly alphaS: number;
  /** Log of B_crit / B at a loss of 1. */
  readonly batch: number;
  /** 1 / alpha_B. */
  readonly batchSlope: number;
}

/** Solution of the trajectory's equation, with the parts that its derivatives need. */
export interface LogLoss {
  readonly logLoss: number;
  /** Share of the steps' term in the loss. */
  readonly stepShare: number;
  /** Log of 1 + B_crit / B. */
  readonly logPenalty: number;
  /** B_crit / (B + B_crit), the share of the steps that the batch wastes. */
  readonly waste: number;
}

const mostIterations = 100;

/**
 * Solves x = log(model + step (1 + B_crit(e^x) / B)^alpha_S) for x, the log of the loss.
 *
 * x minus the right-hand side rises and is concave in x, so Newton's method, started at the loss of a boundless batch,
 * climbs to the only root without overshooting it, however small the batch.
 */
export function solveLogLoss({ model, step, alphaS, batch, batchSlope }: LogTerms): LogLoss {
  let x = logSum(model, step);
  for (let iteration = 0; ; iteration += 1) {
    const logRatio = batch - batchSlope * x;
    const logPenalty = softplus(logRatio);
    const logStep = step + alphaS * logPenalty;
    const right = logSum(model, logStep);
    const stepShare = Math.exp(logStep - right);
    const waste = 1 / (1 + Math.exp(-logRatio));
    const move = (right - x) / (1 + stepShare * alphaS * waste * batchSlope);
    if (x > Number.NEGATIVE_INFINITY) x += move;
    const isSolved = !(Math.abs(move) > 4e-16 * Math.max(1, Math.abs(x)));
    if (isSolved || iteration === mostIterations) {
      return { logLoss: x, stepShare, logPenalty, waste };
    }
  }
}

/** log(e^a + e^b) without overflow. */
function logSum(a: number, b: number): number {
  const larger = Math.max(a, b);
  return larger === Number.NEGATIVE_INFINITY ? larger : larger + Math.log1p(Math.exp(-Math.abs(a - b)));
}

/** log(1 + e^a) without overflow. */
function softplus(a: number): number {
  return Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a)));
}

/**
 * Loss of a model after a number of steps of a batch: the L that solves
 * `L = (Nc / N)^alphaN + (Sc / Smin)^alphaS` with `Smin = S / (1 + Bcrit(L) / B)`.
 *
 * @returns nats per token
 * @throws Error when the point is not made of positive numbers
 */
export function trajectoryLoss(
  constants: SuConstants,
  { parameters, steps, batchTokens }: TrainingPoint,
): number {
  requirePositive({ parameters, steps, batchTokens });
  const { Nc, alphaN, Sc, alphaS, Bstar, alphaB } = constants;
  const { logLoss } = solveLogLoss({
    model: alphaN * Math.log(Nc / parameters),
    step: alphaS * Math.log(Sc / steps),
    alphaS,
    batch: Math.log(Bstar / batchTokens),
    batchSlope: 1 / alphaB,
  });
  return Math.exp(logLoss);
}

/**
 * Loss that a model comes down to with steps without end: `(Nc / N)^alphaN`.
 *
 * @throws Error when `parameters` is not a positive number
 */
export function minimumLoss({ Nc, alphaN }: Pick<SuConstants, 'Nc' | 'alphaN'>, parameters: number): number {
  requirePositive({ parameters });
  return (Nc / parameters) ** alphaN;
}

/**
 * Batch, in tokens, at which a loss takes twice the steps of a boundless batch and twice the tokens of a vanishing one:
 * `Bstar / L^(1 / alphaB)`.
 *
 * @throws Error when `loss` is not a positive number
 */
export function criticalBatch({ Bstar, alphaB }: BatchConstants, loss: number): number {
  requirePositive({ loss });
  return Bstar / loss ** (1 / alphaB);
}

/**
 * Fewest steps to a loss, at a boundless batch: `Smin = Sc / (L - (Nc / N)^alphaN)^(1 / alphaS)`.
 *
 * @throws Error when the model never reaches the loss; the message says which loss it comes down to
 */
export function minimumSteps(constants: SuConstants, { parameters, loss }: LossGoal): number {
  requirePositive({ loss });
  const least = minimumLoss(constants, parameters);
  if (loss <= least) {
    throw new Error(
      `su: a model of ${parameters} parameters comes down to a loss of ${least.toPrecision(6)} by this law, ` +
        `so it never reaches ${loss}`,
    );
  }
  return constants.Sc / (loss - least) ** (1 / constants.alphaS);
}

/**
 * Fewest tokens to a loss, at a vanishing batch: `Emin = Smin Bcrit(L)`.
 *
 * @throws Error when the model never reaches the loss
 */
export function minimumTokens(constants: SuConstants, goal: LossGoal): number {
  return minimumSteps(constants, goal) * criticalBatch(constants, goal.loss);
}

/**
 * Steps of a batch to a loss: `S = Smin (1 + Bcrit(L) / B)`.
 *
 * @throws Error when the model never reaches the loss or the batch is not a positive number
 */
export function stepsToLoss(constants: SuConstants, goal: BatchGoal): number {
  requirePositive({ batchTokens: goal.batchTokens });
  return minimumSteps(constants, goal) * (1 + criticalBatch(constants, goal.loss) / goal.batchTokens);
}

/**
 * Tokens that a batch reads on the way to a loss: `E = Emin (1 + B / Bcrit(L))`, so that
 * `(S / Smin - 1) (E / Emin - 1) = 1`.
 *
 * @throws Error when the model never reaches the loss or the batch is not a positive number
 */
export function tokensToLoss(constants: SuConstants, goal: BatchGoal): number {
  requirePositive({ batchTokens: goal.batchTokens });
  return minimumTokens(constants, goal) * (1 + goal.batchTokens / criticalBatch(constants, goal.loss));
}

function requirePositive(values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!(value > 0)) throw new Error(`su: ${name} must be a positive number, got ${value}`);
  }
}
