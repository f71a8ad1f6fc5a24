import * as tf from '@tensorflow/tfjs-core';
import { type Shape, tensorSymbol } from '../rule/expression.ts';
import type { UpdatePlan } from '../rule/plan.ts';
import type { PackedFormat } from '../state-formats/packed-slot.ts';
import { wordCount } from '../state-formats/packed-words.ts';
import type { WebgpuMemory } from './webgpu-memory.ts';
import { WebgpuPlan } from './webgpu-plan.ts';

/** A plan that copies a tensor to another, of which one is packed. */
function copyPlan(shape: Shape, formats: Readonly<Record<string, PackedFormat>>): UpdatePlan {
  return {
    outputs: { to: tensorSymbol('from', shape) },
    shapes: { from: shape, to: shape },
    slots: {},
    formats,
  };
}

/** The numbers of the words of a packed slot, as a new tensor. */
export function unpackedOnWebgpu(
  memory: WebgpuMemory,
  words: tf.Tensor,
  format: PackedFormat,
  shape: Shape,
): tf.Tensor {
  const to = memory.allocate(shape);
  WebgpuPlan.of(copyPlan(shape, { from: format }), memory)!.run({ from: words }, { to }, {});
  return to;
}

/** A tensor as the words of a packed slot; without a key, bfloat16 is rounded to the nearest number. */
export function packedOnWebgpu(
  memory: WebgpuMemory,
  values: tf.Tensor,
  format: PackedFormat,
  key: number | undefined,
): tf.Tensor {
  const to = memory.allocate([wordCount(format, values.size)], 'int32');
  const from = memory.isCastInName(values) ? tf.mul(values, 1) : values;
  WebgpuPlan.of(copyPlan(values.shape, { to: format }), memory)!.run({ from }, { to }, {}, () => key);
  return to;
}
