import { flopsPerParameterToken } from '../../compute.ts';
import { type ChinchillaConstants, chinchillaLoss } from './surface.ts';

/** A size and a number of tokens, and the loss a law expects of them. */
export interface Allocation {
  readonly parameters: number;
  readonly tokens: number;
  /** Nats a token. */
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
  const tokens = pairs / parameters;
  return { parameters, tokens, loss: chinchillaLoss(constants, { parameters, tokens }) };
}

/**
 * The least compute in FLOPs that reaches a loss, by the law.
 *
 * @throws Error when the loss is not above E, which no compute reaches
 */
export function flopsForLoss(constants: ChinchillaConstants, loss: number): number {
  if (!(loss > constants.E)) {
    throw new Error(
      `chinchilla: a loss of ${loss} is out of reach: by this fit no run gets to E = ${constants.E.toPrecision(4)}`,
    );
  }
  // Along the optimum both terms are powers of C with the same exponent, so the loss less E is one power law.
  const { alpha, beta } = constants;
  const exponent = (alpha * beta) / (alpha + beta);
  const reducible = optimalAllocation(constants, flopsPerParameterToken).loss - constants.E;
  return flopsPerParameterToken * (reducible / (loss - constants.E)) ** (1 / exponent);
}
