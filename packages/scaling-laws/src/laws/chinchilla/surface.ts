import type { LogPrediction } from '../../fitting/log-huber.ts';

/** A training run: N parameters trained on D tokens to a loss in nats per token. */
export interface ChinchillaRow {
  readonly parameters: number;
  readonly tokens: number;
  readonly loss: number;
  /** Training compute; by default 6 N D. */
  readonly flops?: number | undefined;
  /** Runs to resample together; rows of one run, such as its checkpoints, are not independent. */
  readonly run?: string | undefined;
}

/** Constants of L(N, D) = E + A / N^alpha + B / D^beta. */
export interface ChinchillaConstants {
  readonly A: number;
  readonly B: number;
  readonly E: number;
  readonly alpha: number;
  readonly beta: number;
}

/** L(N, D) in nats per token. */
export function chinchillaLoss(
  { A, B, E, alpha, beta }: ChinchillaConstants,
  { parameters, tokens }: { readonly parameters: number; readonly tokens: number },
): number {
  return E + A / parameters ** alpha + B / tokens ** beta;
}

/**
 * The coordinates of the search: [a, b, e, alpha, beta] with A = exp(a + alpha m), B = exp(b + beta n), E = exp(e), where m
 * and n are the means of log N and log D. So centred, a change of an exponent hardly moves its term, and the search is well
 * conditioned.
 */
export class ChinchillaCoordinates {
  /** Means of log N and log D. */
  readonly centreN: number;
  readonly centreD: number;

  constructor(rows: readonly ChinchillaRow[]) {
    this.centreN = mean(rows.map(({ parameters }) => Math.log(parameters)));
    this.centreD = mean(rows.map(({ tokens }) => Math.log(tokens)));
  }

  toConstants(point: ArrayLike<number>): ChinchillaConstants {
    const [a, b, e, alpha, beta] = [point[0]!, point[1]!, point[2]!, point[3]!, point[4]!];
    return {
      A: Math.exp(a + alpha * this.centreN),
      B: Math.exp(b + beta * this.centreD),
      E: Math.exp(e),
      alpha,
      beta,
    };
  }

  toPoint({ A, B, E, alpha, beta }: ChinchillaConstants): number[] {
    const a = Math.log(A) - alpha * this.centreN;
    return [a, Math.log(B) - beta * this.centreD, Math.log(E), alpha, beta];
  }

  /** Rows as {@link chinchillaLogLoss} wants them. */
  place(rows: readonly ChinchillaRow[]): PlacedRow[] {
    return rows.map(({ parameters, tokens, loss }) => ({
      x: Math.log(parameters) - this.centreN,
      y: Math.log(tokens) - this.centreD,
      loss,
    }));
  }
}

/** A row with the logarithms of N and D centred. */
export interface PlacedRow {
  readonly x: number;
  readonly y: number;
  readonly loss: number;
}

/** log L = logsumexp(a - alpha x, b - beta y, e), and its derivatives (Hoffmann et al. 2022, arXiv 2203.15556, equation 3). */
export const chinchillaLogLoss: LogPrediction<PlacedRow> = ({ x, y }, point, gradient) => {
  const [a, b, e] = [point[0]! - point[3]! * x, point[1]! - point[4]! * y, point[2]!];
  const largest = Math.max(a, b, e);
  const [sizeTerm, dataTerm, floor] = [Math.exp(a - largest), Math.exp(b - largest), Math.exp(e - largest)];
  const sum = sizeTerm + dataTerm + floor;
  gradient[0] = sizeTerm / sum;
  gradient[1] = dataTerm / sum;
  gradient[2] = floor / sum;
  gradient[3] = (-x * sizeTerm) / sum;
  gradient[4] = (-y * dataTerm) / sum;
  return largest + Math.log(sum);
};

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
