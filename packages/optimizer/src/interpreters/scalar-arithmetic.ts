import type { BinaryOperation, Expression, UnaryOperation } from '../rule/expression.ts';

/** Every element-wise operation of the language on float64 numbers: the reference the interpreters share. */
export const unaryArithmetic: Record<UnaryOperation, (x: number) => number> = {
  neg: (x) => -x,
  abs: Math.abs,
  sign: Math.sign,
  sqrt: Math.sqrt,
  square: (x) => x * x,
  exp: Math.exp,
  log: Math.log,
  floor: Math.floor,
};

export const binaryArithmetic: Record<BinaryOperation, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  pow: (a, b) => a ** b,
  minimum: Math.min,
  maximum: Math.max,
  greater: (a, b) => (a > b ? 1 : 0),
  equal: (a, b) => (a === b ? 1 : 0),
};

export type ScalarValues = Readonly<Record<string, number>>;

/** Evaluates a scalar expression (one whose shape is `null`) in float64. */
export function evaluateScalar(expression: Expression, values: ScalarValues): number {
  switch (expression.kind) {
    case 'constant':
      return expression.value;
    case 'scalar': {
      const value = values[expression.name];
      if (value === undefined)
        throw new Error(`the update rule reads the unknown scalar "${expression.name}"`);
      return value;
    }
    case 'unary':
      return unaryArithmetic[expression.operation](evaluateScalar(expression.input, values));
    case 'binary':
      return binaryArithmetic[expression.operation](
        evaluateScalar(expression.left, values),
        evaluateScalar(expression.right, values),
      );
    case 'where':
      return evaluateScalar(expression.condition, values) !== 0
        ? evaluateScalar(expression.whenTrue, values)
        : evaluateScalar(expression.whenFalse, values);
    default:
      throw new Error(`a ${expression.kind} node is not a scalar`);
  }
}
