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
  /** Bytes of one element. */
  readonly bytes: number;
  /** Name of the typed array that holds the elements. */
  readonly array: string;
  /** A typed array over a copy of the bytes. */
  readonly view: (buffer: ArrayBuffer) => TensorData;
}

const bits8: DataTypeLayout = { bytes: 1, array: 'Uint8Array', view: (b) => new Uint8Array(b) };
const bits16: DataTypeLayout = { bytes: 2, array: 'Uint16Array', view: (b) => new Uint16Array(b) };

// Written in this order, widest first: the order of the reference implementation (Hugging Face), which
// keeps every tensor aligned to its element size without gaps, so that both write the same bytes.
const layouts = {
  U64: { bytes: 8, array: 'BigUint64Array', view: (b) => new BigUint64Array(b) },
  I64: { bytes: 8, array: 'BigInt64Array', view: (b) => new BigInt64Array(b) },
  F64: { bytes: 8, array: 'Float64Array', view: (b) => new Float64Array(b) },
  F32: { bytes: 4, array: 'Float32Array', view: (b) => new Float32Array(b) },
  U32: { bytes: 4, array: 'Uint32Array', view: (b) => new Uint32Array(b) },
  I32: { bytes: 4, array: 'Int32Array', view: (b) => new Int32Array(b) },
  BF16: bits16,
  F16: bits16,
  U16: bits16,
  I16: { bytes: 2, array: 'Int16Array', view: (b) => new Int16Array(b) },
  F8_E4M3: bits8,
  F8_E5M2: bits8,
  I8: { bytes: 1, array: 'Int8Array', view: (b) => new Int8Array(b) },
  U8: bits8,
  BOOL: bits8,
} satisfies Record<string, DataTypeLayout>;

/**
 * Element type of a tensor, by its name in the file. `BF16`, `F16` and the `F8` types have no typed array
 * in JavaScript: their data are the raw bits in a `Uint16Array` or `Uint8Array`. `BOOL` is one byte, 0 or 1.
 */
export type DataType = keyof typeof layouts;

/** Names of all element types, in the order in which a file stores them. */
export const dataTypes: readonly string[] = Object.keys(layouts);

/** Bytes and typed array of an element type, or `undefined` when there is no such type. */
export function layoutOf(dtype: unknown): DataTypeLayout | undefined {
  return typeof dtype === 'string' && Object.hasOwn(layouts, dtype) ? layouts[dtype as DataType] : undefined;
}

/** One tensor: element type, lengths of its axes (empty for a scalar) and its elements in row-major order. */
export interface Tensor {
  dtype: DataType;
  shape: number[];
  data: TensorData;
}

/** What a safetensors file holds. */
export interface DecodedSafetensors {
  tensors: Record<string, Tensor>;
  metadata: Record<string, string>;
}

/** Number of elements of a shape, or `undefined` when it is not a list of whole numbers of at least 0. */
export function elementCount(shape: unknown): number | undefined {
  if (!Array.isArray(shape)) return undefined;
  let count = 1;
  for (const length of shape) {
    if (!Number.isSafeInteger(length) || length < 0) return undefined;
    count *= length;
  }
  return Number.isSafeInteger(count) ? count : undefined;
}
