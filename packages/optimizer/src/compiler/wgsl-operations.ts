import type { BinaryOperation, UnaryOperation } from '../rule/expression.ts';
import type { Instruction } from './kernel-program.ts';

/**
 * Functions that the code of passes calls. NaN and infinities are told apart by their bits: implementations of WGSL may assume that
 * comparisons and arithmetic never meet them (WGSL, "Floating Point Evaluation").
 */
export const prelude = `
fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn is_finite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) < 0x7f800000u; }
fn is_nonzero(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) != 0u; }
fn sign_of(x: f32) -> f32 { return select(select(0.0, 1.0, x > 0.0) - select(0.0, 1.0, x < 0.0), x, is_nan(x)); }
fn minimum_of(a: f32, b: f32) -> f32 { return select(select(min(a, b), b, is_nan(b)), a, is_nan(a)); }
fn maximum_of(a: f32, b: f32) -> f32 { return select(select(max(a, b), b, is_nan(b)), a, is_nan(a)); }
fn is_greater(a: f32, b: f32) -> f32 { return select(0.0, 1.0, a > b && !is_nan(a) && !is_nan(b)); }
fn mean_of(sums: vec2<f32>, divisor: f32, up: f32) -> f32 { return select(sums.y * up, sums.x / divisor, is_finite(sums.x)); }
fn is_equal(a: f32, b: f32) -> f32 { return select(0.0, 1.0, a == b && !is_nan(a) && !is_nan(b)); }
`;

const unaryCode: Partial<Record<UnaryOperation, (x: string) => string>> = {
  neg: (x) => `-${x}`,
  abs: (x) => `abs(${x})`,
  sign: (x) => `sign_of(${x})`,
  sqrt: (x) => `sqrt(${x})`,
  square: (x) => `${x} * ${x}`,
  floor: (x) => `floor(${x})`,
};

const binaryCode: Partial<Record<BinaryOperation, (a: string, b: string) => string>> = {
  add: (a, b) => `${a} + ${b}`,
  sub: (a, b) => `${a} - ${b}`,
  mul: (a, b) => `${a} * ${b}`,
  div: (a, b) => `${a} / ${b}`,
  minimum: (a, b) => `minimum_of(${a}, ${b})`,
  maximum: (a, b) => `maximum_of(${a}, ${b})`,
  greater: (a, b) => `is_greater(${a}, ${b})`,
  equal: (a, b) => `is_equal(${a}, ${b})`,
};

/** An operation on one element as a WGSL expression; `value` names that of an earlier instruction. */
export function operationInWgsl(instruction: Instruction, value: (position: number) => string): string {
  switch (instruction.kind) {
    case 'unary':
      return unaryCode[instruction.operation]!(value(instruction.x));
    case 'binary':
      return binaryCode[instruction.operation]!(value(instruction.left), value(instruction.right));
    case 'where': {
      const { condition, whenTrue, whenFalse } = instruction;
      return `select(${value(whenFalse)}, ${value(whenTrue)}, is_nonzero(${value(condition)}))`;
    }
    default:
      throw new Error(`${instruction.kind} is no operation`);
  }
}

const smallestNormal = 2 ** -126;

/** A float32 as a WGSL literal; `undefined` for one that has none: an infinity, NaN, -0 and numbers that devices may round to 0. */
export function literalInWgsl(value: number): string | undefined {
  const rounded = Math.fround(value);
  if (!Number.isFinite(rounded) || Object.is(rounded, -0)) return undefined;
  if (rounded !== 0 && Math.abs(rounded) < smallestNormal) return undefined;
  return rounded < 0 ? `(${rounded}f)` : `${rounded}f`;
}
