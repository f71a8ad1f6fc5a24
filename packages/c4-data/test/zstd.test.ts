import { describe, expect, it } from 'vitest';
import { unzstd, ZstdError } from '../src/sources/files/zstd.ts';

const MiB = 1024 * 1024;

/** How a frame is written (RFC 8878, section 3.1.1). */
interface FrameOptions {
  /** Without a window of its own. */
  readonly oneSegment?: boolean;
  /** 0 to 3: no size of the content (one byte of it in a single segment), or 2, 4, 8 bytes. */
  readonly sizeFlag?: number;
  /** 0 to 3: none, 1, 2 or 4 bytes of a dictionary's number, here 0. */
  readonly dictionaryFlag?: number;
  /** The byte of the window's size: an exponent above 10 in its upper 5 bits, eighths in its lower 3. */
  readonly window?: number;
  readonly size?: number | bigint;
}

const littleEndian = (value: bigint, bytes: number) =>
  Uint8Array.from({ length: bytes }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));

function header({
  oneSegment = false,
  sizeFlag = 0,
  dictionaryFlag = 0,
  window = 0,
  size = 0,
}: FrameOptions) {
  const sizeBytes = [oneSegment ? 1 : 0, 2, 4, 8][sizeFlag]!;
  // Two bytes say how far the size is above 256.
  const stated = sizeBytes === 2 ? BigInt(size) - 256n : BigInt(size);
  return Buffer.concat([
    Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, (sizeFlag << 6) | (oneSegment ? 0x20 : 0) | dictionaryFlag),
    oneSegment ? new Uint8Array(0) : Uint8Array.of(window),
    new Uint8Array([0, 1, 2, 4][dictionaryFlag]!),
    littleEndian(stated, sizeBytes),
  ]);
}

/** A block: 0 holds its bytes, 1 one byte that is repeated. */
function block(type: 0 | 1, last: boolean, size: number, content: Uint8Array): Buffer {
  return Buffer.concat([littleEndian(BigInt((size << 3) | (type << 1) | (last ? 1 : 0)), 3), content]);
}

const plain = (text: string, last = true) => block(0, last, text.length, Buffer.from(text));

async function decompress(bytes: Uint8Array, chunk = bytes.length || 1): Promise<string> {
  async function* chunks() {
    for (let from = 0; from < bytes.length; from += chunk) yield bytes.subarray(from, from + chunk);
  }
  const found: Uint8Array[] = [];
  for await (const part of unzstd(chunks())) {
    expect(part.length).toBeGreaterThan(0);
    found.push(Uint8Array.from(part));
  }
  return Buffer.concat(found).toString();
}

describe('a Zstandard frame', () => {
  it('is read whatever its header has, in chunks of any size', async () => {
    const text = 'x'.repeat(300);
    for (const oneSegment of [false, true]) {
      for (const sizeFlag of [0, 1, 2, 3]) {
        // One byte of a size cannot say 300.
        const content = oneSegment && sizeFlag === 0 ? 'y'.repeat(200) : text;
        for (const dictionaryFlag of [0, 1, 2, 3]) {
          const options = { oneSegment, sizeFlag, dictionaryFlag, size: content.length };
          const frame = Buffer.concat([header(options), plain(content)]);
          for (const chunk of [1, 7, frame.length]) {
            expect(await decompress(frame, chunk), JSON.stringify({ ...options, chunk })).toBe(content);
          }
          // A skippable frame and one more frame behind it are found where it ends.
          const skippable = Buffer.concat([
            Uint8Array.of(0x5f, 0x2a, 0x4d, 0x18, 2, 0, 0, 0),
            Buffer.from('no'),
          ]);
          expect(await decompress(Buffer.concat([frame, skippable, frame]), 5)).toBe(content + content);
        }
      }
    }
  });

  it('is read block by block: plain ones, and one byte many times', async () => {
    const frame = Buffer.concat([
      header({ window: 7 << 3 }),
      plain('one, ', false),
      block(1, false, 70_000, Buffer.from('z')),
      plain('', false),
      plain('two'),
    ]);
    expect(await decompress(frame)).toBe(`one, ${'z'.repeat(70_000)}two`);
    expect(await decompress(frame, 1)).toBe(`one, ${'z'.repeat(70_000)}two`);
    expect(await decompress(Buffer.alloc(0))).toBe('');
  });

  it('is refused where it ends in its header, in a block or before its last one', async () => {
    const frame = Buffer.concat([header({}), plain('one', false), plain('two')]);
    for (let length = 1; length < frame.length; length += 1) {
      await expect(decompress(frame.subarray(0, length)), String(length)).rejects.toThrow(
        new ZstdError('unexpected end of file'),
      );
    }
    await expect(decompress(Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 9, 0, 0, 0, 1))).rejects.toThrow(
      new ZstdError('unexpected end of file'),
    );
    await expect(decompress(Buffer.from('words'))).rejects.toThrow(new ZstdError('incorrect header check'));
    // The reserved type of a block.
    const reserved = Buffer.concat([header({}), Uint8Array.of(7, 0, 0)]);
    await expect(decompress(reserved)).rejects.toThrow(ZstdError);
  });

  it('is refused where it needs a window above 128 MiB, and not below', async () => {
    const tooLarge = (bytes: number) =>
      new ZstdError(
        `it needs a window of ${bytes} bytes, above 134217728: compress it again without --long or --ultra`,
      );
    // An exponent of 17 is 2^27 bytes, and each of the lower bits an eighth more.
    await expect(decompress(header({ window: (17 << 3) | 1 }))).rejects.toThrow(tooLarge(144 * MiB));
    await expect(decompress(header({ window: (16 << 3) | 7 }))).rejects.toThrow('unexpected end of file');
    await expect(decompress(header({ window: 18 << 3 }))).rejects.toThrow(tooLarge(256 * MiB));
    const single = (sizeFlag: number, size: number | bigint) =>
      decompress(header({ oneSegment: true, sizeFlag, size }));
    await expect(single(2, 128 * MiB)).rejects.toThrow('unexpected end of file');
    await expect(single(2, 128 * MiB + 1)).rejects.toThrow(tooLarge(128 * MiB + 1));
    await expect(single(3, 2n ** 40n)).rejects.toThrow(tooLarge(2 ** 40));
    // Nothing of a size that is not the window's.
    const stated = header({ sizeFlag: 3, size: 2n ** 40n });
    await expect(decompress(stated)).rejects.toThrow('unexpected end of file');
  });

  it('closes what it is read from, also where nobody reads on', async () => {
    let closed = 0;
    async function* source() {
      try {
        for (;;) yield Buffer.concat([header({}), plain('one')]);
      } finally {
        closed += 1;
      }
    }
    for await (const part of unzstd(source())) {
      expect(Buffer.from(part).toString()).toBe('one');
      break;
    }
    expect(closed).toBe(1);
  });
});
