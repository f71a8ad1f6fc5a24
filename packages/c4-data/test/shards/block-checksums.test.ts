import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { BlockChecksums } from '../../src/tokens/shards/block-checksums.ts';

describe('checksums of blocks', () => {
  it('are those of every 16 KiB, however the bytes come, and of the rest', () => {
    for (const length of [0, 1, 16_383, 16_384, 16_385, 100_000]) {
      const bytes = Uint8Array.from({ length }, (_, index) => Math.imul(index, 2_654_435_761) >>> 24);
      const expected = Array.from({ length: Math.ceil(length / 16_384) }, (_, block) =>
        crc32(bytes.subarray(16_384 * block, 16_384 * (block + 1))),
      );
      for (const piece of [997, 16_384, 40_000, 100_000]) {
        const blocks = new BlockChecksums();
        for (let from = 0; from < length; from += piece) blocks.update(bytes.subarray(from, from + piece));
        expect(blocks.values()).toEqual(expected);
      }
    }
  });
});
