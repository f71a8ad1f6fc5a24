/**
 * Probability that |T| is at least `t` for Student's t distribution: the p-value of a two-sided test.
 * With x = v / (v + t^2) it is the regularized incomplete beta function I_x(v/2, 1/2) (Abramowitz and Stegun 1964,
 * equation 26.7.1).
 * @param degreesOfFreedom positive, need not be whole
 */
export function twoSidedProbability(t: number, degreesOfFreedom: number): number {
  if (Number.isNaN(t) || !(degreesOfFreedom > 0)) return Number.NaN;
  const square = t * t;
  if (square === Number.POSITIVE_INFINITY) return 0;
  return incompleteBeta(
    degreesOfFreedom / 2,
    0.5,
    degreesOfFreedom / (degreesOfFreedom + square),
    square / (degreesOfFreedom + square),
  );
}

/**
 * Half of the width of a confidence interval in standard errors: the t with P(|T| <= t) = confidence for Student's t
 * distribution, the inverse of {@link twoSidedProbability}.
 *
 * @param confidence between 0 and 1, both excluded
 * @param degreesOfFreedom positive, need not be whole
 */
export function studentT(confidence: number, degreesOfFreedom: number): number {
  const root = Math.sqrt(degreesOfFreedom);
  // As an angle, t is bounded, and halving reaches its last bit in 60 rounds.
  let [low, high] = [0, Math.PI / 2];
  for (let round = 0; round < 60; round += 1) {
    const middle = (low + high) / 2;
    if (twoSidedProbability(root * Math.tan(middle), degreesOfFreedom) > 1 - confidence) low = middle;
    else high = middle;
  }
  return root * Math.tan((low + high) / 2);
}

/** I_x(a, b), given x and 1 - x, so that neither loses digits when the other is near 1. */
function incompleteBeta(a: number, b: number, x: number, complement: number): number {
  if (x === 0) return 0;
  if (complement === 0) return 1;
  const front = Math.exp(
    logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(complement),
  );
  // The fraction converges fast on this side of the mean; the other side follows from I_x(a, b) = 1 - I_(1-x)(b, a).
  return x < (a + 1) / (a + b + 2)
    ? (front * continuedFraction(a, b, x)) / a
    : 1 - (front * continuedFraction(b, a, complement)) / b;
}

/** The fraction of equation 26.5.8 in Abramowitz and Stegun, evaluated forwards by Lentz's method (1976). */
function continuedFraction(a: number, b: number, x: number): number {
  const smallest = 1e-300;
  const bounded = (value: number) => (Math.abs(value) < smallest ? smallest : value);
  let c = 1;
  let d = 1 / bounded(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m <= 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / bounded(1 + even * d);
    c = bounded(1 + even / c);
    value *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / bounded(1 + odd * d);
    c = bounded(1 + odd / c);
    value *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return value;
}

/** log Gamma(x) for x > 0: Stirling's series, after the recurrence has lifted x to where seven terms suffice. */
function logGamma(x: number): number {
  let shift = 0;
  while (x < 15) {
    shift -= Math.log(x);
    x += 1;
  }
  const terms = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360_360, 1 / 156];
  const series = terms.reduceRight((sum, term) => sum / (x * x) + term, 0) / x;
  return shift + (x - 0.5) * Math.log(x) - x + Math.log(2 * Math.PI) / 2 + series;
}
