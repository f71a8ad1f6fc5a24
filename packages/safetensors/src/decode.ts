import { type DecodedSafetensors, dataTypes, elementCount, layoutOf, type Tensor } from './data-types.ts';

// The limit of the reference implementation; it keeps a damaged length from asking for gigabytes.
const maximumHeaderLength = 100_000_000;

/**
 * Reads the bytes of a safetensors file. The data are copies: `bytes` may be reused afterwards.
 *
 * @param bytes a whole file
 * @returns tensors by name in the order in which they lie in the file, and the metadata (empty when there is none)
 * @throws Error naming the tensor and the byte offset in the file where it is malformed or cut off
 */
export function decodeSafetensors(bytes: Uint8Array): DecodedSafetensors {
  if (Object.prototype.toString.call(bytes) !== '[object Uint8Array]') {
    throw new Error(`safetensors: expected the bytes of a file as a Uint8Array, got ${typeof bytes}`);
  }
  const { header, dataStart } = readHeader(bytes);
  const metadata = readMetadata(header.__metadata__);
  const spans = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, entry]) => readEntry(name, entry, dataStart))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);

  const tensors: [string, Tensor][] = [];
  let expected = 0;
  for (const { name, dtype, shape, begin, end } of spans) {
    const where = `safetensors: tensor ${JSON.stringify(name)} at byte ${dataStart + begin}`;
    if (begin !== expected) {
      throw new Error(
        `${where}: tensors must lie without gaps or overlaps, expected byte ${dataStart + expected}`,
      );
    }
    if (dataStart + end > bytes.length) {
      throw new Error(
        `${where}: needs bytes up to ${dataStart + end}, but the file ends at byte ${bytes.length}`,
      );
    }
    const copy = new Uint8Array(end - begin);
    copy.set(bytes.subarray(dataStart + begin, dataStart + end));
    tensors.push([name, { dtype, shape, data: layoutOf(dtype)!.view(copy.buffer) }]);
    expected = end;
  }
  if (dataStart + expected !== bytes.length) {
    throw new Error(
      `safetensors: the last tensor ends at byte ${dataStart + expected}, but the file ends at byte ${bytes.length}`,
    );
  }
  return { tensors: Object.fromEntries(tensors), metadata };
}

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < 8) {
    throw new Error(
      `safetensors: a file has at least 8 bytes at byte 0 (the header length), got ${bytes.length}`,
    );
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > maximumHeaderLength) {
    throw new Error(
      `safetensors: the header length at byte 0 is ${length}, more than ${maximumHeaderLength}: not a safetensors file`,
    );
  }
  const dataStart = 8 + Number(length);
  if (dataStart > bytes.length) {
    throw new Error(
      `safetensors: the header needs bytes 8 to ${dataStart}, but the file ends at byte ${bytes.length}`,
    );
  }
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, dataStart)));
  } catch (cause) {
    throw new Error(`safetensors: the header at byte 8 is not valid JSON: ${(cause as Error).message}`, {
      cause,
    });
  }
  if (!isObject(header)) throw new Error('safetensors: the header at byte 8 must be a JSON object');
  return { header, dataStart };
}

function readMetadata(value: unknown): Record<string, string> {
  if (value === undefined) return {};
  if (!isObject(value) || !Object.values(value).every((text) => typeof text === 'string')) {
    throw new Error('safetensors: __metadata__ in the header at byte 8 must map strings to strings');
  }
  return value as Record<string, string>;
}

interface Span extends Omit<Tensor, 'data'> {
  name: string;
  begin: number;
  end: number;
}

function readEntry(name: string, entry: unknown, dataStart: number): Span {
  const where = `safetensors: tensor ${JSON.stringify(name)} in the header at byte 8`;
  if (!isObject(entry)) throw new Error(`${where}: must be an object with dtype, shape and data_offsets`);
  const { dtype, shape, data_offsets: offsets } = entry;
  const layout = layoutOf(dtype);
  if (!layout) {
    throw new Error(`${where}: dtype must be one of ${dataTypes.join(', ')}, got ${JSON.stringify(dtype)}`);
  }
  const count = elementCount(shape);
  if (count === undefined) {
    throw new Error(
      `${where}: shape must be a list of whole numbers of at least 0, got ${JSON.stringify(shape)}`,
    );
  }
  if (elementCount(offsets) === undefined || (offsets as number[]).length !== 2) {
    throw new Error(`${where}: data_offsets must be two whole numbers, got ${JSON.stringify(offsets)}`);
  }
  const [begin, end] = offsets as [number, number];
  if (end - begin !== count * layout.bytes) {
    throw new Error(
      `safetensors: tensor ${JSON.stringify(name)} at byte ${dataStart + begin}: shape [${shape}] of ${dtype} ` +
        `needs ${count * layout.bytes} bytes, data_offsets give ${end - begin}`,
    );
  }
  return { name, dtype: dtype as Tensor['dtype'], shape: shape as number[], begin, end };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
