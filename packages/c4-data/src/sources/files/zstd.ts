import type { XXHash } from 'xxhash-wasm';

const frame = 0xfd2fb528;
/** The upper 28 bits of the 16 magic numbers of frames that hold no data. */
const skippable = 0x184d2a5;
/** Bytes handed to the decompressor at once: more would only wait there. */
const pieceBytes = 256 * 1024;
/** The largest window that `zstd -d` decompresses without being told to. */
const mostWindowBytes = 128 * 1024 * 1024;

/** Bytes that are no Zstandard data, or not those that were compressed. */
export class ZstdError extends Error {}

/** A stream of bytes from which exact numbers of them can be taken. */
class ByteReader {
  private chunk: Uint8Array = new Uint8Array(0);
  private readonly chunks: AsyncIterator<Uint8Array>;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.chunks = chunks[Symbol.asyncIterator]();
  }

  /** Whether another byte follows. */
  async more(): Promise<boolean> {
    while (this.chunk.length === 0) {
      const { value, done } = await this.chunks.next();
      if (done) return false;
      this.chunk = value;
    }
    return true;
  }

  /** At least one and at most `most` bytes. @throws ZstdError at the end of the stream */
  async some(most: number): Promise<Uint8Array> {
    if (!(await this.more())) throw new ZstdError('unexpected end of file');
    const taken = this.chunk.subarray(0, most);
    this.chunk = this.chunk.subarray(taken.length);
    return taken;
  }

  async exactly(count: number): Promise<Buffer> {
    const taken = Buffer.alloc(count);
    for (let filled = 0; filled < count; ) {
      const part = await this.some(count - filled);
      taken.set(part, filled);
      filled += part.length;
    }
    return taken;
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0; ) left -= (await this.some(left)).length;
  }

  async close(): Promise<void> {
    await this.chunks.return?.();
  }
}

/**
 * The rest of a frame's header, after its magic number and the descriptor (RFC 8878, section 3.1.1.1).
 *
 * @throws ZstdError if the frame needs more memory than is given to it
 */
async function readHeader(bytes: ByteReader, descriptor: number): Promise<Buffer> {
  const oneSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 ? (oneSegment ? 1 : 0) : 1 << sizeFlag;
  const sizeAt = (oneSegment ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]!;
  const header = await bytes.exactly(sizeAt + sizeBytes);
  // Without a window of its own the frame is its window; a size of two bytes begins at 256.
  const window = oneSegment
    ? sizeBytes === 8
      ? Number(header.readBigUInt64LE(sizeAt))
      : header.readUIntLE(sizeAt, sizeBytes) + (sizeBytes === 2 ? 256 : 0)
    : 2 ** (10 + (header[0]! >> 3)) * (1 + (header[0]! & 7) / 8);
  if (window <= mostWindowBytes) return header;
  throw new ZstdError(
    `it needs a window of ${window} bytes, above ${mostWindowBytes}: compress it again without --long or --ultra`,
  );
}

/**
 * Decompresses Zstandard frames as they come (RFC 8878), and compares the checksum that each carries.
 *
 * `fzstd` does the decompression on every version of Node. It passes over checksums, and does not say where in a stream a frame
 * ends: the frames are told apart here. Holds one window, of at most 128 MiB.
 *
 * @throws ZstdError if the bytes are no such frames, end early, or lack their checksum
 */
export async function* unzstd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const [{ Decompress }, { default: loadXxhash }] = await Promise.all([
    import('fzstd'),
    import('xxhash-wasm'),
  ]);
  const { create64 } = await loadXxhash();
  const bytes = new ByteReader(chunks);
  try {
    while (await bytes.more()) {
      const magic = await bytes.exactly(4);
      if (magic.readUInt32LE() >>> 4 === skippable) await bytes.skip((await bytes.exactly(4)).readUInt32LE());
      else if (magic.readUInt32LE() === frame) yield* readFrame(bytes, magic, Decompress, create64());
      else throw new ZstdError('incorrect header check');
    }
  } finally {
    await bytes.close();
  }
}

async function* readFrame(
  bytes: ByteReader,
  magic: Buffer,
  Decompress: typeof import('fzstd').Decompress,
  hash: XXHash<bigint>,
): AsyncGenerator<Uint8Array, void> {
  let decompressed: Uint8Array[] = [];
  const decompressor = new Decompress((block) => decompressed.push(block));
  const push = function* (piece: Uint8Array, final = false) {
    try {
      decompressor.push(piece, final);
    } catch (cause) {
      throw new ZstdError((cause as Error).message, { cause });
    }
    for (const block of decompressed) {
      hash.update(block);
      if (block.length > 0) yield block;
    }
    decompressed = [];
  };
  const descriptor = await bytes.exactly(1);
  yield* push(Buffer.concat([magic, descriptor, await readHeader(bytes, descriptor[0]!)]));
  for (let last = false; !last; ) {
    const header = await bytes.exactly(3);
    const value = header.readUIntLE(0, 3);
    last = (value & 1) === 1;
    const type = (value >> 1) & 3;
    let left = type === 1 ? 1 : value >> 3;
    yield* push(header);
    while (left > 0) {
      const piece = await bytes.some(Math.min(left, pieceBytes));
      left -= piece.length;
      yield* push(piece);
    }
  }
  const stored = (descriptor[0]! & 4) === 0 ? Buffer.alloc(0) : await bytes.exactly(4);
  yield* push(stored, true);
  if (stored.length > 0 && stored.readUInt32LE() !== Number(hash.digest() & 0xffffffffn)) {
    throw new ZstdError('incorrect checksum');
  }
}
