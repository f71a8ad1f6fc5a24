/**
 * The corners of straight lines that follow a list of rates to within a tolerance (Ramer 1972; Douglas and Peucker 1973,
 * with distance measured in the rate).
 *
 * @returns `[step, rate]` of each corner; the first step is 1
 */
export function cornersOf(rates: ArrayLike<number>, tolerance: number): [number, number][] {
  const kept = new Set([0, rates.length - 1]);
  const open: [number, number][] = [[0, rates.length - 1]];
  for (let range = open.pop(); range !== undefined; range = open.pop()) {
    const [from, to] = range;
    let farthest = from;
    let largest = tolerance;
    for (let index = from + 1; index < to; index++) {
      const line = rates[from]! + ((rates[to]! - rates[from]!) * (index - from)) / (to - from);
      const distance = Math.abs(rates[index]! - line);
      if (distance > largest) [farthest, largest] = [index, distance];
    }
    if (farthest === from) continue;
    kept.add(farthest);
    open.push([from, farthest], [farthest, to]);
  }
  return [...kept].sort((a, b) => a - b).map((index) => [index + 1, rates[index]!]);
}
