import { type DataType, dataTypes, elementCount, layoutOf, type Tensor } from './data-types.ts';

// The format asks for a header that ends at a multiple of 8 bytes, so that data start aligned.
const alignment = 8;

/**
 * Writes tensors as the bytes of a safetensors file.
 *
 * The bytes depend on the names, tensors and metadata only, not on the order of the keys: tensors are stored
 * by element type (widest first), then by name. Every tensor starts at a multiple of its element size.
 *
 * @param tensors tensors by name; `data` is in row-major order and is copied
 * @param metadata free text by key, kept under `__metadata__` in the header
 * @throws Error naming the tensor whose type, shape, data or name cannot be written
 */
export function encodeSafetensors(
  tensors: Record<string, Readonly<Tensor>>,
  metadata: Record<string, string> = {},
): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(tensors);
  for (const [name, tensor] of entries) checkTensor(name, tensor);
  entries.sort(([nameA, a], [nameB, b]) => rank(a.dtype) - rank(b.dtype) || compareBytes(nameA, nameB));

  const header: [string, unknown][] = [];
  const metadataEntries = Object.entries(metadata).sort(([a], [b]) => compareBytes(a, b));
  for (const [key, value] of metadataEntries) checkMetadata(key, value);
  if (metadataEntries.length > 0) header.push(['__metadata__', Object.fromEntries(metadataEntries)]);
  let offset = 0;
  for (const [name, { dtype, shape, data }] of entries) {
    header.push([name, { dtype, shape, data_offsets: [offset, offset + data.byteLength] }]);
    offset += data.byteLength;
  }

  const headerBytes = new TextEncoder().encode(jsonObject(header));
  const headerLength = Math.ceil(headerBytes.length / alignment) * alignment;
  const dataStart = 8 + headerLength;
  const bytes = new Uint8Array(dataStart + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.fill(0x20, 8, dataStart);
  bytes.set(headerBytes, 8);
  let position = dataStart;
  for (const [, { data }] of entries) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return bytes;
}

// An object would move keys such as "0" to the front, away from the order of the data.
function jsonObject(entries: readonly [string, unknown][]): string {
  return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`;
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

function checkTensor(name: string, tensor: Readonly<Tensor>): void {
  const where = `tensor ${JSON.stringify(name)}`;
  if (name === '__metadata__')
    throw new Error(`${where}: this name is reserved for metadata, choose another`);
  checkText(where, name);
  const layout = layoutOf(tensor?.dtype);
  if (!layout) {
    throw new Error(
      `${where}: dtype must be one of ${dataTypes.join(', ')}, got ${JSON.stringify(tensor?.dtype)}`,
    );
  }
  const { dtype, shape, data } = tensor;
  const count = elementCount(shape);
  if (count === undefined) {
    throw new Error(
      `${where}: shape must be a list of whole numbers of at least 0, got ${JSON.stringify(shape)}`,
    );
  }
  const array = Object.prototype.toString.call(data).slice(8, -1);
  if (array !== layout.array) {
    throw new Error(`${where}: data of dtype ${dtype} must be a ${layout.array}, got ${array}`);
  }
  if (data.length !== count) {
    throw new Error(`${where}: shape [${shape}] needs ${count} elements, got ${data.length}`);
  }
}

function checkMetadata(key: string, value: unknown): void {
  const where = `metadata ${JSON.stringify(key)}`;
  if (typeof value !== 'string') throw new Error(`${where}: the value must be a string, got ${typeof value}`);
  checkText(where, key);
  checkText(where, value);
}

function checkText(where: string, text: string): void {
  if (/\p{Surrogate}/u.test(text)) {
    throw new Error(`${where}: text must be valid Unicode, but it has half of a surrogate pair`);
  }
}
