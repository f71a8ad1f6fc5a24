import {
  abs,
  add,
  div,
  type Expression,
  equal,
  greater,
  lerp,
  log,
  mean,
  minimum,
  mul,
  type Operand,
  pow,
  sqrt,
  square,
  sub,
  sum,
  where,
} from './expression.ts';

/** Below this, squared gradients vanish in float32 while epsilon still is less than the root of their mean. */
const smallestFloat32Epsilon = 1e-15;

/**
 * One step of a moving average, `decay * average + (1 - decay) * observed`; with a decay of 0 an average that has overflowed
 * leaves no trace, which `lerp` would turn into NaN.
 */
export function movingAverage(observed: Expression, average: Expression, decay: Operand): Expression {
  return where(equal(decay, 0), observed, lerp(observed, average, decay));
}

/**
 * A move divided by the root of a second moment and epsilon, but 0 where the second moment is 0: with an epsilon so small that
 * float32 could divide by nothing, or one that is not constant, no gradient means no move. Costs nothing with any other.
 *
 * @param epsilon what `context.constant('epsilon')` says
 */
export function withoutVanished(
  move: Expression,
  secondMoment: Expression,
  epsilon: number | undefined,
): Expression {
  // Not "greater than 0", which a NaN is not: it would become a weight that stays where it is.
  return (epsilon ?? 0) < smallestFloat32Epsilon ? where(equal(secondMoment, 0), 0, move) : move;
}

/**
 * The 2-norm of a whole tensor, in a shape that broadcasts to it. Relative to the mean magnitude, whose squares float32 holds also
 * where those of the elements overflow or vanish.
 */
export function euclideanNorm(x: Expression): Expression {
  const unit = mean(abs(x));
  return where(greater(unit, 0), mul(unit, sqrt(sum(square(div(x, unit))))), unit);
}

/** Beyond this, `1 - exp(-x)` is 1 in float32. */
const largestExponent = 20;
/** How often that is halved, to where a quotient of polynomials is near the exponential. */
const halvings = 3;

/**
 * `1 - base ** count`, by which bias correction divides a moving average of `count` observations.
 *
 * Where the count is a number of the step it is calculated in float64. A count that is on a device, in float32, leaves no more than five
 * digits of a difference from a power as near to 1 as 0.999; this is right to 4e-7 of it, and without a power, so that the plan is
 * compiled.
 *
 * @param base a scalar from 0 to 1, such as `beta2`
 * @param count not negative
 */
export function oneMinusPower(base: Expression, count: Expression): Expression {
  if (count.shape === null) return sub(1, pow(base, count));
  // 1 - exp(-x), where x = -log(base) count: the logarithm is that of a scalar, in float64.
  const largest = largestExponent / 2 ** halvings;
  const rate = minimum(div(sub(0, log(base)), 2 ** halvings), largest);
  const x = minimum(mul(rate, count), largest);
  // By the Padé approximant [3/3] of exp. What it is off by where x is large shrinks below: 4e-8 of the result are left.
  const squared = square(x);
  const odd = mul(x, add(1, div(squared, 60)));
  const even = add(1, div(squared, 10));
  let share = div(odd, add(even, div(odd, 2)));
  // With q = 1 - share, 1 - q^2 = (1 - q) (1 + q).
  for (let halving = 0; halving < halvings; halving++) share = mul(share, sub(2, share));
  return share;
}
