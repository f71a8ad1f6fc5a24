import {
  abs,
  div,
  type Expression,
  equal,
  greater,
  lerp,
  mean,
  mul,
  type Operand,
  sqrt,
  square,
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
