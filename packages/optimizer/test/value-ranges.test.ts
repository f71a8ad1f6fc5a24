import { expect, it } from 'vitest';
import {
  abs,
  add,
  div,
  type Expression,
  equal,
  exp,
  floor,
  greater,
  likeParameter,
  log,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  pow,
  sign,
  sqrt,
  square,
  sub,
  sum,
  transform,
  where,
} from '../src/index.ts';
import { scalarSymbol, tensorSymbol } from '../src/rule/expression.ts';
import { nonNegativeSlots } from '../src/rule/signs.ts';

const [g, a, b] = ['gradient', 'a', 'b'].map((name) => tensorSymbol(name, [4])) as [
  Expression,
  Expression,
  Expression,
];
/** From 0 to 1, and whatever number. */
const [beta, free] = [scalarSymbol('beta'), scalarSymbol('free')];
const [step, iteration, decay] = ['step', 'iteration', 'weightDecay'].map(scalarSymbol) as [
  Expression,
  Expression,
  Expression,
];
const hyperparameters = {
  beta: { default: 0.5, minimum: 0, maximum: 1, description: '' },
  below: { default: 0.5, minimum: 0, below: 1, description: '' },
  free: { default: 0.5, description: '' },
};
/** Elements that are 0 or 1, and -2 or -1. */
const bit = greater(g, 0);
const negative = sub(-1, bit);
/** From -3 to -2. */
const low = sub(-2, beta);
const unknown = { name: 'unknown', shape: [4], onTensors: () => null!, inFloat64: () => null! };

/** An expression, what it is made of that `a` and `b` are at least 0, and whether that makes it so. */
it.each<[string, Expression, boolean]>([
  ['a', a, true],
  ['-a', neg(a), false],
  ['-(-a)', neg(neg(a)), true],
  ['|g|', abs(g), true],
  ['|x| - 2 for x in [-3, -2]', sub(abs(low), 2), true],
  ['|x| - 2.5 for x in [-3, -2]', sub(abs(low), 2.5), false],
  ['3 - |x| for x in [-3, -2]', sub(3, abs(low)), true],
  ['2.5 - |x| for x in [-3, -2]', sub(2.5, abs(low)), false],
  ['|x| - 2 for x in [2, 3]', sub(abs(add(beta, 2)), 2), true],
  ['sign g', sign(g), false],
  ['sign a', sign(a), true],
  ['sign (a + 1) - 1', sub(sign(add(a, 1)), 1), true],
  ['1 - sign g', sub(1, sign(g)), true],
  ['root of g', sqrt(g), true],
  ['root of x - 1.7 for x in [3, 4]', sub(sqrt(add(beta, 3)), 1.7), true],
  ['root of x - 1.8 for x in [3, 4]', sub(sqrt(add(beta, 3)), 1.8), false],
  ['2 - root of x for x in [3, 4]', sub(2, sqrt(add(beta, 3))), true],
  ['1.9 - root of x for x in [3, 4]', sub(1.9, sqrt(add(beta, 3))), false],
  ['minus the root of what is negative', neg(sqrt(low)), true],
  ['g squared', square(g), true],
  ['x^2 - 4 for x in [-3, -2]', sub(square(low), 4), true],
  ['x^2 - 5 for x in [-3, -2]', sub(square(low), 5), false],
  ['9 - x^2 for x in [-3, -2]', sub(9, square(low)), true],
  ['8 - x^2 for x in [-3, -2]', sub(8, square(low)), false],
  ['e^g', exp(g), true],
  ['e^x - 1 for x in [0, 1]', sub(exp(beta), 1), true],
  ['e^x - 1.5 for x in [0, 1]', sub(exp(beta), 1.5), false],
  ['3 - e^x for x in [0, 1]', sub(3, exp(beta)), true],
  ['2 - e^x for x in [0, 1]', sub(2, exp(beta)), false],
  ['log a', log(a), false],
  ['log of what is at least 2', log(add(a, 2)), false],
  ['floor a', floor(a), true],
  ['floor g', floor(g), false],
  ['floor x - 1 for x in [1.5, 2.5]', sub(floor(add(beta, 1.5)), 1), true],
  ['floor x - 1.5 for x in [1.5, 2.5]', sub(floor(add(beta, 1.5)), 1.5), false],
  ['2 - floor x for x in [1.5, 2.5]', sub(2, floor(add(beta, 1.5))), true],
  ['a + b', add(a, b), true],
  ['a - 1', add(a, -1), false],
  ['x - 1 + 1', add(sub(beta, 1), 1), true],
  ['2 - (x + 1)', sub(2, add(beta, 1)), true],
  ['1.9 - (x + 1)', sub(1.9, add(beta, 1)), false],
  ['1 - beta', sub(1, beta), true],
  ['0.9 - beta', sub(0.9, beta), false],
  ['beta - 1', sub(beta, 1), false],
  ['1 - below', sub(1, scalarSymbol('below')), true],
  ['a number of any size', mul(a, free), false],
  ['a number that is not known', mul(a, scalarSymbol('other')), false],
  ['step - 1', sub(step, 1), true],
  ['step - 2', sub(step, 2), false],
  ['iteration - 1', sub(iteration, 1), true],
  ['iteration - 2', sub(iteration, 2), false],
  ['a times the weight decay', mul(a, decay), true],
  ['weight decay - 1', sub(decay, 1), false],
  ['a product of two negative ones', mul(neg(a), neg(b)), true],
  ['a product of a negative one', mul(neg(a), b), false],
  ['a product with any', mul(a, g), false],
  ['3 - 3 x', sub(3, mul(beta, 3)), true],
  ['2 - 3 x', sub(2, mul(beta, 3)), false],
  ['2 + (-x) 2', add(2, mul(neg(beta), 2)), true],
  ['1 + (-x) 2', add(1, mul(neg(beta), 2)), false],
  ['0 times any', mul(0, g), true],
  ['any times 0', mul(g, 0), true],
  ['a product of any with itself', mul(g, g), true],
  ['a / b', div(a, b), true],
  ['a / g', div(a, g), false],
  ['g / a', div(g, a), false],
  ['a to any power', pow(a, g), true],
  ['g to the power 2', pow(g, 2), false],
  ['1 - beta to the power of the step', sub(1, pow(beta, step)), true],
  ['1 - beta to any power', sub(1, pow(beta, g)), false],
  ['1 - (1 + beta) to the power of the step', sub(1, pow(add(beta, 1), step)), false],
  ['the smaller of two', minimum(a, b), true],
  ['the smaller of any', minimum(a, g), false],
  ['2 - the smaller of a and 2', sub(2, minimum(a, 2)), true],
  ['2 - the smaller of a and 3', sub(2, minimum(a, 3)), false],
  ['the larger of any and 0', maximum(g, 0), true],
  ['the larger of any two', maximum(g, free), false],
  ['the larger of any and 2, less 2', sub(maximum(g, 2), 2), true],
  ['the larger of any and 2, less 2.5', sub(maximum(g, 2), 2.5), false],
  ['2 - the larger of beta and 2', sub(2, maximum(beta, 2)), true],
  ['1 - the larger of beta and 2', sub(1, maximum(beta, 2)), false],
  ['whether it is greater', greater(g, 1), true],
  ['1 - whether it is greater', sub(1, greater(g, 1)), true],
  ['whether it is greater, less 0.5', sub(greater(g, 1), 0.5), false],
  ['1 - whether it is equal', sub(1, equal(g, 1)), true],
  ['either of two', where(g, a, b), true],
  ['either, of which one is negative', where(g, a, neg(b)), false],
  ['either, of which the other is negative', where(g, neg(a), b), false],
  ['2 - either of beta and 2', sub(2, where(g, beta, 2)), true],
  ['2 - either of beta and 3', sub(2, where(g, beta, 3)), false],
  ['a mean', mean(a), true],
  ['a mean of any', mean(g), false],
  ['1 - a mean of bits', sub(1, mean(bit)), true],
  ['0.5 - a mean of bits', sub(0.5, mean(bit)), false],
  ['a sum', sum(a), true],
  ['a sum of any', sum(g), false],
  ['1 - a sum of bits', sub(1, sum(bit)), false],
  ['minus a sum of what is negative', neg(sum(neg(a))), true],
  ['a sum of what is negative', sum(negative), false],
  // A mean over no elements is 0, whatever they would be.
  ['minus a mean of -2 and -1', neg(mean(negative)), true],
  ['minus a mean of -2 and -1, less 1', sub(neg(mean(negative)), 1), false],
  ['2 + a mean of -2 and -1', add(2, mean(negative)), true],
  ['a mean of 1 and 2, less 1', sub(mean(add(bit, 1)), 1), false],
  ['2 - a mean of 1 and 2', sub(2, mean(add(bit, 1))), true],
  ['a transform', transform(unknown, [a]), false],
])('%s is never negative: %s', (_, expression, isNonNegative) => {
  const slots = { a: likeParameter, b: likeParameter, result: likeParameter };
  const proven = nonNegativeSlots(slots, [{ a, b, result: expression }], hyperparameters);
  expect([...proven]).toEqual(isNonNegative ? ['a', 'b', 'result'] : ['a', 'b']);
});

it('a slot that begins at a number of at least 0 may never be negative, and one that begins below 0 is', () => {
  const at = (initial: number) => ({ shape: 'parameter', initial }) as const;
  const slots = { zero: at(0), half: at(0.5), below: at(-0.5) };
  expect([...nonNegativeSlots(slots, [{}], {})]).toEqual(['zero', 'half']);
});
