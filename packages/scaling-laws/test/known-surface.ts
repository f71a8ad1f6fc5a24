/** Hoffmann et al. 2022, the constants stated for approach 3. */
export const truth = { A: 406.4, B: 410.7, E: 1.69, alpha: 0.34, beta: 0.28 };

/** Exponent of the compute in the best size. */
export const sizeExponent = truth.beta / (truth.alpha + truth.beta);

export function lossOf(parameters: number, tokens: number): number {
  return truth.E + truth.A / parameters ** truth.alpha + truth.B / tokens ** truth.beta;
}

/** The best size at a compute: G (C/6)^(beta / (alpha + beta)). */
export function bestSize(flops: number): number {
  const balance = ((truth.alpha * truth.A) / (truth.beta * truth.B)) ** (1 / (truth.alpha + truth.beta));
  return balance * (flops / 6) ** sizeExponent;
}
