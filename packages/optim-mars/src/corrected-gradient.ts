import { frobeniusNorm } from '@steepest/matrix-rules';
import { add, div, type Expression, greater, mul, sub, where } from '@steepest/optimizer';

/** What a corrected gradient is made of. */
interface Correction {
  readonly gradient: Expression;
  /** The gradient of the step before; zeros before the first. */
  readonly previous: Expression;
  /** How much of the change since then is added. */
  readonly gamma: Expression;
  /** Decay of the momentum that the result goes to. */
  readonly beta: Expression;
}

/**
 * The gradient with its change since the last step, `c = g + gamma * beta / (1 - beta) * (g - previous)`, brought to
 * norm 1 where its norm, over the whole tensor, is larger.
 *
 * Yuan et al. 2024, arXiv 2411.10438, equations 4 and 5, in the approximate form, whose previous gradient is that of the
 * previous batch.
 */
export function correctedGradient({ gradient, previous, gamma, beta }: Correction): Expression {
  const weight = div(mul(gamma, beta), sub(1, beta));
  const corrected = add(gradient, mul(weight, sub(gradient, previous)));
  const norm = frobeniusNorm(corrected);
  return where(greater(norm, 1), div(corrected, norm), corrected);
}
