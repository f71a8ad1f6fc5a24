import type { Tensor, TensorInfo } from './data-types.ts';
import { allocate, tensorOf } from './decode.ts';
import { dataStartOf, readHeader, type TensorPlace } from './header.ts';

/** Bytes that are read in parts: of a file, a `Blob`, or a server that answers range requests. */
export interface ByteSource {
  /** Bytes in all. */
  readonly size: number;
  /** Gives exactly the bytes from `position` to `position + length`. */
  read(position: number, length: number): Uint8Array | Promise<Uint8Array>;
}

// What one read of a file takes is limited to 2 GiB.
const longestRead = 2 ** 26;

/** A safetensors file of which only the header is in memory. Make one with {@link openSafetensors}. */
export class SafetensorsReader {
  /** What the header says of every tensor, by name in the order in which they lie in the file. */
  readonly tensors: ReadonlyMap<string, Readonly<TensorInfo>>;
  readonly #places: ReadonlyMap<string, TensorPlace>;

  constructor(
    private readonly source: ByteSource,
    places: readonly TensorPlace[],
    readonly metadata: Readonly<Record<string, string>>,
  ) {
    this.#places = new Map(places.map((place) => [place.name, place]));
    this.tensors = new Map(places.map(({ name, dtype, shape }) => [name, { dtype, shape }]));
  }

  /**
   * Reads one tensor and nothing else.
   *
   * @throws Error when the file has no tensor of this name, or ends before its end
   */
  async read(name: string): Promise<Tensor> {
    const place = this.#places.get(name);
    if (place === undefined) throw new Error(`safetensors: the file has no tensor ${JSON.stringify(name)}`);
    const data = allocate(place);
    for (let start = 0; start < place.byteLength; start += longestRead) {
      const length = Math.min(longestRead, place.byteLength - start);
      data.set(await readExactly(this.source, place.position + start, length), start);
    }
    return tensorOf(place, data);
  }
}

/**
 * Opens a safetensors file by its header alone; tensors are read one at a time as they are asked for.
 *
 * @param source a `Blob` such as a `File` of a browser, or anything that reads bytes in parts
 * @throws Error naming the tensor and the byte offset in the file where it is malformed or cut off
 */
export async function openSafetensors(source: ByteSource | Blob): Promise<SafetensorsReader> {
  const bytes = isBlob(source) ? blobSource(source) : source;
  if (!Number.isSafeInteger(bytes?.size) || bytes.size < 0 || typeof bytes.read !== 'function') {
    throw new Error('safetensors: expected a Blob or { size, read(position, length) }');
  }
  const dataStart = dataStartOf(await readExactly(bytes, 0, Math.min(8, bytes.size)), bytes.size);
  const header = readHeader(await readExactly(bytes, 8, dataStart - 8), bytes.size);
  return new SafetensorsReader(bytes, header.tensors, header.metadata);
}

async function readExactly(source: ByteSource, position: number, length: number): Promise<Uint8Array> {
  const bytes = await source.read(position, length);
  if (bytes.length !== length) {
    throw new Error(`safetensors: asked for ${length} bytes at byte ${position}, got ${bytes.length}`);
  }
  return bytes;
}

function isBlob(source: ByteSource | Blob): source is Blob {
  return typeof (source as Partial<Blob> | undefined)?.arrayBuffer === 'function';
}

function blobSource(blob: Blob): ByteSource {
  return {
    size: blob.size,
    read: async (position, length) =>
      new Uint8Array(await blob.slice(position, position + length).arrayBuffer()),
  };
}
