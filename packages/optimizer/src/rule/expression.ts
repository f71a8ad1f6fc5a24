import type * as tf from '@tensorflow/tfjs-core';

/**
 * The language update rules are written in.
 *
 * An expression is a node of a graph. Its `shape` is `null` for a scalar that is the same for every element
 * (a hyperparameter, the step, arithmetic between them); such scalars are evaluated once per step in float64 and
 * reach a kernel as one uniform. Every other node has a concrete shape, and shapes broadcast as in NumPy.
 */
export type Expression =
  | ConstantNode
  | ScalarNode
  | TensorNode
  | UnaryNode
  | BinaryNode
  | WhereNode
  | ReduceNode
  | TransformNode;

/** What an operation accepts: an expression or a plain number. */
export type Operand = Expression | number;

export type Shape = readonly number[];

export interface ConstantNode {
  readonly kind: 'constant';
  readonly value: number;
  readonly shape: null;
}

/** A named scalar whose value is supplied each step: a hyperparameter, `step`, or an engine scalar. */
export interface ScalarNode {
  readonly kind: 'scalar';
  readonly name: string;
  readonly shape: null;
}

/** A named tensor supplied each step: `parameter`, `gradient` or a slot. */
export interface TensorNode {
  readonly kind: 'tensor';
  readonly name: string;
  readonly shape: Shape;
}

export type UnaryOperation = 'neg' | 'abs' | 'sign' | 'sqrt' | 'square' | 'exp' | 'log' | 'floor';
export type BinaryOperation =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'pow'
  | 'minimum'
  | 'maximum'
  | 'greater'
  | 'equal';

export interface UnaryNode {
  readonly kind: 'unary';
  readonly operation: UnaryOperation;
  readonly input: Expression;
  readonly shape: Shape | null;
}

export interface BinaryNode {
  readonly kind: 'binary';
  readonly operation: BinaryOperation;
  readonly left: Expression;
  readonly right: Expression;
  readonly shape: Shape | null;
}

/** `condition != 0 ? whenTrue : whenFalse`, element by element. */
export interface WhereNode {
  readonly kind: 'where';
  readonly condition: Expression;
  readonly whenTrue: Expression;
  readonly whenFalse: Expression;
  readonly shape: Shape | null;
}

/** A sum or mean over `axes`, which stay in the shape with length 1. */
export interface ReduceNode {
  readonly kind: 'reduce';
  readonly operation: 'sum' | 'mean';
  readonly input: Expression;
  readonly axes: readonly number[];
  readonly shape: Shape;
}

/** A tensor of the float64 interpreter: flat and row-major. */
export interface Float64Tensor {
  readonly shape: Shape;
  readonly data: Float64Array;
}

/**
 * A function of whole tensors, for what is not element-wise: a matrix product, an eigenbasis. It is written once for
 * each interpreter, and the two must agree to float32 rounding.
 */
export interface TensorTransform {
  /** What it computes, for error messages. */
  readonly name: string;
  /** Shape of the result. */
  readonly shape: Shape;
  /** Runs inside the engine's `tf.tidy`. It may return one of its inputs, and disposes none of them. */
  onTensors(inputs: readonly tf.Tensor[], scalars: readonly number[]): tf.Tensor;
  /** Returns the elements of the result, flat and row-major, and leaves the inputs as they are. */
  inFloat64(inputs: readonly Float64Tensor[], scalars: readonly number[]): Float64Array;
  /** How it is run for several parameters at once, where that is worth it; one by one without it. */
  readonly batch?: TransformBatch;
}

/** A transform of several parameters at once, such as all matrices of one shape in a step. */
export interface TransformBatch {
  /** Equal for transforms of one name that compute the same from inputs of the same shapes. */
  readonly key: string;
  /**
   * `onTensors` with one more axis in front of every input and of the result. A result must have the same bits whatever lies
   * beside it along that axis: which parameters have a gradient must not change the numbers of the others.
   */
  onTensors(inputs: readonly tf.Tensor[], scalars: readonly number[]): tf.Tensor;
  /**
   * Whether one large tensor occupies all cores of a backend that computes on them, so that a batch would only cost its copies: such
   * tensors are then transformed one by one. Default false.
   */
  readonly sharesCores?: boolean;
}

/** The result of a `TensorTransform`. */
export interface TransformNode {
  readonly kind: 'transform';
  readonly transform: TensorTransform;
  readonly inputs: readonly Expression[];
  /** Scalar expressions, evaluated in float64. */
  readonly scalars: readonly Expression[];
  readonly shape: Shape;
}

/** The shape two shapes broadcast to. @throws Error if they are not compatible. */
export function broadcastShapes(left: Shape | null, right: Shape | null): Shape | null {
  if (left === null) return right;
  if (right === null) return left;
  const rank = Math.max(left.length, right.length);
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const a = left[left.length - rank + axis] ?? 1;
    const b = right[right.length - rank + axis] ?? 1;
    if (a !== b && a !== 1 && b !== 1) {
      throw new Error(`shapes [${left.join(', ')}] and [${right.join(', ')}] do not broadcast`);
    }
    shape.push(a === 1 ? b : a);
  }
  return shape;
}

/** A named scalar of the rule. */
export function scalarSymbol(name: string): ScalarNode {
  return { kind: 'scalar', name, shape: null };
}

/** A named tensor of the rule with its shape. */
export function tensorSymbol(name: string, shape: Shape): TensorNode {
  return { kind: 'tensor', name, shape };
}

/** Something else than an expression or a number was given to an operation. */
export class OperandError extends Error {
  constructor(operation: string, operand: unknown) {
    super(`${operation} takes expressions and numbers, got ${typeof operand}`);
  }
}

function node(operation: string, operand: Operand): Expression {
  if (typeof operand === 'number') return { kind: 'constant', value: operand, shape: null };
  // A slot whose name is misspelt in a rule is undefined, whatever the compiler was told.
  if (typeof (operand as Partial<Expression> | null | undefined)?.kind !== 'string') {
    throw new OperandError(operation, operand);
  }
  return operand;
}

function unary(operation: UnaryOperation, operand: Operand): Expression {
  const input = node(operation, operand);
  return { kind: 'unary', operation, input, shape: input.shape };
}

function binary(operation: BinaryOperation, leftOperand: Operand, rightOperand: Operand): Expression {
  const left = node(operation, leftOperand);
  const right = node(operation, rightOperand);
  return { kind: 'binary', operation, left, right, shape: broadcastShapes(left.shape, right.shape) };
}

/** `a + b` */
export const add = (a: Operand, b: Operand): Expression => binary('add', a, b);
/** `a - b` */
export const sub = (a: Operand, b: Operand): Expression => binary('sub', a, b);
/** `a * b` */
export const mul = (a: Operand, b: Operand): Expression => binary('mul', a, b);
/** `a / b` */
export const div = (a: Operand, b: Operand): Expression => binary('div', a, b);
/** `a ** b`; 1 to any power is 1. */
export const pow = (a: Operand, b: Operand): Expression => binary('pow', a, b);
/** The smaller of `a` and `b`; NaN if either is. */
export const minimum = (a: Operand, b: Operand): Expression => binary('minimum', a, b);
/** The larger of `a` and `b`; NaN if either is. */
export const maximum = (a: Operand, b: Operand): Expression => binary('maximum', a, b);
/** 1 where `a > b`, else 0; 0 with NaN. */
export const greater = (a: Operand, b: Operand): Expression => binary('greater', a, b);
/** 1 where `a` equals `b`, else 0; 0 with NaN. */
export const equal = (a: Operand, b: Operand): Expression => binary('equal', a, b);
/** `-x` */
export const neg = (x: Operand): Expression => unary('neg', x);
/** `|x|` */
export const abs = (x: Operand): Expression => unary('abs', x);
/** -1, 0 or 1; the sign of zero is zero, and that of NaN is NaN. */
export const sign = (x: Operand): Expression => unary('sign', x);
/** Square root. */
export const sqrt = (x: Operand): Expression => unary('sqrt', x);
/** `x * x` */
export const square = (x: Operand): Expression => unary('square', x);
/** `e ** x` */
export const exp = (x: Operand): Expression => unary('exp', x);
/** Natural logarithm. */
export const log = (x: Operand): Expression => unary('log', x);
/** The largest integer that is not above `x`. */
export const floor = (x: Operand): Expression => unary('floor', x);

/**
 * `condition != 0 ? whenTrue : whenFalse`, element by element; NaN is not 0. Under a condition that is one scalar for all elements,
 * only the branch taken is evaluated.
 */
export function where(condition: Operand, whenTrue: Operand, whenFalse: Operand): Expression {
  const nodes = [node('where', condition), node('where', whenTrue), node('where', whenFalse)] as const;
  const shape = broadcastShapes(nodes[0].shape, broadcastShapes(nodes[1].shape, nodes[2].shape));
  return { kind: 'where', condition: nodes[0], whenTrue: nodes[1], whenFalse: nodes[2], shape };
}

/** Linear interpolation `(1 - weight) * from + weight * to`; `lerp(gradient, momentum, beta)` is an EMA step. */
export function lerp(from: Operand, to: Operand, weight: Operand): Expression {
  return add(mul(weight, to), mul(sub(1, weight), from));
}

function reduce(operation: 'sum' | 'mean', input: Expression, axes?: readonly number[]): Expression {
  const { shape: whole } = node(operation, input);
  if (whole === null) throw new Error(`${operation} needs a tensor, got a scalar expression`);
  const rank = whole.length;
  const reduced = axes ?? whole.map((_, axis) => axis);
  for (const axis of reduced) {
    if (!Number.isInteger(axis) || axis < 0 || axis >= rank) {
      throw new Error(`${operation}: axis ${axis} is outside a tensor of rank ${rank}`);
    }
  }
  if (new Set(reduced).size < reduced.length) {
    throw new Error(`${operation}: axes [${reduced}] name an axis twice`);
  }
  const shape = whole.map((length, axis) => (reduced.includes(axis) ? 1 : length));
  return { kind: 'reduce', operation, input, axes: [...reduced].sort((a, b) => a - b), shape };
}

/** Mean over `axes` (all of them by default), which keep length 1; 0 over no elements. */
export const mean = (x: Expression, axes?: readonly number[]): Expression => reduce('mean', x, axes);
/** Sum over `axes` (all of them by default), which keep length 1; 0 over no elements. */
export const sum = (x: Expression, axes?: readonly number[]): Expression => reduce('sum', x, axes);

/**
 * A function of whole tensors, and of scalars such as the step; see {@link TensorTransform}.
 *
 * @throws Error if an input is a scalar expression, which has no shape to read it in, or a scalar is a tensor.
 */
export function transform(
  definition: TensorTransform,
  operands: readonly Expression[],
  scalarOperands: readonly Operand[] = [],
): Expression {
  const inputs = operands.map((operand) => node(definition.name, operand));
  for (const [index, input] of inputs.entries()) {
    if (input.shape === null) {
      throw new Error(`${definition.name}: input ${index} must be a tensor, got a scalar expression`);
    }
  }
  const scalars = scalarOperands.map((operand) => node(definition.name, operand));
  for (const [index, { shape }] of scalars.entries()) {
    if (shape !== null) {
      throw new Error(
        `${definition.name}: scalar ${index} must be a scalar expression or a number, got a tensor [${shape}]`,
      );
    }
  }
  return { kind: 'transform', transform: definition, inputs, scalars, shape: definition.shape };
}
