import type { BinaryOperation, UnaryOperation } from '../rule/expression.ts';
import type { Instruction } from './kernel-program.ts';
import { type Bytes, code } from './wasm-encoder.ts';

const unaryCode: Partial<Record<UnaryOperation, Bytes>> = {
  neg: code.neg,
  abs: code.abs,
  sqrt: code.sqrt,
  floor: code.floor,
};

const binaryCode: Partial<Record<BinaryOperation, Bytes>> = {
  add: code.add,
  sub: code.sub,
  mul: code.mul,
  div: code.div,
  minimum: code.min,
  maximum: code.max,
};

/** The value of an operation on vectors, left on the stack; `value` puts that of an earlier instruction there. */
export function operationCode(instruction: Instruction, value: (position: number) => Bytes): Bytes {
  switch (instruction.kind) {
    case 'unary': {
      const x = value(instruction.x);
      const direct = unaryCode[instruction.operation];
      if (direct !== undefined) return [...x, ...direct];
      if (instruction.operation === 'square') return [...x, ...x, ...code.mul];
      return signOf(x);
    }
    case 'binary': {
      const operands = [...value(instruction.left), ...value(instruction.right)];
      const direct = binaryCode[instruction.operation];
      if (direct !== undefined) return [...operands, ...direct];
      const compare = instruction.operation === 'greater' ? code.greater : code.equal;
      return [...operands, ...compare, ...code.vectorConst(1), ...code.and];
    }
    case 'where':
      return [
        ...value(instruction.whenTrue),
        ...value(instruction.whenFalse),
        ...value(instruction.condition),
        ...code.vectorConst(0),
        ...code.notEqual,
        ...code.select,
      ];
    default:
      throw new Error(`${instruction.kind} is no operation`);
  }
}

/** -1, 0 or 1, and NaN for NaN. */
function signOf(x: Bytes): Bytes {
  const positive = [...x, ...code.vectorConst(0), ...code.greater, ...code.vectorConst(1), ...code.and];
  const negative = [...x, ...code.vectorConst(0), ...code.less, ...code.vectorConst(-1), ...code.and];
  return [...[...positive, ...negative, ...code.or], ...x, ...[...x, ...x, ...code.equal], ...code.select];
}
