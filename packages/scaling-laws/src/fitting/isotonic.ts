/** Neighboring values that were pooled into their mean. */
export interface Pool {
  readonly first: number;
  readonly count: number;
  readonly mean: number;
}

/**
 * Isotonic regression: the non-increasing values nearest to given ones in the least-squares sense, by pooling adjacent
 * violators (Ayer et al. 1955).
 *
 * @param strictly pools equal neighbors too, so that each pool lies below the one before it
 */
export function nonIncreasingPools(values: ArrayLike<number>, strictly = false): Pool[] {
  const pools: Pool[] = [];
  for (let index = 0; index < values.length; index += 1) {
    let pool: Pool = { first: index, count: 1, mean: values[index]! };
    for (let last = pools.at(-1); last !== undefined && violates(last, pool, strictly); last = pools.at(-1)) {
      pools.pop();
      const count = last.count + pool.count;
      pool = { first: last.first, count, mean: (last.mean * last.count + pool.mean * pool.count) / count };
    }
    pools.push(pool);
  }
  return pools;
}

function violates(before: Pool, after: Pool, strictly: boolean): boolean {
  return before.mean < after.mean || (strictly && before.mean === after.mean);
}

/** The non-increasing values nearest to given ones between two bounds, which is the projection onto both constraints. */
export function nearestNonIncreasing(values: ArrayLike<number>, low: number, high: number): Float64Array {
  const result = new Float64Array(values.length);
  for (const { first, count, mean } of nonIncreasingPools(values)) {
    result.fill(Math.min(high, Math.max(low, mean)), first, first + count);
  }
  return result;
}
