import * as tf from '@tensorflow/tfjs-core';
import { blockSize, blocksIn } from '../state-formats/block-codes.ts';
import type { DynamicMap } from '../state-formats/dynamic-map.ts';
import { type EightBitData, mapOf } from '../state-formats/packed-slot.ts';
import { codesPerNumber } from '../state-formats/packed-words.ts';

/** Powers of two: products with them are exact also where a device divides inexactly. */
const [byte, twoBytes] = [2 ** 8, 2 ** 16];

/** The numbers of 8-bit codes that a device holds, by operations of tfjs; call within a `tf.tidy`. */
export function valuesOnDevice(
  numbers: tf.Tensor,
  format: EightBitData['format'],
  elements: number,
): tf.Tensor1D {
  const { values } = mapOf(format);
  const words = Math.ceil(elements / codesPerNumber);
  const blocks = blocksIn(elements);
  const packed = tf.slice(numbers, [0], [words]);
  const high = tf.floor(tf.mul(packed, 1 / twoBytes));
  const rest = tf.sub(packed, tf.mul(high, twoBytes));
  const middle = tf.floor(tf.mul(rest, 1 / byte));
  const low = tf.sub(rest, tf.mul(middle, byte));
  const codes = tf.cast(tf.reshape(tf.stack([low, middle, high], 1), [-1]), 'int32');
  const gathered = tf.slice(tf.gather(tf.tensor1d(values), codes), [0], [elements]);
  const scales = tf.reshape(tf.slice(numbers, [words], [blocks]), [blocks, 1]);
  return firstOf(tf.mul(inBlocks(gathered, elements), scales), elements);
}

/** The numbers that a device holds a tensor as, as 8-bit codes; call within a `tf.tidy`. */
export function numbersOnDevice(tensor: tf.Tensor, format: EightBitData['format']): tf.Tensor1D {
  const elements = tensor.size;
  const blocks = inBlocks(tf.reshape(tensor, [-1]), elements);
  // A maximum may leave NaN out, and 0 times NaN or an infinity is NaN.
  const doubt = tf.sum(tf.mul(blocks, 0), 1, true);
  const absmax = tf.add(tf.max(tf.abs(blocks), 1, true), doubt);
  const relative = tf.where(tf.greater(absmax, 0), tf.div(blocks, absmax), 0);
  const codes = codesOnDevice(firstOf(relative, elements), mapOf(format), format === '8bit-signed');
  const words = Math.ceil(elements / codesPerNumber);
  const filled = tf.reshape(tf.pad1d(codes, [0, codesPerNumber * words - elements]), [words, codesPerNumber]);
  const packed = tf.sum(tf.mul(filled, tf.tensor1d([1, byte, twoBytes])), 1);
  return tf.concat1d([packed as tf.Tensor1D, tf.reshape(absmax, [-1]) as tf.Tensor1D]);
}

function inBlocks(flat: tf.Tensor, elements: number): tf.Tensor2D {
  const blocks = blocksIn(elements);
  const filled = tf.pad1d(flat as tf.Tensor1D, [0, blocks * blockSize - elements]);
  return tf.reshape(filled, [blocks, blockSize]);
}

function firstOf(blocks: tf.Tensor, elements: number): tf.Tensor1D {
  return tf.slice(tf.reshape(blocks, [-1]), [0], [elements]) as tf.Tensor1D;
}

/** Lower edges of the decades but the first. */
const edges = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1];

/**
 * The codes of the nearest values, as numbers: the place in the equal parts of a decade is off by one at most, and the boundaries
 * beside it decide.
 */
function codesOnDevice(x: tf.Tensor1D, { boundaries, zero }: DynamicMap, isSigned: boolean): tf.Tensor1D {
  const magnitude = tf.abs(x);
  const decade = edges.reduce<tf.Tensor>(
    (sum, edge) => tf.add(sum, tf.cast(tf.greaterEqual(magnitude, edge), 'float32')),
    tf.zerosLike(x),
  );
  const ofDecade = (of: (decade: number) => number): tf.Tensor =>
    tf.gather(tf.tensor1d(Array.from({ length: 7 }, (_, index) => of(index))), tf.cast(decade, 'int32'));
  const sides = isSigned ? 1 : 2;
  const parts = ofDecade((index) => sides * 2 ** index);
  const before = tf.sub(parts, sides);
  const slope = ofDecade((index) => (sides * 2 ** index * 10 ** (6 - index)) / 0.9);
  const place = tf.floor(tf.sub(tf.mul(magnitude, slope), tf.mul(parts, 0.1 / 0.9)));
  const part = tf.minimum(tf.maximum(place, 0), tf.sub(parts, 1));
  const guess = tf.add(tf.mul(tf.sign(x), tf.add(tf.add(before, part), 1)), zero);
  const at = tf.cast(guess, 'int32');
  // 2 and -2 are beyond all numbers here.
  const upper = Float32Array.from(boundaries, (boundary) => Math.min(boundary, 2));
  const lower = Float32Array.from(boundaries, (_, code) => (code === 0 ? -2 : boundaries[code - 1]!));
  const isAbove = tf.cast(tf.greater(x, tf.gather(tf.tensor1d(upper), at)), 'float32');
  const isBelow = tf.cast(tf.lessEqual(x, tf.gather(tf.tensor1d(lower), at)), 'float32');
  return tf.sub(tf.add(guess, isAbove), isBelow) as tf.Tensor1D;
}
