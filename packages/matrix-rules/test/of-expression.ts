import { type Expression, runInFloat64, runOnTensors, type Shape } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs';

/** What an expression of one tensor is by either interpreter. */
export function ofExpression(
  make: (x: Expression) => Expression,
  shape: Shape,
  data: readonly number[],
): { tensor: number[]; float64: number[] } {
  const plan = {
    outputs: { result: make({ kind: 'tensor', name: 'x', shape }) },
    shapes: { x: shape, result: shape },
    slots: {},
  };
  return {
    tensor: tf.tidy(() => [
      ...runOnTensors(plan, { x: tf.tensor([...data], [...shape]) }, {}).result!.dataSync(),
    ]),
    float64: [...runInFloat64(plan, { x: Float64Array.from(data) }, {}).result!],
  };
}
