import { expect, it } from 'vitest';
import {
  abs,
  add,
  div,
  type Expression,
  lerp,
  likeParameter,
  maximum,
  mean,
  mul,
  neg,
  pow,
  sqrt,
  square,
  sub,
  where,
} from '../src/index.ts';
import { scalarSymbol, tensorSymbol } from '../src/rule/expression.ts';
import { nonNegativeSlots } from '../src/rule/signs.ts';

const [g, a, b] = ['gradient', 'a', 'b'].map((name) => tensorSymbol(name, [4])) as [
  Expression,
  Expression,
  Expression,
];
const beta = scalarSymbol('beta');
const step = scalarSymbol('step');
const beta2 = { beta: { default: 0.9, minimum: 0, below: 1, description: '' } };
const slots = { a: likeParameter, b: likeParameter };

function proven(
  outputs: Record<string, Expression>,
  hyperparameters: Parameters<typeof nonNegativeSlots>[2] = beta2,
) {
  return [...nonNegativeSlots(slots, [outputs], hyperparameters)];
}

it.each<[string, Expression, boolean]>([
  ['an average of squares', lerp(square(g), a, beta), true],
  ['an average of squares written as products', lerp(mul(g, g), a, beta), true],
  ['an average of the gradient', lerp(g, a, beta), false],
  ['a sum of magnitudes', add(a, abs(g)), true],
  ['a decaying maximum', maximum(mul(a, beta), g), true],
  ['a root of a quotient', sqrt(div(a, sub(1, pow(beta, step)))), true],
  ['a mean of squares', add(mul(a, beta), mean(square(g))), true],
  ['what is sometimes the gradient', where(beta, square(g), g), false],
  ['what is negated', neg(a), false],
  ['a difference', sub(a, square(g)), false],
])('tells from its expression whether %s is negative', (_, expression, isNonNegative) => {
  expect(proven({ a: expression, b: g })).toEqual(isNonNegative ? ['a'] : []);
});

it('gives a slot up with those that it is made of', () => {
  expect(proven({ a: mul(b, 2), b: sub(b, g) })).toEqual([]);
  expect(proven({ a: mul(b, 2), b: abs(b) })).toEqual(['a', 'b']);
});

it('reads the ranges of hyperparameters, and where a slot starts', () => {
  const outputs = { a: lerp(square(g), a, beta), b: square(g) };
  const unbounded = { beta: { default: 0.9, description: '' } };
  expect(proven(outputs, unbounded)).toEqual(['b']);
  for (const initial of [-1, 'parameter'] as const) {
    const started = { a: likeParameter, b: { shape: 'parameter', initial } as const };
    expect([...nonNegativeSlots(started, [outputs], beta2)]).toEqual(['a']);
  }
});

it('asks every function that renews a slot', () => {
  const outputs = { a: square(g), b };
  expect([...nonNegativeSlots(slots, [outputs, { b: lerp(mul(g, a), b, beta) }], beta2)]).toEqual(['a']);
  expect([...nonNegativeSlots(slots, [outputs, { b: lerp(square(g), b, beta) }], beta2)]).toEqual(['a', 'b']);
});
