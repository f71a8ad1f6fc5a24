import type { BinaryOperation, Expression, UnaryOperation } from './expression.ts';

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
  // 1 to any power is 1, NaN included, and so is -1 to an infinite one: as IEEE 754 and NumPy have it, unlike JavaScript.
  pow: (a, b) => (a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b),
  minimum: Math.min,
  maximum: Math.max,
  greater: (a, b) => (a > b ? 1 : 0),
  equal: (a, b) => (a === b ? 1 : 0),
};

export type ScalarValues = Readonly<Record<string, number>>;

/** A scalar expression as a function of the scalars of a step. */
export type ScalarFunction = (values: ScalarValues) => number;

/** Turns a scalar expression (one whose shape is `null`) into a function, evaluated in float64. */
export function scalarFunction(expression: Expression): ScalarFunction {
  switch (expression.kind) {
    case 'constant': {
      const { value } = expression;
      return () => value;
    }
    case 'scalar': {
      const { name } = expression;
      return (values) => {
        const value = values[name];
        if (value === undefined) throw new Error(`the update rule reads the unknown scalar "${name}"`);
        return value;
      };
    }
    case 'unary': {
      const [apply, x] = [unaryArithmetic[expression.operation], scalarFunction(expression.input)];
      return (values) => apply(x(values));
    }
    case 'binary': {
      const apply = binaryArithmetic[expression.operation];
      const [left, right] = [scalarFunction(expression.left), scalarFunction(expression.right)];
      return (values) => apply(left(values), right(values));
    }
    case 'where': {
      const condition = scalarFunction(expression.condition);
      const [whenTrue, whenFalse] = [
        scalarFunction(expression.whenTrue),
        scalarFunction(expression.whenFalse),
      ];
      return (values) => (condition(values) !== 0 ? whenTrue(values) : whenFalse(values));
    }
    default:
      throw new Error(`a ${expression.kind} node is not a scalar`);
  }
}

/** Evaluates a scalar expression in float64. */
export function evaluateScalar(expression: Expression, values: ScalarValues): number {
  return scalarFunction(expression)(values);
}
