import * as tf from '@tensorflow/tfjs-core';
import { currentKernels } from '../compiler/backend-kernels.ts';
import {
  type EightBitData,
  type PackedData,
  type PackedFormat,
  packed,
  unpacked,
} from '../state-formats/packed-slot.ts';
import { fromWords, type PackedWords, toNumbers, toWords } from '../state-formats/packed-words.ts';
import { isTensorflow, isTensorflowOnGpu, readsAtOnce } from './backend-traits.ts';
import { numbersOnDevice, valuesOnDevice } from './device-codec.ts';

/**
 * Whether slots of a format are 32-bit words that JavaScript packs and unpacks: on the backends that it reads at once. A GPU of
 * TensorFlow's, to and from which they would travel in every step, unpacks codes itself, but no words.
 */
function packsInJavaScript(format: PackedFormat): boolean {
  return readsAtOnce() || (isTensorflow() && (format === 'bfloat16' || !isTensorflowOnGpu()));
}

/** The format, on a device. @throws Error if a device cannot hold it. */
function onDevice(format: PackedFormat): EightBitData['format'] {
  if (format !== 'bfloat16') return format;
  throw new Error(
    `stateFormat 'bfloat16' needs the backend "wasm", "webgpu", "tensorflow" or "cpu", and this one is ` +
      `"${tf.getBackend()}", whose numbers would hold only one each; '8bit' saves memory here too`,
  );
}

/**
 * Packed data as the tensor that the current backend keeps it in.
 *
 * @throws Error for bfloat16 on a device that holds no words.
 */
export function heldTensor(slot: PackedData): tf.Tensor1D {
  if (packsInJavaScript(slot.format) || currentKernels()?.words !== undefined) {
    return tf.tensor1d(toWords(slot), 'int32');
  }
  onDevice(slot.format);
  return tf.tensor1d(toNumbers(slot), 'float32');
}

/** The packed data of such a tensor, given what was read of it. */
export function heldData(words: tf.TypedArray, format: PackedFormat, elements: number): PackedData {
  return fromWords(words as PackedWords, format, elements);
}

/** The numbers of a packed tensor, within a `tf.tidy`. */
export function unpackedTensor(held: tf.Tensor, format: PackedFormat, shape: readonly number[]): tf.Tensor {
  const elements = tf.util.sizeFromShape([...shape]);
  // A device keeps words where it has kernels for them. Others hold words only of slots made on another backend, and where
  // kernels came later, slots made before are still numbers.
  const words = held.dtype === 'int32' ? currentKernels()?.words : undefined;
  if (words !== undefined) return words.unpacked(held, format, shape);
  if (packsInJavaScript(format) || held.dtype === 'int32') {
    return tf.tensor(unpacked(heldData(held.dataSync(), format, elements)), [...shape], 'float32');
  }
  return tf.reshape(valuesOnDevice(held, onDevice(format), elements), [...shape]);
}

/**
 * Packs the numbers of a tensor, within a `tf.tidy`.
 *
 * @param key as for `packed`
 * @throws Error for bfloat16 on a device that holds no words.
 */
export function packedTensor(values: tf.Tensor, format: PackedFormat, key?: number): tf.Tensor {
  const words = currentKernels()?.words;
  if (words !== undefined) return words.packed(values, format, key);
  if (packsInJavaScript(format)) return heldTensor(packed(format, values.dataSync() as Float32Array, key));
  return numbersOnDevice(values, onDevice(format));
}
