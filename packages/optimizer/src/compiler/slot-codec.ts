import { blockSize } from '../state-formats/block-codes.ts';
import { codeOf, type DynamicMap } from '../state-formats/dynamic-map.ts';
import { mapOf, type PackedFormat } from '../state-formats/packed-slot.ts';
import { bytesOfCodes } from '../state-formats/packed-words.ts';
import { elementStep, mixers } from '../state-formats/rounding-noise.ts';
import { type Bytes, code, increment, Locals, type ModuleFunction, whileLoop } from './wasm-encoder.ts';
import type { WasmHeap } from './wasm-heap.ts';

const wordBytes = 4;
const vectorBytes = 16;

/** Where a map's table in memory has its second part: after the float32 values of all codes. */
const codesAt = 1024;
/** A boundary as float32, and the code of the numbers up to it. */
const entryBytes = 8;
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
  const number = new Float32Array(1);
  const bits = new Uint32Array(number.buffer);
  for (let half = 0; half < halves; half++) {
    // Of negative numbers the lowest has the largest bits.
    bits[0] = (half << 16) | (half < 0x8000 ? 0 : 0xffff);
    const code = codeOf(map, number[0]!);
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

/** The functions that unpack part of a slot of a format into float32, and pack it again. */
export interface SlotCodec {
  /** Unpacks: address of the slot, first element, elements, address of their float32 numbers. */
  readonly unpack: ModuleFunction;
  /** Packs: the same, and the key of the noise. Behind the numbers {@link roomBehind} bytes are overwritten. */
  readonly pack: ModuleFunction;
}

/** Bytes behind unpacked numbers that a codec writes. */
export const roomBehind = 2 * vectorBytes;

/**
 * @param total Elements of the slot. Parts begin at multiples of {@link blockSize}.
 * @param at Addresses of the tables, which become part of the code.
 */
export function slotCodec(format: PackedFormat, total: number, at: MapTables): SlotCodec {
  if (format === 'bfloat16') return halvesCodec();
  return codesCodec(format, total, format === '8bit-signed' ? at.signed : at.unsigned);
}

const operands = ['i32', 'i32', 'i32', 'i32'] as const;
const [slot, first, count, numbers, key] = [0, 1, 2, 3, 4];

const sum = (a: Bytes, b: Bytes): Bytes => [...a, ...b, ...code.i32Add];
const scaled = (x: Bytes, factor: number): Bytes => [...x, ...code.i32Const(factor), ...code.i32Mul];

/** Runs `body` for `at` from where it is to `end`, some vectors at a time. */
function eachVector(at: number, end: number, body: Bytes, vectors = 1): Bytes {
  return whileLoop(
    [...code.get(at), ...code.get(end), ...code.i32LessUnsigned],
    [...body, ...increment(at, vectors * vectorBytes)],
  );
}

/** Both directions walk over blocks of codes. */
function codesCodec(format: '8bit-signed' | '8bit-unsigned', total: number, table: number): SlotCodec {
  const walk = (locals: Locals, block: (places: BlockPlaces) => Bytes, before: Bytes): Bytes => {
    const make = (): number => locals.make('i32');
    const places = { at: make(), codes: make(), scale: make(), start: make(), blockEnd: make() };
    const { codes, scale, start, blockEnd } = places;
    const end = make();
    return [
      ...[...sum(code.get(slot), code.get(first)), ...code.set(codes)],
      ...sum(
        sum(code.get(slot), code.i32Const(bytesOfCodes(total))),
        scaled(
          [...code.get(first), ...code.i32Const(Math.log2(blockSize)), ...code.i32ShiftRight],
          wordBytes,
        ),
      ),
      ...code.set(scale),
      ...[...code.get(numbers), ...code.tee(start), ...scaled(code.get(count), wordBytes), ...code.i32Add],
      ...[...code.set(end), ...before],
      ...whileLoop(
        [...code.get(start), ...code.get(end), ...code.i32LessUnsigned],
        [
          ...[...sum(code.get(start), code.i32Const(blockSize * wordBytes)), ...code.tee(blockEnd)],
          ...[...code.get(end), ...code.get(blockEnd), ...code.get(end), ...code.i32LessUnsigned],
          ...[...code.choose, ...code.set(blockEnd)],
          ...block(places),
          ...[...code.get(blockEnd), ...code.set(start), ...increment(scale, wordBytes)],
        ],
      ),
    ];
  };
  return { unpack: unpackCodes(format, table, walk), pack: packCodes(format, table, walk) };
}

/** Locals of a walk over blocks: addresses of the present numbers, codes and scale, and the ends of the block. */
interface BlockPlaces {
  readonly at: number;
  readonly codes: number;
  readonly scale: number;
  readonly start: number;
  readonly blockEnd: number;
}

type Walk = (locals: Locals, block: (places: BlockPlaces) => Bytes, before: Bytes) => Bytes;

const lanes = [0, 1, 2, 3] as const;

function unpackCodes(format: string, table: number, walk: Walk): ModuleFunction {
  const parameters = operands;
  const locals = new Locals(parameters);
  const [scales, vector] = [locals.make('v128'), locals.make('v128')];
  const block = ({ at, codes, scale, start, blockEnd }: BlockPlaces): Bytes => {
    const valueAddress = (lane: number): Bytes => [
      ...[...code.get(codes), ...code.byteLoad(lane), ...code.i32Const(2), ...code.i32ShiftLeft],
    ];
    return [
      ...[...code.get(scale), ...code.loadSplat, ...code.set(scales)],
      ...[...code.get(start), ...code.set(at)],
      ...eachVector(at, blockEnd, [
        ...[...valueAddress(0), ...code.loadSplatAt(table), ...code.set(vector)],
        ...[1, 2, 3].flatMap((lane) => [
          ...[...valueAddress(lane), ...code.get(vector), ...code.loadIntoLane(lane, table)],
          ...code.set(vector),
        ]),
        ...[...code.get(at), ...code.get(vector), ...code.get(scales), ...code.mul, ...code.store()],
        ...increment(codes, lanes.length),
      ]),
    ];
  };
  return { name: `unpack-${format}`, parameters, locals, body: walk(locals, block, []) };
}

function packCodes(format: '8bit-signed' | '8bit-unsigned', table: number, walk: Walk): ModuleFunction {
  const parameters = [...operands, 'i32'] as const;
  const locals = new Locals(parameters);
  const vector = (): number => locals.make('v128');
  const [absmax, relative, places, lower, upper] = [vector(), vector(), vector(), vector(), vector()];
  const block = ({ at, codes, scale, start, blockEnd }: BlockPlaces): Bytes => {
    const larger = (shuffle: readonly number[]): Bytes => [
      ...[...code.get(absmax), ...code.get(absmax), ...code.get(absmax), ...shuffle],
      ...[...code.integersMax, ...code.set(absmax)],
    ];
    const place = (lane: number): Bytes => [...code.get(places), ...code.integerLaneOf(lane)];
    const entries = (into: number, lane: number): Bytes => [
      ...[...place(lane), ...code.loadPair(table + codesAt), ...code.set(into)],
      ...[...place(lane + 1), ...code.get(into), ...code.loadUpperPair(table + codesAt), ...code.set(into)],
    ];
    return [
      ...[...code.vectorConst(0), ...code.set(absmax), ...code.get(start), ...code.set(at)],
      // Magnitudes are in the order of their bits, NaN behind infinity: one instruction, where a maximum of floats is many.
      ...eachVector(at, blockEnd, [
        ...[...code.get(absmax), ...code.get(at), ...code.load(), ...code.abs, ...code.integersMax],
        ...code.set(absmax),
      ]),
      ...[...larger(code.upperHalf), ...larger(code.swapLanes)],
      ...[...code.get(scale), ...code.get(absmax), ...code.extractLane, ...code.f32Store],
      ...[...code.get(start), ...code.set(at)],
      ...eachVector(at, blockEnd, [
        ...[...code.get(at), ...code.load(), ...code.get(absmax), ...code.div, ...code.tee(relative)],
        // NaN, as of 0 divided by 0, has the code of 0; and so has -0, whose bits are those of a negative number.
        ...[...code.get(relative), ...code.get(relative), ...code.equal, ...code.and],
        ...(format === '8bit-unsigned' ? code.abs : []),
        ...[...code.tee(relative), ...code.i32Const(16), ...code.integersShiftRight],
        ...[...code.i32Const(Math.log2(entryBytes)), ...code.integersShiftLeft, ...code.set(places)],
        ...[...entries(lower, 0), ...entries(upper, 2)],
        // One more where the number is above the boundary: a comparison that holds is -1.
        ...[...code.get(codes), ...code.get(lower), ...code.get(upper), ...code.oddLanes],
        ...[
          ...code.get(relative),
          ...code.get(lower),
          ...code.get(upper),
          ...code.evenLanes,
          ...code.greater,
        ],
        ...[
          ...code.integersSub,
          ...code.tee(places),
          ...code.get(places),
          ...code.narrow,
          ...code.tee(places),
        ],
        ...[...code.get(places), ...code.narrowToBytes, ...code.storeLane],
        ...increment(codes, lanes.length),
      ]),
    ];
  };
  return { name: `pack-${format}`, parameters, locals, body: walk(locals, block, zeroBehind) };
}

/** Zeros behind the numbers, so that equal states have equal bytes in the padding too. */
const zeroBehind: Bytes = [
  ...sum(code.get(numbers), scaled(code.get(count), wordBytes)),
  ...[...code.vectorConst(0), ...code.store()],
  ...sum(code.get(numbers), scaled(code.get(count), wordBytes)),
  ...[...code.vectorConst(0), ...code.store(vectorBytes)],
];

function halvesCodec(): SlotCodec {
  return { unpack: unpackHalves(), pack: packHalves() };
}

/** Walks over eight numbers at a time: two vectors of these, one of bfloat16. */
function eachEight(locals: Locals, body: (at: number, half: number) => Bytes): Bytes {
  const [at, end, half] = [locals.make('i32'), locals.make('i32'), locals.make('i32')];
  return [
    ...[...sum(code.get(slot), scaled(code.get(first), 2)), ...code.set(half)],
    ...[...code.get(numbers), ...code.tee(at), ...scaled(code.get(count), wordBytes), ...code.i32Add],
    ...code.set(end),
    ...eachVector(at, end, [...body(at, half), ...increment(half, vectorBytes)], 2),
  ];
}

function unpackHalves(): ModuleFunction {
  const parameters = operands;
  const locals = new Locals(parameters);
  const body = eachEight(locals, (at, half) =>
    [code.widenLower, code.widenUpper].flatMap((widen, index) => [
      ...[...code.get(at), ...code.get(half), ...code.load(), ...widen],
      ...[...code.i32Const(16), ...code.integersShiftLeft, ...code.store(index * vectorBytes)],
    ]),
  );
  return { name: 'unpack-bfloat16', parameters, locals, body };
}

/** Rounds with the noise of `noiseOf` in `rounding-noise.ts`, for eight elements at once. */
function packHalves(): ModuleFunction {
  const parameters = [...operands, 'i32'] as const;
  const locals = new Locals(parameters);
  const vector = (): number => locals.make('v128');
  const [counter, noise, lower, upper] = [vector(), vector(), vector(), vector()];
  const quadruple = (x: number): Bytes => code.integersConst(lanes.map(() => x));
  const shiftedXor = (shift: number): Bytes => [
    ...[...code.tee(noise), ...code.get(noise), ...code.i32Const(shift), ...code.integersShiftRight],
    ...code.xor,
  ];
  const mixed: Bytes = [
    ...[...shiftedXor(16), ...quadruple(mixers[0]), ...code.integersMul],
    ...[...shiftedXor(15), ...quadruple(mixers[1]), ...code.integersMul],
    ...[...shiftedXor(16), ...code.set(noise)],
  ];
  const upperNoise: Bytes = [...code.get(noise), ...code.i32Const(16), ...code.integersShiftRight];
  const lowerNoise: Bytes = [...code.get(noise), ...quadruple(0xffff), ...code.and];
  const rounded = (number: number, at: number, offset: number, bits: Bytes): Bytes => [
    ...[...code.get(at), ...code.load(offset), ...code.tee(number), ...bits, ...code.integersAdd],
    // Noise could carry the bits of NaN beyond those of NaN.
    ...[...quadruple(0x7fc00000), ...code.get(number), ...code.get(number), ...code.equal, ...code.select],
    ...[...code.i32Const(16), ...code.integersShiftRight, ...code.set(number)],
  ];
  const body: Bytes = [
    ...zeroBehind,
    // Half as many counters as elements.
    ...[...code.get(first), ...code.i32Const(1), ...code.i32ShiftRight],
    ...[...scaled([], elementStep), ...code.get(key), ...code.i32Add, ...code.splatInteger],
    ...code.integersConst(lanes.map((lane) => Math.imul(lane, elementStep))),
    ...[...code.integersAdd, ...code.set(counter)],
    ...eachEight(locals, (at, half) => [
      ...[...code.get(counter), ...mixed],
      ...rounded(lower, at, 0, upperNoise),
      ...rounded(upper, at, vectorBytes, lowerNoise),
      ...[...code.get(half), ...code.get(lower), ...code.get(upper), ...code.narrow, ...code.store()],
      ...[...code.get(counter), ...quadruple(Math.imul(4, elementStep)), ...code.integersAdd],
      ...code.set(counter),
    ]),
  ];
  return { name: 'pack-bfloat16', parameters, locals, body };
}
