/**
 * Akima's interpolation (1970, J. ACM 17, 589-602): a cubic between each two points, whose slopes at a point follow the
 * neighboring chords, so that one bad point bends the curve only nearby. Chords beyond the ends are extrapolated linearly.
 *
 * @param x ascending, all different; at least two
 * @param y as many values
 * @returns the value of the curve at a place within the points
 */
export function akima(x: ArrayLike<number>, y: ArrayLike<number>): (at: number) => number {
  const chords = extendedChords(x, y);
  const slopes = Array.from(x, (_, index) => slopeAt(chords, index));
  return (at) => {
    let left = 0;
    while (left < x.length - 2 && at > x[left + 1]!) left += 1;
    const width = x[left + 1]! - x[left]!;
    const chord = chords[left + 2]!;
    const offset = at - x[left]!;
    const quadratic = (3 * chord - 2 * slopes[left]! - slopes[left + 1]!) / width;
    const cubic = (slopes[left]! + slopes[left + 1]! - 2 * chord) / width ** 2;
    return y[left]! + offset * (slopes[left]! + offset * (quadratic + offset * cubic));
  };
}

/** The slopes of the chords, with two more on either side: chord i of the points is entry i + 2. */
function extendedChords(x: ArrayLike<number>, y: ArrayLike<number>): number[] {
  const chords = Array.from(
    { length: x.length - 1 },
    (_, index) => (y[index + 1]! - y[index]!) / (x[index + 1]! - x[index]!),
  );
  const [first, second = first] = chords as [number, number?];
  const last = chords.at(-1)!;
  const beforeLast = chords.at(-2) ?? last;
  const [before, after] = [2 * first - second, 2 * last - beforeLast];
  return [2 * before - first, before, ...chords, after, 2 * after - last];
}

/** Akima's mean of the chords on both sides of a point, each weighted by the bend on the other side. */
function slopeAt(chords: readonly number[], index: number): number {
  const [a, b, c, d] = [chords[index]!, chords[index + 1]!, chords[index + 2]!, chords[index + 3]!];
  const [left, right] = [Math.abs(d - c), Math.abs(b - a)];
  // Straight on both sides, where the weights vanish.
  if (left + right <= 1e-9 * Math.max(...chords.slice(1).map((chord, i) => Math.abs(chord - chords[i]!)))) {
    return (b + c) / 2;
  }
  return (left * b + right * c) / (left + right);
}
