import { byteCount, type DataType, dataTypes, isShape, layoutOf, type TensorInfo } from './data-types.ts';
import { type JsonObject, type JsonValue, parseJson } from './json.ts';

// The limit of the reference implementation; it keeps a damaged length from asking for gigabytes.
const maximumHeaderLength = 100_000_000;

/** A tensor and where it lies in the file. */
export interface TensorPlace extends TensorInfo {
  readonly name: string;
  /** First byte in the file. */
  readonly position: number;
  readonly byteLength: number;
}

/** What the header of a file says. */
export interface Header {
  /** In the order in which they lie in the file. */
  readonly tensors: readonly TensorPlace[];
  readonly metadata: Record<string, string>;
}

/**
 * Where the data begin in a file: the end of its header.
 *
 * @param first the first 8 bytes of the file, or all when it has fewer
 * @param fileLength bytes of the whole file
 * @throws Error when the file cannot hold such a header
 */
export function dataStartOf(first: Uint8Array, fileLength: number): number {
  if (first.length < 8) {
    throw new Error(
      `safetensors: a file has at least 8 bytes at byte 0 (the header length), got ${first.length}`,
    );
  }
  const length = new DataView(first.buffer, first.byteOffset, 8).getBigUint64(0, true);
  if (length > maximumHeaderLength) {
    throw new Error(
      `safetensors: the header length at byte 0 is ${length}, more than ${maximumHeaderLength}: not a safetensors file`,
    );
  }
  const dataStart = 8 + Number(length);
  if (dataStart > fileLength) {
    throw new Error(
      `safetensors: the header needs bytes 8 to ${dataStart}, but the file ends at byte ${fileLength}`,
    );
  }
  return dataStart;
}

/**
 * Reads a header as strictly as the reference implementation (Rust, safetensors 0.8): of two tensors of one name the last
 * counts.
 *
 * @param bytes from byte 8 of the file to where the data start
 * @param fileLength bytes of the whole file
 * @throws Error naming the tensor and the byte offset in the file where it is malformed or cut off
 */
export function readHeader(bytes: Uint8Array, fileLength: number): Header {
  const dataStart = 8 + bytes.length;
  const { entries } = parseHeader(bytes);
  const described = entries.filter(([key]) => key === '__metadata__');
  if (described.length > 1) throw new Error('safetensors: the header at byte 8 has __metadata__ twice');
  const places = new Map<string, TensorPlace>();
  for (const [name, value] of entries) {
    if (name !== '__metadata__') places.set(name, readPlace(name, value, dataStart));
  }
  const tensors = [...places.values()].sort((a, b) => a.position - b.position || a.byteLength - b.byteLength);
  requireFilled(tensors, dataStart, fileLength);
  return { tensors, metadata: readMetadata(described[0]?.[1]) };
}

function parseHeader(bytes: Uint8Array): JsonObject {
  let header: JsonValue;
  try {
    header = parseJson(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw new Error(`safetensors: the header at byte 8 is not valid JSON: ${(cause as Error).message}`, {
      cause,
    });
  }
  if (!isObject(header)) throw new Error('safetensors: the header at byte 8 must be a JSON object');
  return header;
}

function readMetadata(value: JsonValue | undefined): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (!isObject(value) || !value.entries.every(([, text]) => typeof text === 'string')) {
    throw new Error('safetensors: __metadata__ in the header at byte 8 must map strings to strings');
  }
  return Object.fromEntries(value.entries) as Record<string, string>;
}

function readPlace(name: string, value: JsonValue, dataStart: number): TensorPlace {
  const tensor = `safetensors: tensor ${JSON.stringify(name)}`;
  const where = `${tensor} in the header at byte 8`;
  if (!isObject(value)) throw new Error(`${where}: must be an object with dtype, shape and data_offsets`);
  const field = (key: string): unknown => {
    const values = value.entries.filter(([other]) => other === key).map(([, found]) => found);
    if (values.length > 1) throw new Error(`${where}: has ${key} twice`);
    return values.length === 0 ? undefined : plain(values[0]!);
  };
  const [dtype, shape, offsets] = [field('dtype'), field('shape'), field('data_offsets')];
  const got = (found: unknown) => JSON.stringify(found, (_, part) => shown(part));
  if (layoutOf(dtype) === undefined) {
    throw new Error(`${where}: dtype must be one of ${dataTypes.join(', ')}, got ${got(dtype)}`);
  }
  if (!isShape(shape)) {
    throw new Error(`${where}: shape must be a list of whole numbers of at least 0, got ${got(shape)}`);
  }
  if (!isShape(offsets) || offsets.length !== 2) {
    throw new Error(`${where}: data_offsets must be two whole numbers, got ${got(offsets)}`);
  }
  const [begin, end] = offsets as [number, number];
  const needed = byteCount(dtype as DataType, shape);
  if (end - begin !== needed) {
    throw new Error(
      `${tensor} at byte ${dataStart + begin}: shape [${shape}] of ${dtype} needs ` +
        `${needed ?? 'no whole or representable number of'} bytes, data_offsets give ${end - begin}`,
    );
  }
  return { name, dtype: dtype as DataType, shape, position: dataStart + begin, byteLength: needed };
}

/** Tensors must fill the file from the end of the header to its last byte. */
function requireFilled(tensors: readonly TensorPlace[], dataStart: number, fileLength: number): void {
  let expected = dataStart;
  for (const { name, position, byteLength } of tensors) {
    const where = `safetensors: tensor ${JSON.stringify(name)} at byte ${position}`;
    if (position !== expected) {
      throw new Error(`${where}: tensors must lie without gaps or overlaps, expected byte ${expected}`);
    }
    expected = position + byteLength;
    if (expected > fileLength) {
      throw new Error(`${where}: needs bytes up to ${expected}, but the file ends at byte ${fileLength}`);
    }
  }
  if (expected !== fileLength) {
    throw new Error(
      `safetensors: the last tensor ends at byte ${expected}, but the file ends at byte ${fileLength}`,
    );
  }
}

/** Lists and whole numbers as such; what is neither, such as `1.0`, stays as it was parsed and is no valid length. */
function plain(value: JsonValue): unknown {
  if (Array.isArray(value)) return value.map((item) => plain(item as JsonValue));
  if (typeof value === 'object' && value !== null && 'number' in value && /^\d+$/.test(value.number)) {
    return Number(value.number);
  }
  return value;
}

function shown(value: unknown): unknown {
  const { number } = (value ?? {}) as { number?: string };
  return typeof value === 'object' && number !== undefined ? number : value;
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && 'entries' in value && !Array.isArray(value);
}
