import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { ServedFile } from './misbehaving-hub.ts';
import { makeTexts, toLines } from './shard-fixture.ts';

const differentMembers = 16;

/** A shard that exists nowhere: gzip members in a fixed mixed order, made as they are sent. */
export interface GeneratedShard extends ServedFile {
  readonly documents: number;
  readonly characters: number;
}

/** @param bytes the compressed size to reach */
export function generateShard(
  bytes: number,
  documentsInMember: number,
  wordsInDocument: number,
): GeneratedShard {
  const members = Array.from({ length: differentMembers }, (_, index) => {
    const words = makeTexts(documentsInMember * wordsInDocument, 100 + index);
    const texts = Array.from({ length: documentsInMember }, (_, document) =>
      words.slice(document * wordsInDocument, (document + 1) * wordsInDocument).join(' '),
    );
    const characters = texts.reduce((sum, text) => sum + text.length, 0);
    return { packed: gzipSync(`${toLines(texts)}\n`), characters };
  });
  const member = (position: number) => members[(position * 7 + (position >> 4)) % differentMembers]!;
  const starts: number[] = [];
  let size = 0;
  let characters = 0;
  const hash = createHash('sha256');
  while (size < bytes) {
    const { packed, characters: more } = member(starts.length);
    starts.push(size);
    hash.update(packed);
    size += packed.length;
    characters += more;
  }
  function* slice(start: number, end: number): Generator<Uint8Array> {
    for (let index = firstAt(starts, start); index < starts.length && starts[index]! < end; index += 1) {
      const at = starts[index]!;
      yield member(index).packed.subarray(Math.max(0, start - at), end - at);
    }
  }
  return {
    size,
    sha256: hash.digest('hex'),
    slice,
    documents: starts.length * documentsInMember,
    characters,
  };
}

/** The last of ascending starts that is not behind a position. */
function firstAt(starts: readonly number[], position: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (starts[middle]! <= position) low = middle;
    else high = middle - 1;
  }
  return low;
}
