import { codeOf, type DynamicMap, lowestOf } from '../state-formats/dynamic-map.ts';
import { mapOf } from '../state-formats/packed-slot.ts';
import type { WasmHeap } from './wasm-heap.ts';

const wordBytes = 4;

/** Where a map's table in memory has its second part: after the float32 values of all codes. */
export const codesAt = 1024;
/** A boundary as float32, and the code of the numbers up to it. */
export const entryBytes = 8;
/** The upper halves of float32 numbers up to 1, of those of -1 too where there are any. */
const [positiveHalves, allHalves] = [0x3f81, 0xbf81];

/**
 * The table of a map: the values of the codes, and for each upper half that a number may have the lowest code of such numbers, with its
 * boundary. They are closer together than boundaries are, so that one comparison finds the code of a number.
 */
function tableOf(map: DynamicMap, halves: number): Uint8Array {
  const table = new Uint8Array(codesAt + entryBytes * halves);
  const [floats, integers] = [new Float32Array(table.buffer), new Int32Array(table.buffer)];
  floats.set(map.values);
  for (let half = 0; half < halves; half++) {
    const code = codeOf(map, lowestOf(half));
    const entry = (codesAt + entryBytes * half) / wordBytes;
    floats[entry] = map.boundaries[code]!;
    integers[entry + 1] = code;
  }
  return table;
}

/** Addresses of the tables. */
export interface MapTables {
  readonly signed: number;
  readonly unsigned: number;
}

const tables = new WeakMap<WasmHeap, MapTables>();

/** The tables of both maps on a heap, where they are kept from the first use on. @throws Error if there is no room for them. */
export function tablesOn(heap: WasmHeap): MapTables {
  let found = tables.get(heap);
  if (found === undefined) {
    const signed = tableOf(mapOf('8bit-signed'), allHalves);
    const unsigned = tableOf(mapOf('8bit-unsigned'), positiveHalves);
    const address = heap.takeScratch(signed.length + unsigned.length);
    found = { signed: address, unsigned: address + signed.length };
    const bytes = new Uint8Array(heap.memory.buffer);
    bytes.set(signed, found.signed);
    bytes.set(unsigned, found.unsigned);
    tables.set(heap, found);
  }
  return found;
}
