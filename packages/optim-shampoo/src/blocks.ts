import { concatenated, type Float64Tensor, type Shape, type TensorTransform } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs-core';

/** A part of a tensor that is preconditioned by itself. */
export interface Block {
  /** Its first index along every axis. */
  readonly begin: Shape;
  readonly shape: Shape;
}

/**
 * The shape that a parameter is preconditioned in: its own, or without axes of length 1 and with neighbors merged, from the last
 * axis on, while there are more axes than wanted and the product is not too long.
 */
export function mergedShape(shape: Shape, targetRank: number | null, longest: number): Shape {
  if (shape.length === 0) return [1];
  if (targetRank === null) return shape;
  const axes = shape.filter((length) => length !== 1);
  for (let axis = axes.length - 1; axis > 0 && axes.length > targetRank; axis--) {
    const product = axes[axis]! * axes[axis - 1]!;
    if (product <= longest) axes.splice(axis - 1, 2, product);
  }
  return axes.length === 0 ? [1] : axes;
}

/** The blocks of a tensor with no axis longer than that, the last axis fastest. */
export function blocksOf(shape: Shape, longest: number): readonly Block[] {
  return shape.reduce<readonly Block[]>(
    (blocks, length) =>
      blocks.flatMap(({ begin, shape: before }) =>
        piecesOf(length, longest).map(([first, size]) => ({
          begin: [...begin, first],
          shape: [...before, size],
        })),
      ),
    [{ begin: [], shape: [] }],
  );
}

function piecesOf(length: number, longest: number): (readonly [first: number, size: number])[] {
  const count = Math.max(1, Math.ceil(length / longest));
  return Array.from({ length: count }, (_, piece) => {
    const first = piece === 0 ? 0 : piece * longest;
    return [first, Math.min(longest, length - first)] as const;
  });
}

/** The elements of a block, from the whole tensor. */
export function blockOf(shape: Shape, block: Block): TensorTransform {
  return {
    name: 'blockOf',
    shape: block.shape,
    onTensors: ([x]) => tf.slice(x!, [...block.begin], [...block.shape]),
    inFloat64: ([x]) => Float64Array.from(placesOf(shape, block), (place) => x!.data[place]!),
  };
}

/** The whole tensor, from its blocks in the order of `blocksOf`. */
export function assembled(shape: Shape, blocks: readonly Block[]): TensorTransform {
  return {
    name: 'assembled',
    shape,
    onTensors: (parts) => joined(parts, blocks, shape.length - 1),
    inFloat64(parts: readonly Float64Tensor[]) {
      const whole = new Float64Array(shape.reduce((product, length) => product * length, 1));
      for (const [index, block] of blocks.entries()) {
        for (const [i, place] of placesOf(shape, block).entries()) whole[place] = parts[index]!.data[i]!;
      }
      return whole;
    },
  };
}

/** Joins blocks that lie side by side along an axis, then those rows of blocks along the axis before it. */
function joined(parts: readonly tf.Tensor[], blocks: readonly Block[], axis: number): tf.Tensor {
  if (axis < 0) return parts[0]!;
  const starts = blocks.flatMap(({ begin }, index) => (begin[axis] === 0 ? [index] : []));
  const rows = starts.map((start, row) => {
    const side = parts.slice(start, starts[row + 1]);
    return concatenated(side, axis);
  });
  return joined(
    rows,
    starts.map((start) => blocks[start]!),
    axis - 1,
  );
}

/** Where the elements of a block are in the whole tensor, row-major. */
function placesOf(shape: Shape, block: Block): number[] {
  return shape.reduce<number[]>(
    (places, length, axis) =>
      places.flatMap((place) =>
        Array.from({ length: block.shape[axis]! }, (_, i) => place * length + block.begin[axis]! + i),
      ),
    [0],
  );
}
