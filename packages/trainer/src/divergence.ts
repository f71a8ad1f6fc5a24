/** When a run counts as diverged. */
export interface DivergenceOptions {
  /** How many times the loss of the first step is too much; greater than 1, by default 2. */
  readonly factor?: number | undefined;
  /** Over how many steps the loss is averaged for that, so that a short spike passes; by default 10. */
  readonly window?: number | undefined;
}

/**
 * Says why a run has diverged, or `undefined`: a loss that is not finite, or a mean of the last `window` losses above
 * `factor` times the first step's.
 *
 * @param recent losses of the last steps, at most `window`, newest last
 */
export function divergenceReason(
  step: number,
  loss: { readonly total: number; readonly crossEntropy: number },
  initialLoss: number,
  recent: readonly number[],
  { factor, window }: { readonly factor: number; readonly window: number },
): string | undefined {
  for (const value of [loss.crossEntropy, loss.total]) {
    if (!Number.isFinite(value)) return `the training loss became ${value} at step ${step}`;
  }
  if (recent.length < window) return undefined;
  const mean = recent.reduce((sum, value) => sum + value, 0) / recent.length;
  if (mean <= factor * initialLoss) return undefined;
  return (
    `the training loss averaged ${mean.toPrecision(4)} over the ${window} steps up to step ${step}, ` +
    `more than ${factor} times the ${initialLoss.toPrecision(4)} of the first step`
  );
}
