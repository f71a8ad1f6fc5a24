import type { TrainingOptimizer } from './interfaces.ts';

/**
 * Does something with the weights that an optimizer is evaluated by: an algorithm such as Schedule-free AdamW trains at one point
 * and means another, the average that it keeps (Defazio et al. 2024, arXiv 2405.15682). The training weights come back whatever
 * happens.
 */
export async function withEvaluatedWeights<T>(
  optimizer: TrainingOptimizer,
  evaluate: () => Promise<T>,
): Promise<T> {
  const isAverage = optimizer.describe?.().capabilities.average === true;
  if (!isAverage || optimizer.swapInAverage === undefined || optimizer.swapOutAverage === undefined) {
    return evaluate();
  }
  optimizer.swapInAverage();
  try {
    return await evaluate();
  } finally {
    optimizer.swapOutAverage();
  }
}
