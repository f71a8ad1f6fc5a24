/** A typed array that can hold the elements of a tensor. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

interface DataTypeLayout {
  /** Bits of one element. */
  readonly bits: number;
  /** Name of the typed array that holds the elements. */
  readonly array: string;
  /** A typed array over all bytes of a buffer. */
  readonly view: (buffer: ArrayBuffer) => TensorData;
}

const raw = (bits: number): DataTypeLayout => ({
  bits,
  array: 'Uint8Array',
  view: (b) => new Uint8Array(b),
});
const raw16: DataTypeLayout = { bits: 16, array: 'Uint16Array', view: (b) => new Uint16Array(b) };

/**
 * Element type of a tensor, by its name in the file. `BF16`, `F16`, `F8`, `F6` and `F4` types have no typed array
 * in JavaScript: their data are the raw bits in a `Uint16Array` or `Uint8Array`, which packs four `F6` elements into
 * three bytes and two `F4` elements into one. `C64` is pairs of real and imaginary part. `BOOL` is one byte, 0 or 1.
 */
export type DataType =
  | 'U64'
  | 'I64'
  | 'F64'
  | 'C64'
  | 'F32'
  | 'U32'
  | 'I32'
  | 'BF16'
  | 'F16'
  | 'U16'
  | 'I16'
  | 'F8_E5M2FNUZ'
  | 'F8_E4M3FNUZ'
  | 'F8_E8M0'
  | 'F8_E4M3'
  | 'F8_E5M2'
  | 'I8'
  | 'U8'
  | 'F6_E3M2'
  | 'F6_E2M3'
  | 'F4'
  | 'BOOL';

// Written in this order, widest first: the order of the reference implementation (Hugging Face), which
// keeps every tensor aligned to its element size without gaps, so that both write the same bytes.
const layouts: Readonly<Record<DataType, DataTypeLayout>> = {
  U64: { bits: 64, array: 'BigUint64Array', view: (b) => new BigUint64Array(b) },
  I64: { bits: 64, array: 'BigInt64Array', view: (b) => new BigInt64Array(b) },
  F64: { bits: 64, array: 'Float64Array', view: (b) => new Float64Array(b) },
  C64: { bits: 64, array: 'Float32Array', view: (b) => new Float32Array(b) },
  F32: { bits: 32, array: 'Float32Array', view: (b) => new Float32Array(b) },
  U32: { bits: 32, array: 'Uint32Array', view: (b) => new Uint32Array(b) },
  I32: { bits: 32, array: 'Int32Array', view: (b) => new Int32Array(b) },
  BF16: raw16,
  F16: raw16,
  U16: raw16,
  I16: { bits: 16, array: 'Int16Array', view: (b) => new Int16Array(b) },
  F8_E5M2FNUZ: raw(8),
  F8_E4M3FNUZ: raw(8),
  F8_E8M0: raw(8),
  F8_E4M3: raw(8),
  F8_E5M2: raw(8),
  I8: { bits: 8, array: 'Int8Array', view: (b) => new Int8Array(b) },
  U8: raw(8),
  F6_E3M2: raw(6),
  F6_E2M3: raw(6),
  F4: raw(4),
  BOOL: raw(8),
};

/** Names of all element types, in the order in which a file stores them. */
export const dataTypes: readonly string[] = Object.keys(layouts);

/** Bits and typed array of an element type, or `undefined` when there is no such type. */
export function layoutOf(dtype: unknown): DataTypeLayout | undefined {
  return typeof dtype === 'string' && Object.hasOwn(layouts, dtype) ? layouts[dtype as DataType] : undefined;
}

/** What a file says of a tensor: element type and lengths of its axes (empty for a scalar). */
export interface TensorInfo {
  dtype: DataType;
  shape: number[];
}

/** One tensor: element type, lengths of its axes and its elements in row-major order. */
export interface Tensor extends TensorInfo {
  data: TensorData;
}

/** What a safetensors file holds. */
export interface DecodedSafetensors {
  tensors: Record<string, Tensor>;
  metadata: Readonly<Record<string, string>>;
}

const largestUnsigned = 2n ** 64n - 1n;

/**
 * Bytes of a tensor.
 *
 * @returns `undefined` when the lengths multiplied from first to last pass 2^64, as the reference implementation computes
 * them, or the elements do not fill whole bytes
 */
export function byteCount(dtype: DataType, shape: readonly number[]): number | undefined {
  let bits = 1n;
  for (const length of [...shape, layouts[dtype].bits]) {
    bits *= BigInt(length);
    if (bits > largestUnsigned) return undefined;
  }
  return bits % 8n === 0n ? Number(bits / 8n) : undefined;
}

/** Whether a value is a list of whole numbers of at least 0, up to 2^53 - 1. */
export function isShape(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((length) => Number.isSafeInteger(length) && length >= 0);
}
