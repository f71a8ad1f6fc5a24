import * as tf from '@tensorflow/tfjs-core';
import type { Expression, Shape, TransformNode, WhereNode } from '../rule/expression.ts';
import { isEmptyPlan, type UpdatePlan, withoutChange } from '../rule/plan.ts';
import { evaluateScalar, type ScalarValues } from '../rule/scalar-arithmetic.ts';
import { binaryOperations, isNonzero, meanOver, sumOver, unaryOperations } from './tensor-operations.ts';

/**
 * Runs an update plan with tfjs operations, on whatever backend is current. An intermediate result is freed once nothing reads it
 * any more: there would be a dozen of the parameter's size otherwise.
 *
 * The caller owns the surrounding `tf.tidy`. An output may be the very tensor that was given as the input of its name, when
 * the rule passes a slot on unchanged; it never shares memory with another input, such as the gradient, which is the
 * caller's to dispose and to write over.
 */
export function runOnTensors(
  plan: UpdatePlan,
  inputs: Readonly<Record<string, tf.Tensor>>,
  scalars: ScalarValues,
): Record<string, tf.Tensor> {
  if (isEmptyPlan(plan)) return withoutChange(plan, inputs);
  const known = new Map<Expression, tf.Tensor>();
  const left = readsOf(plan);
  // One tensor may be the value of several expressions; those of the caller are not freed here.
  const valuesOf = new Map<tf.Tensor, number>();
  for (const tensor of Object.values(inputs)) valuesOf.set(tensor, Number.POSITIVE_INFINITY);

  const compute = (expression: Expression): tf.Tensor => {
    if (expression.shape === null) return tf.scalar(evaluateScalar(expression, scalars), 'float32');
    switch (expression.kind) {
      case 'tensor': {
        const tensor = inputs[expression.name];
        if (tensor === undefined) throw new Error(`no value for the tensor "${expression.name}"`);
        return tensor;
      }
      case 'unary':
        return unaryOperations[expression.operation](evaluate(expression.input));
      case 'binary':
        return binaryOperations[expression.operation](evaluate(expression.left), evaluate(expression.right));
      case 'where':
        return select(expression);
      case 'reduce': {
        const apply = expression.operation === 'mean' ? meanOver : sumOver;
        return apply(evaluate(expression.input), expression.axes);
      }
      case 'transform':
        return transformed(expression);
    }
  };

  const select = ({ condition, whenTrue, whenFalse, shape }: WhereNode): tf.Tensor => {
    if (condition.shape === null) {
      const taken = evaluateScalar(condition, scalars) !== 0 ? whenTrue : whenFalse;
      return broadcast(evaluate(taken), shape!);
    }
    return tf.where(isNonzero(evaluate(condition)), evaluate(whenTrue), evaluate(whenFalse));
  };

  const transformed = (expression: TransformNode): tf.Tensor => {
    const { transform, inputs: operands, shape } = expression;
    const result = transform.onTensors(
      operands.map(evaluate),
      expression.scalars.map((scalar) => evaluateScalar(scalar, scalars)),
    );
    if (!tf.util.arraysEqual(result.shape, [...shape])) {
      throw new Error(`${transform.name} declares the shape [${shape}] and returned [${result.shape}]`);
    }
    return result;
  };

  const evaluate = (expression: Expression): tf.Tensor => {
    let value = known.get(expression);
    if (value === undefined) {
      value = compute(expression);
      known.set(expression, value);
      valuesOf.set(value, (valuesOf.get(value) ?? 0) + 1);
      for (const operand of operandsOf(expression)) release(operand);
    }
    return value;
  };

  const release = (expression: Expression): void => {
    const reads = left.get(expression)! - 1;
    left.set(expression, reads);
    const value = known.get(expression);
    // The branch that a scalar condition does not take has no value.
    if (reads > 0 || value === undefined) return;
    const others = valuesOf.get(value)! - 1;
    valuesOf.set(value, others);
    if (others === 0 && !value.kept) value.dispose();
  };

  return Object.fromEntries(
    Object.entries(plan.outputs).map(([name, expression]) => [
      name,
      ownMemory(broadcast(evaluate(expression), plan.shapes[name]!), name, inputs),
    ]),
  );
}

/** How many operations read each expression, and one more for an output, which is never freed. */
function readsOf({ outputs }: UpdatePlan): Map<Expression, number> {
  const reads = new Map<Expression, number>();
  const read = (expression: Expression): void => {
    const before = reads.get(expression);
    reads.set(expression, (before ?? 0) + 1);
    if (before === undefined) for (const operand of operandsOf(expression)) read(operand);
  };
  for (const expression of Object.values(outputs)) read(expression);
  return reads;
}

/** What an operation on tensors reads as tensors; what scalars are made of is not among it. */
function operandsOf(expression: Expression): readonly Expression[] {
  if (expression.shape === null) return [];
  switch (expression.kind) {
    case 'unary':
    case 'reduce':
      return [expression.input];
    case 'binary':
      return [expression.left, expression.right];
    case 'where': {
      const { condition, whenTrue, whenFalse } = expression;
      return condition.shape === null ? [whenTrue, whenFalse] : [condition, whenTrue, whenFalse];
    }
    case 'transform':
      return expression.inputs;
    default:
      return [];
  }
}

/** A tensor, or a copy of it where it is the input of another name. */
function ownMemory(value: tf.Tensor, output: string, inputs: Readonly<Record<string, tf.Tensor>>): tf.Tensor {
  const isOther = Object.entries(inputs).some(
    ([name, { dataId }]) => name !== output && dataId === value.dataId && value !== inputs[output],
  );
  return isOther ? tf.mul(value, 1) : value;
}

function broadcast(value: tf.Tensor, shape: Shape): tf.Tensor {
  return tf.util.arraysEqual(value.shape, [...shape]) ? value : tf.broadcastTo(value, [...shape]);
}
