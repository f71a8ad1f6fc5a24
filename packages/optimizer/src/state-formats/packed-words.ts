import { blocksIn } from './block-codes.ts';
import type { PackedData, PackedFormat } from './packed-slot.ts';

/**
 * Packed data as elements of one tensor: 32-bit words where JavaScript sees the memory of tensors, and elsewhere float32 numbers that
 * hold three codes each, since devices compute with no more than 24 bits.
 */
export type PackedWords = Int32Array | Float32Array;

/** Codes in a number of a device. */
export const codesPerNumber = 3;

/** Elements of codes and of bfloat16 in memory: kernels write four codes and eight bfloat16 at a time. */
const paddedTo = (multiple: number, elements: number): number => multiple * Math.ceil(elements / multiple);

/** Bytes before the scales of 8-bit data. */
export function bytesOfCodes(elements: number): number {
  return paddedTo(4, elements);
}

/** 32-bit words that hold a packed slot in memory. */
export function wordCount(format: PackedFormat, elements: number): number {
  if (format === 'bfloat16') return paddedTo(8, elements) / 2;
  return bytesOfCodes(elements) / 4 + blocksIn(elements);
}

/** Packed data as 32-bit words. */
export function toWords(slot: PackedData): Int32Array {
  const elements = slot.data.length;
  const words = new Int32Array(wordCount(slot.format, elements));
  if (slot.format === 'bfloat16') new Uint16Array(words.buffer).set(slot.data);
  else {
    const codes = new Uint8Array(words.buffer, 0, bytesOfCodes(elements));
    codes.set(slot.data);
    // What stands for 0, as the compiled kernels have it there: equal states have equal bytes.
    codes.fill(slot.format === '8bit-signed' ? 127 : 0, elements);
    new Float32Array(words.buffer, bytesOfCodes(elements)).set(slot.absmax);
  }
  return words;
}

/** Packed data from the words of a tensor, which are those of memory or those of a device by their type. */
export function fromWords(words: PackedWords, format: PackedFormat, elements: number): PackedData {
  // Not `instanceof`: an array may come from another realm, such as a worker or a test's sandbox.
  if (Object.prototype.toString.call(words) === '[object Float32Array]') {
    return fromNumbers(words as Float32Array, format, elements);
  }
  const own = new Int32Array(words);
  if (format === 'bfloat16') return { format, data: new Uint16Array(own.buffer, 0, elements) };
  const data = new Uint8Array(own.buffer, 0, elements);
  return { format, data, absmax: new Float32Array(own.buffer, bytesOfCodes(elements)) };
}

/** Packed data as numbers of a device. @throws Error for bfloat16, of which one number would hold only one. */
export function toNumbers(slot: PackedData): Float32Array {
  if (slot.format === 'bfloat16') throw new Error('numbers of 24 bits cannot hold two bfloat16');
  const { data, absmax } = slot;
  const codes = Float32Array.from({ length: Math.ceil(data.length / codesPerNumber) }, (_, index) => {
    const [low = 0, middle = 0, high = 0] = data.subarray(codesPerNumber * index);
    return low + 256 * middle + 65_536 * high;
  });
  const numbers = new Float32Array(codes.length + absmax.length);
  numbers.set(codes);
  numbers.set(absmax, codes.length);
  return numbers;
}

function fromNumbers(numbers: Float32Array, format: PackedFormat, elements: number): PackedData {
  if (format === 'bfloat16') throw new Error('numbers of 24 bits cannot hold two bfloat16');
  const data = Uint8Array.from(
    { length: elements },
    (_, index) => numbers[Math.floor(index / codesPerNumber)]! / 256 ** (index % codesPerNumber),
  );
  return { format, data, absmax: numbers.slice(Math.ceil(elements / codesPerNumber)) };
}
