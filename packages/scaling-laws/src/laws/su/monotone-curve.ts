/** A point of a loss curve in logarithms. */
interface Knot {
  readonly logSteps: number;
  readonly logLoss: number;
}

/** A loss curve made to fall everywhere, so that it passes each loss once. */
export interface MonotoneCurve {
  /** Log of the lowest and of the highest loss that it passes. */
  readonly lowest: number;
  readonly highest: number;
  /** Log of the steps at which it passes a loss between these two. */
  logStepsTo(logLoss: number): number;
}

/**
 * The falling curve nearest to a noisy one: neighbours that rise are pooled into their mean (isotonic regression by pooling
 * adjacent violators), and what lies between is a straight line in logarithms of both.
 */
export function monotoneCurve(
  points: Iterable<{ readonly steps: number; readonly loss: number }>,
): MonotoneCurve {
  const blocks: (Knot & { readonly count: number })[] = [];
  for (const { steps, loss } of [...points].sort((a, b) => a.steps - b.steps)) {
    let block = { logSteps: Math.log(steps), logLoss: Math.log(loss), count: 1 };
    for (let last = blocks.at(-1); last && last.logLoss <= block.logLoss; last = blocks.at(-1)) {
      blocks.pop();
      const count = last.count + block.count;
      const pooled = (key: keyof Knot) => (last![key] * last!.count + block[key] * block.count) / count;
      block = { logSteps: pooled('logSteps'), logLoss: pooled('logLoss'), count };
    }
    blocks.push(block);
  }
  return {
    lowest: blocks.at(-1)?.logLoss ?? Number.NaN,
    highest: blocks[0]?.logLoss ?? Number.NaN,
    logStepsTo: (logLoss) => interpolate(blocks, logLoss),
  };
}

function interpolate(knots: readonly Knot[], logLoss: number): number {
  const after = knots.findIndex((knot) => knot.logLoss <= logLoss);
  const right = knots[after];
  const left = knots[after - 1];
  if (right === undefined) return Number.NaN;
  if (left === undefined) return right.logLoss === logLoss ? right.logSteps : Number.NaN;
  const share = (left.logLoss - logLoss) / (left.logLoss - right.logLoss);
  return left.logSteps + share * (right.logSteps - left.logSteps);
}
