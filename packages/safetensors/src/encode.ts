import {
  byteCount,
  type DataType,
  dataTypes,
  isShape,
  layoutOf,
  type Tensor,
  type TensorData,
  type TensorInfo,
} from './data-types.ts';
import { hasLoneSurrogate } from './json.ts';

// The format asks for a header that ends at a multiple of 8 bytes, so that data start aligned.
const alignment = 8;
/** The longest piece of a file, in bytes: far below what files and hashes take at once, and long enough to be fast. */
const longestPiece = 2 ** 26;

// As `slice` returns them: in a buffer that is not shared, which `Blob` and `fetch` ask for, without the type parameter that
// TypeScript before 5.7 does not know.
type Bytes = ReturnType<Uint8Array['slice']>;

/** A tensor whose data may be made when their turn comes, so that they need not be in memory at once. */
export interface StreamedTensor extends TensorInfo {
  data: TensorData | (() => TensorData | Promise<TensorData>);
}

/**
 * Writes tensors as the bytes of a safetensors file.
 *
 * The bytes depend on the names, tensors and metadata only, not on the order of the keys: tensors are stored
 * by element type (widest first), then by name. Every tensor starts at a multiple of its element size.
 *
 * @param tensors tensors by name; `data` is in row-major order and is copied
 * @param metadata free text by key, kept under `__metadata__` in the header
 * @throws Error naming the tensor whose type, shape, data or name cannot be written, or when the file is longer than one
 * array can be (4 GiB in Node 20)
 */
export function encodeSafetensors(
  tensors: Record<string, Readonly<Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Bytes {
  const { header, entries, length } = layOut(tensors, metadata);
  for (const [name, tensor] of entries) checkData(name, tensor, tensor.data);
  let bytes: Bytes;
  try {
    bytes = new Uint8Array(length);
  } catch (cause) {
    throw new Error(`safetensors: no memory for the ${length} bytes of the file in one array; stream it`, {
      cause,
    });
  }
  bytes.set(header);
  let position = header.length;
  for (const [, { data }] of entries) {
    bytes.set(bytesOf(data), position);
    position += data.byteLength;
  }
  return bytes;
}

/**
 * The same bytes as `encodeSafetensors` in pieces, for files that are longer than one array can be, or than memory.
 *
 * @param tensors `data` is typed arrays, or functions that give them one after another as the pieces are taken
 * @returns the pieces in the order of the file, at most 64 MiB each; views of the data, to be used before the next is taken
 * @throws Error naming the tensor whose type, shape or name cannot be written, before the first piece; whose data, at its
 * turn
 */
export async function* streamSafetensors(
  tensors: Record<string, Readonly<StreamedTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { header, entries } = layOut(tensors, metadata);
  yield header;
  for (const [name, tensor] of entries) {
    const data = typeof tensor.data === 'function' ? await tensor.data() : tensor.data;
    checkData(name, tensor, data);
    const bytes = bytesOf(data);
    for (let start = 0; start < bytes.length; start += longestPiece) {
      yield bytes.subarray(start, start + longestPiece);
    }
  }
}

/** The header with the length before it, the tensors in the order of the file, and the length of the file in bytes. */
function layOut<Entry extends Readonly<TensorInfo>>(
  tensors: Record<string, Entry>,
  metadata: Readonly<Record<string, string>>,
): { header: Uint8Array; entries: [string, Entry][]; length: number } {
  const entries = Object.entries(tensors);
  const sizes = new Map(entries.map(([name, tensor]) => [name, checkInfo(name, tensor)]));
  entries.sort(([nameA, a], [nameB, b]) => rank(a.dtype) - rank(b.dtype) || compareBytes(nameA, nameB));

  const fields: [string, unknown][] = [];
  const metadataEntries = Object.entries(metadata).sort(([a], [b]) => compareBytes(a, b));
  for (const [key, value] of metadataEntries) checkMetadata(key, value);
  if (metadataEntries.length > 0) fields.push(['__metadata__', Object.fromEntries(metadataEntries)]);
  let offset = 0;
  for (const [name, { dtype, shape }] of entries) {
    const end = offset + sizes.get(name)!;
    fields.push([name, { dtype, shape, data_offsets: [offset, end] }]);
    offset = end;
  }

  const text = new TextEncoder().encode(jsonObject(fields));
  const headerLength = Math.ceil(text.length / alignment) * alignment;
  const header = new Uint8Array(8 + headerLength).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(headerLength), true);
  header.set(text, 8);
  return { header, entries, length: header.length + offset };
}

// An object would move keys such as "0" to the front, away from the order of the data.
function jsonObject(entries: readonly [string, unknown][]): string {
  return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`;
}

function bytesOf({ buffer, byteOffset, byteLength }: TensorData): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function rank(dtype: DataType): number {
  return dataTypes.indexOf(dtype);
}

// Order by code point, as a sort of the UTF-8 bytes gives; `<` on strings orders by UTF-16 units.
function compareBytes(a: string, b: string): number {
  const left = new TextEncoder().encode(a);
  const right = new TextEncoder().encode(b);
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i++) {
    const difference = left[i]! - right[i]!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** @returns the bytes of the tensor's data */
function checkInfo(name: string, tensor: Readonly<TensorInfo>): number {
  const where = `tensor ${JSON.stringify(name)}`;
  if (name === '__metadata__')
    throw new Error(`${where}: this name is reserved for metadata, choose another`);
  checkText(where, name);
  if (!layoutOf(tensor?.dtype)) {
    throw new Error(
      `${where}: dtype must be one of ${dataTypes.join(', ')}, got ${JSON.stringify(tensor?.dtype)}`,
    );
  }
  const { dtype, shape } = tensor;
  if (!isShape(shape)) {
    throw new Error(
      `${where}: shape must be a list of whole numbers of at least 0, got ${JSON.stringify(shape)}`,
    );
  }
  const bytes = byteCount(dtype, shape);
  if (bytes === undefined || !Number.isSafeInteger(bytes)) {
    throw new Error(
      `${where}: shape [${shape}] of ${dtype} does not fill a whole number of bytes below 2^53`,
    );
  }
  return bytes;
}

function checkData(name: string, { dtype, shape }: Readonly<TensorInfo>, data: TensorData): void {
  const where = `tensor ${JSON.stringify(name)}`;
  const layout = layoutOf(dtype)!;
  const array = Object.prototype.toString.call(data).slice(8, -1);
  if (array !== layout.array) {
    throw new Error(`${where}: data of dtype ${dtype} must be a ${layout.array}, got ${array}`);
  }
  const needed = byteCount(dtype, shape)! / data.BYTES_PER_ELEMENT;
  if (data.length !== needed) {
    throw new Error(`${where}: shape [${shape}] needs ${needed} elements, got ${data.length}`);
  }
}

function checkMetadata(key: string, value: unknown): void {
  const where = `metadata ${JSON.stringify(key)}`;
  if (typeof value !== 'string') throw new Error(`${where}: the value must be a string, got ${typeof value}`);
  checkText(where, key);
  checkText(where, value);
}

function checkText(where: string, text: string): void {
  if (hasLoneSurrogate(text)) {
    throw new Error(`${where}: text must be valid Unicode, but it has half of a surrogate pair`);
  }
}
