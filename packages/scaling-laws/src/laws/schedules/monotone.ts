/**
 * The non-increasing values nearest to given ones in the least-squares sense, kept between two bounds: the pool of adjacent
 * violators (Ayer et al. 1955), then cut off, which is the exact projection onto both constraints.
 */
export function nearestNonIncreasing(values: Float64Array, low: number, high: number): Float64Array {
  const means: number[] = [];
  const counts: number[] = [];
  for (const value of values) {
    let mean = value;
    let count = 1;
    while (means.length > 0 && means.at(-1)! < mean) {
      const before = counts.pop()!;
      mean = (mean * count + means.pop()! * before) / (count + before);
      count += before;
    }
    means.push(mean);
    counts.push(count);
  }
  const result = new Float64Array(values.length);
  let next = 0;
  means.forEach((mean, index) => {
    result.fill(Math.min(high, Math.max(low, mean)), next, next + counts[index]!);
    next += counts[index]!;
  });
  return result;
}
