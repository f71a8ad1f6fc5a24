import { fromBfloat16, toBfloat16 } from './bfloat16.ts';
import { type BlockCodes, blocksIn, fromBlockCodes, toBlockCodes } from './block-codes.ts';
import { type DynamicMap, dynamicMaps } from './dynamic-map.ts';

/** How a slot is kept that is not kept in float32. Slots that are never negative have a map of their own, with twice the codes. */
export type PackedFormat = '8bit-signed' | '8bit-unsigned' | 'bfloat16';

/** Every packed format. */
export const packedFormats: readonly PackedFormat[] = ['8bit-signed', '8bit-unsigned', 'bfloat16'];

/** The elements of a slot in one byte each, with a float32 scale for each block of 256 of them. */
export interface EightBitData {
  readonly format: '8bit-signed' | '8bit-unsigned';
  /** Codes of the format's map, in row-major order. */
  readonly data: Uint8Array;
  /** Largest magnitude of each block. */
  readonly absmax: Float32Array;
}

/** The elements of a slot as bfloat16. */
export interface Bfloat16Data {
  readonly format: 'bfloat16';
  /** The upper halves of float32 numbers, in row-major order. */
  readonly data: Uint16Array;
}

/** The elements of a packed slot. */
export type PackedData = EightBitData | Bfloat16Data;

/** The map of an 8-bit format. */
export function mapOf(format: EightBitData['format']): DynamicMap {
  return format === '8bit-signed' ? dynamicMaps.signed : dynamicMaps.unsigned;
}

/**
 * Packs float32 numbers.
 *
 * @param key of the noise that bfloat16 is rounded with; without one, it is rounded to the nearest number
 */
export function packed(format: PackedFormat, values: Float32Array, key?: number): PackedData {
  if (format === 'bfloat16') return { format, data: toBfloat16(values, key) };
  const { codes, absmax } = toBlockCodes(values, mapOf(format));
  return { format, data: codes, absmax };
}

/** The numbers of packed data. */
export function unpacked(slot: PackedData): Float32Array {
  if (slot.format === 'bfloat16') return fromBfloat16(slot.data);
  const blocks: BlockCodes = { codes: slot.data, absmax: slot.absmax };
  return fromBlockCodes(blocks, mapOf(slot.format));
}

/** What packing and unpacking makes of float64 numbers, with float64 scales: the reference for the other interpreters. */
export function roundedInFloat64(format: PackedFormat, values: Float64Array, key?: number): Float64Array {
  if (format === 'bfloat16') return Float64Array.from(fromBfloat16(toBfloat16(values, key)));
  return fromBlockCodes(toBlockCodes(values, mapOf(format)), mapOf(format));
}

/** Packed data of equal elements. */
export function filledData(format: PackedFormat, elements: number, value: number): PackedData {
  const one = packed(format, Float32Array.of(value));
  if (one.format === 'bfloat16') return { ...one, data: new Uint16Array(elements).fill(one.data[0]!) };
  const absmax = new Float32Array(blocksIn(elements)).fill(one.absmax[0]!);
  return { ...one, data: new Uint8Array(elements).fill(one.data[0]!), absmax };
}
