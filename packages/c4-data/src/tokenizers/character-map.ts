import { utf8Bytes } from '../text-bytes.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** A character that can share a grapheme with a neighbor, as far as plain letters, digits and signs cannot. */
const STANDS_ALONE = /[\p{L}\p{N}\p{P}\p{S}\p{Zs}]/u;
const JOINS =
  /[\p{Grapheme_Extend}\p{Regional_Indicator}\p{Emoji_Modifier}\u0d4e\u0e33\u0eb3\u1100-\u11ff\ua960-\ua97f\uac00-\ud7ff]/u;

/** A grapheme of this many bytes of UTF-8 or more is mapped character by character. */
const LONG_GRAPHEME_BYTES = 6;

/** Bytes of the UTF-8 character that begins with a byte. */
export function characterBytes(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

function decodeCharacter(bytes: Uint8Array, start: number): number {
  const lead = bytes[start]!;
  if (lead < 0x80) return lead;
  const second = bytes[start + 1]! & 0x3f;
  if (lead < 0xe0) return ((lead & 0x1f) << 6) | second;
  const third = bytes[start + 2]! & 0x3f;
  if (lead < 0xf0) return ((lead & 0x0f) << 12) | (second << 6) | third;
  return ((lead & 0x07) << 18) | (second << 12) | (third << 6) | (bytes[start + 3]! & 0x3f);
}

/** Bytes that grow as they are written. */
export class ByteSink {
  bytes = new Uint8Array(256);
  length = 0;

  append(source: Uint8Array, start: number, end: number): void {
    const length = this.length + end - start;
    if (length > this.bytes.length) {
      const larger = new Uint8Array(2 * length);
      larger.set(this.bytes.subarray(0, this.length));
      this.bytes = larger;
    }
    for (let from = start, to = this.length; from < end; ) this.bytes[to++] = source[from++]!;
    this.length = length;
  }
}

/**
 * The table of a `Precompiled` normalizer: a double-array trie over UTF-8 (Darts) whose values are offsets of
 * replacements, as SentencePiece writes it.
 *
 * As in the Rust library a grapheme below 6 bytes is replaced as a whole by what stands for the shortest key that
 * begins it; longer graphemes, and those that no key begins, are replaced character by character.
 */
export class CharacterMap {
  private readonly units: Uint32Array;
  private readonly replacements: Uint8Array;
  private readonly segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });
  /** For each character of the basic plane: 0 not yet known, 1 stands alone, 2 joins neighbors. */
  private readonly joining = new Uint8Array(0x10000);

  /** @throws if the base64 text does not hold such a table */
  constructor(base64: string, name: string) {
    const bytes = bytesOfBase64(base64);
    const view = new DataView(bytes.buffer);
    const trieBytes = bytes.length >= 4 ? view.getUint32(0, true) : 0;
    if (trieBytes === 0 || trieBytes % 4 !== 0 || 4 + trieBytes > bytes.length) {
      throw new Error(
        `${name} has a damaged "precompiled_charsmap": ${bytes.length} bytes with a trie of ${trieBytes}`,
      );
    }
    this.units = Uint32Array.from({ length: trieBytes / 4 }, (_, index) =>
      view.getUint32(4 + 4 * index, true),
    );
    this.replacements = bytes.subarray(4 + trieBytes);
  }

  /** The offset of what replaces the shortest key that begins the bytes, or -1. */
  private find(bytes: Uint8Array, start: number, end: number): number {
    const { units } = this;
    let node = offset(units[0]!);
    for (let index = start; index < end; index += 1) {
      const byte = bytes[index]!;
      if (byte === 0) return -1;
      node ^= byte;
      const unit = units[node] ?? 0;
      // The label of a unit: its byte, and a set highest bit where it is a value.
      if ((unit & 0x8000_00ff) !== byte) return -1;
      node ^= offset(unit);
      if ((unit & 0x100) !== 0) return units[node]! & 0x7fff_ffff;
    }
    return -1;
  }

  /** Whether a key begins with this byte. */
  begins(byte: number): boolean {
    const { units } = this;
    return ((units[offset(units[0]!) ^ byte] ?? 0) & 0x8000_00ff) === byte && byte !== 0;
  }

  private replace(found: number, sink: ByteSink): void {
    const end = this.replacements.indexOf(0, found);
    sink.append(this.replacements, found, end === -1 ? this.replacements.length : end);
  }

  private joins(character: number): boolean {
    if (character > 0xffff) return true;
    if (this.joining[character] === 0) {
      const text = String.fromCharCode(character);
      this.joining[character] = STANDS_ALONE.test(text) && !JOINS.test(text) ? 1 : 2;
    }
    return this.joining[character] === 2;
  }

  /** Whether the graphemes of the bytes are not simply their characters. */
  private needsGraphemes(bytes: Uint8Array, start: number, end: number): boolean {
    for (let index = start; index < end; ) {
      const lead = bytes[index]!;
      if (lead >= 0x80 && this.joins(decodeCharacter(bytes, index))) return true;
      index += characterBytes(lead);
    }
    return false;
  }

  private mapCharacters(bytes: Uint8Array, start: number, end: number, sink: ByteSink): void {
    for (let index = start; index < end; ) {
      const next = index + characterBytes(bytes[index]!);
      const found = this.find(bytes, index, next);
      if (found === -1) sink.append(bytes, index, next);
      else this.replace(found, sink);
      index = next;
    }
  }

  private mapGraphemes(bytes: Uint8Array, start: number, end: number, sink: ByteSink): void {
    const text = decoder.decode(bytes.subarray(start, end));
    let from = start;
    for (const { segment } of this.segmenter.segment(text)) {
      const to = from + utf8Bytes(segment);
      const found = to - from < LONG_GRAPHEME_BYTES ? this.find(bytes, from, to) : -1;
      if (found === -1) this.mapCharacters(bytes, from, to, sink);
      else this.replace(found, sink);
      from = to;
    }
  }

  /** Appends the mapped text of bytes[start, end) to the sink. */
  map(bytes: Uint8Array, start: number, end: number, sink: ByteSink): void {
    if (this.needsGraphemes(bytes, start, end)) this.mapGraphemes(bytes, start, end, sink);
    else this.mapCharacters(bytes, start, end, sink);
  }
}

/** The bytes that a base64 text stands for; none where it is not base64. */
function bytesOfBase64(base64: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return new Uint8Array(0);
  }
}

/** How far the children of a unit lie from it. */
function offset(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}
