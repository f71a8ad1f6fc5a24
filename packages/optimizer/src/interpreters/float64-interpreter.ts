import type { Expression, Float64Tensor, Shape, TransformNode } from '../rule/expression.ts';
import { isEmptyPlan, type UpdatePlan, withoutChange } from '../rule/plan.ts';
import {
  binaryArithmetic,
  evaluateScalar,
  type ScalarValues,
  unaryArithmetic,
} from '../rule/scalar-arithmetic.ts';

export type Float64Arrays = Readonly<Record<string, Float64Array>>;

function sizeOf(shape: Shape): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** For each element of `to`, the index of the element of `from` it reads under broadcasting. */
function broadcastIndex(from: Shape, to: Shape): Int32Array {
  const strides: number[] = new Array(to.length).fill(0);
  let stride = 1;
  for (let axis = from.length - 1; axis >= 0; axis--) {
    const length = from[axis]!;
    strides[axis + to.length - from.length] = length === 1 ? 0 : stride;
    stride *= length;
  }
  const index = new Int32Array(sizeOf(to));
  for (let flat = 0; flat < index.length; flat++) {
    let rest = flat;
    let source = 0;
    for (let axis = to.length - 1; axis >= 0; axis--) {
      const length = to[axis]!;
      source += (rest % length) * strides[axis]!;
      rest = Math.floor(rest / length);
    }
    index[flat] = source;
  }
  return index;
}

/**
 * Runs an update plan in float64 on plain arrays: slow, exact, and the reference for every other interpreter.
 *
 * @param inputs `parameter`, `gradient` and the slots, flat and row-major.
 * @param scalars Hyperparameters, `step` and the engine's scalars.
 * @returns New arrays for `parameter` and every slot.
 */
export function runInFloat64(
  plan: UpdatePlan,
  inputs: Float64Arrays,
  scalars: ScalarValues,
): Record<string, Float64Array> {
  if (isEmptyPlan(plan)) return withoutChange(plan, inputs);
  const known = new Map<Expression, Float64Tensor>();

  const spread = (expression: Expression, to: Shape): Float64Array => {
    const { shape, data } = evaluate(expression);
    const size = sizeOf(to);
    // As many elements are the same elements in the same order.
    if (data.length === size) return data;
    const spreadData = new Float64Array(size);
    if (data.length === 1) return spreadData.fill(data[0]!);
    const index = broadcastIndex(shape, to);
    for (let flat = 0; flat < size; flat++) spreadData[flat] = data[index[flat]!]!;
    return spreadData;
  };

  const reduced = (
    input: Float64Tensor,
    axes: readonly number[],
    shape: Shape,
    isMean: boolean,
  ): Float64Tensor => {
    const data = new Float64Array(sizeOf(shape));
    const target = broadcastIndex(shape, input.shape);
    for (let flat = 0; flat < target.length; flat++) data[target[flat]!]! += input.data[flat]!;
    const count = axes.reduce((product, axis) => product * input.shape[axis]!, 1);
    // The mean over no elements is 0.
    return { shape, data: isMean && count > 0 ? data.map((x) => x / count) : data };
  };

  const transformed = (expression: TransformNode): Float64Tensor => {
    const { transform, inputs: operands, shape } = expression;
    const data = transform.inFloat64(
      operands.map(evaluate),
      expression.scalars.map((scalar) => evaluateScalar(scalar, scalars)),
    );
    if (data.length !== sizeOf(shape)) {
      throw new Error(
        `${transform.name} declares the shape [${shape}] and returned ${data.length} elements in float64`,
      );
    }
    return { shape, data };
  };

  const compute = (expression: Expression): Float64Tensor => {
    if (expression.shape === null) {
      return { shape: [], data: Float64Array.of(evaluateScalar(expression, scalars)) };
    }
    const { shape } = expression;
    switch (expression.kind) {
      case 'tensor': {
        const data = inputs[expression.name];
        if (data === undefined) throw new Error(`no value for the tensor "${expression.name}"`);
        if (data.length !== sizeOf(shape)) {
          throw new Error(`"${expression.name}" needs ${sizeOf(shape)} elements, got ${data.length}`);
        }
        return { shape, data };
      }
      case 'unary':
        return { shape, data: evaluate(expression.input).data.map(unaryArithmetic[expression.operation]) };
      case 'binary': {
        const right = spread(expression.right, shape);
        const apply = binaryArithmetic[expression.operation];
        return { shape, data: spread(expression.left, shape).map((x, i) => apply(x, right[i]!)) };
      }
      case 'where': {
        if (expression.condition.shape === null) {
          const taken = evaluateScalar(expression.condition, scalars) !== 0;
          return { shape, data: spread(taken ? expression.whenTrue : expression.whenFalse, shape) };
        }
        const whenTrue = spread(expression.whenTrue, shape);
        const whenFalse = spread(expression.whenFalse, shape);
        const condition = spread(expression.condition, shape);
        return { shape, data: condition.map((c, i) => (c !== 0 ? whenTrue[i]! : whenFalse[i]!)) };
      }
      case 'reduce':
        return reduced(evaluate(expression.input), expression.axes, shape, expression.operation === 'mean');
      case 'transform':
        return transformed(expression);
    }
  };

  const evaluate = (expression: Expression): Float64Tensor => {
    let value = known.get(expression);
    if (value === undefined) {
      value = compute(expression);
      known.set(expression, value);
    }
    return value;
  };

  // Copies: an expression may be one of the inputs, or the output of two names.
  return Object.fromEntries(
    Object.entries(plan.outputs).map(([name, expression]) => [
      name,
      spread(expression, plan.shapes[name]!).slice(),
    ]),
  );
}
