import {
  add,
  div,
  type Expression,
  greater,
  maximum,
  mean,
  mul,
  type Shape,
  sign,
  sub,
  sum,
  where,
} from './expression.ts';

/**
 * How cautious updates make up for what they leave out: divided by the mean of their mask (at least 1e-3), or multiplied by
 * the size of the tensor and divided by the count of the mask and 1.
 */
export type CautiousScale = 'mean' | 'count';

/** The smallest mean of a mask that an update is divided by: that of the authors' code. */
const smallestMean = 1e-3;

/**
 * The new value of a parameter whose update is kept only where it goes against the gradient, and scaled up for what is left out
 * of it (Liang et al. 2024, arXiv 2411.16085, algorithm 1).
 *
 * @param updated What the rule makes of the parameter: `parameter - update`, chosen by `where` if need be.
 * @param tensors The parameter before the update, and the gradient that the rule saw.
 * @param shape That of both.
 * @throws Error if the rule's update cannot be told from the parameter.
 */
export function cautious(
  updated: Expression,
  { parameter, gradient }: { readonly parameter: Expression; readonly gradient: Expression },
  shape: Shape,
  scale: CautiousScale,
): Expression {
  const size = shape.reduce((product, length) => product * length, 1);
  const masked = (update: Expression): Expression => {
    // Of signs, since the product of small numbers would be 0.
    const mask = greater(mul(sign(update), sign(gradient)), 0);
    const share =
      scale === 'mean'
        ? div(mask, maximum(mean(mask), smallestMean))
        : mul(mask, div(size, add(sum(mask), 1)));
    return mul(share, update);
  };
  /** The parameter itself, or that shrunk by weight decay. */
  const isKept = (node: Expression): boolean =>
    node === parameter ||
    (node.kind === 'binary' && node.operation === 'mul' && [node.left, node.right].includes(parameter));
  const visit = (node: Expression): Expression => {
    if (isKept(node)) return node;
    if (node.kind === 'where') return where(node.condition, visit(node.whenTrue), visit(node.whenFalse));
    if (node.kind === 'binary' && node.operation === 'sub' && isKept(node.left)) {
      return sub(node.left, masked(node.right));
    }
    // A proximal decay divides what the update has left.
    if (node.kind === 'binary' && node.operation === 'div' && node.right.shape === null) {
      return div(visit(node.left), node.right);
    }
    throw new Error('its new parameter is not the parameter less an update');
  };
  return visit(updated);
}
