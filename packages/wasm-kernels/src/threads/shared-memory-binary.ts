/** Largest heap that 32-bit addresses reach, in pages of 64 KiB. */
export const largestHeapPages = 65_536;

const magic = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const importSection = 2;
const memorySection = 5;
const exportSection = 7;
const memoryKind = 2;
/** Limits with a maximum, shared between threads. */
const sharedWithMaximum = 3;

/** A binary that takes its memory from outside, and how large that has to be at first. */
export interface SharedMemoryBinary {
  readonly binary: Uint8Array<ArrayBuffer>;
  /** Pages of 64 KiB that the memory begins with. */
  readonly initialPages: number;
}

/**
 * Rewrites a WebAssembly binary with a memory of its own so that it imports a shared one, `env.memory`. Exports and all
 * indices stay what they are, since the memory still has index 0 (WebAssembly core specification 2.0, section 5.5).
 *
 * @throws Error if the binary defines no memory, or more than one, or imports any
 */
export function importSharedMemory(source: Uint8Array): SharedMemoryBinary {
  const sections = sectionsOf(source);
  const own = sections.find(({ id }) => id === memorySection);
  if (own === undefined) throw new Error('the WebAssembly binary defines no memory');
  const initialPages = initialPagesOf(own.body);
  const limits = [sharedWithMaximum, ...unsigned(initialPages), ...unsigned(largestHeapPages)];
  const memoryImport = [...text('env'), ...text('memory'), memoryKind, ...limits];
  const pieces: Uint8Array[] = [Uint8Array.from(magic)];
  const add = (id: number, body: Uint8Array): void => {
    pieces.push(Uint8Array.from([id, ...unsigned(body.length)]), body);
  };
  const hasImports = sections.some(({ id }) => id === importSection);
  for (const { id, body } of sections) {
    if (id === memorySection) continue;
    if (id === importSection) {
      const reader = new Reader(body);
      const count = reader.unsigned();
      add(
        id,
        joined([
          Uint8Array.from(unsigned(count + 1)),
          body.subarray(reader.at),
          Uint8Array.from(memoryImport),
        ]),
      );
      continue;
    }
    add(id, body);
    // Types come first; imports follow them.
    if (id === 1 && !hasImports) add(importSection, Uint8Array.from([1, ...memoryImport]));
  }
  return { binary: joined(pieces), initialPages };
}

/**
 * The names that a WebAssembly binary exports.
 *
 * @throws Error if it is none
 */
export function exportsOf(source: Uint8Array): string[] {
  const section = sectionsOf(source).find(({ id }) => id === exportSection);
  if (section === undefined) return [];
  const reader = new Reader(section.body);
  return Array.from({ length: reader.unsigned() }, () => {
    const length = reader.unsigned();
    const name = section.body.subarray(reader.at, reader.at + length);
    reader.at += length;
    // Kind and index.
    reader.byte();
    reader.unsigned();
    return new TextDecoder().decode(name);
  });
}

interface Section {
  readonly id: number;
  readonly body: Uint8Array;
}

function sectionsOf(source: Uint8Array): Section[] {
  if (magic.some((byte, index) => source[index] !== byte))
    throw new Error('not a WebAssembly binary of version 1');
  const sections: Section[] = [];
  const reader = new Reader(source, magic.length);
  while (reader.at < source.length) {
    const id = reader.byte();
    const size = reader.unsigned();
    sections.push({ id, body: source.subarray(reader.at, reader.at + size) });
    reader.at += size;
  }
  return sections;
}

function initialPagesOf(body: Uint8Array): number {
  const reader = new Reader(body);
  const count = reader.unsigned();
  if (count !== 1) throw new Error(`the WebAssembly binary defines ${count} memories, not one`);
  reader.byte();
  return reader.unsigned();
}

/** Reads bytes and unsigned LEB128 numbers. */
class Reader {
  constructor(
    private readonly bytes: Uint8Array,
    public at = 0,
  ) {}

  byte(): number {
    const value = this.bytes[this.at++];
    if (value === undefined) throw new Error('the WebAssembly binary ends too early');
    return value;
  }

  unsigned(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }
}

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; ) {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low + 128 : low);
    if (rest === 0) return bytes;
  }
}

function text(name: string): number[] {
  const bytes = new TextEncoder().encode(name);
  return [...unsigned(bytes.length), ...bytes];
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
