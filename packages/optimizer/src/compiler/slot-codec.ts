import { blockSize } from '../state-formats/block-codes.ts';
import { codeOf, type DynamicMap } from '../state-formats/dynamic-map.ts';
import { mapOf, type PackedFormat } from '../state-formats/packed-slot.ts';
import { bytesOfCodes } from '../state-formats/packed-words.ts';
import { elementStep, mixers } from '../state-formats/rounding-noise.ts';
import { type Bytes, code, increment, Locals, type ModuleFunction, whileLoop } from './wasm-encoder.ts';
import type { WasmHeap } from './wasm-heap.ts';

const wordBytes = 4;
const vectorBytes = 16;

/** Parts of a map's table in memory: float32 values, float32 boundaries, and the lowest code of numbers by their upper 16 bits. */
const boundariesAt = 1024;
const codesAt = 2048;
/** The upper halves of float32 numbers up to 1, of those of -1 too where there are any. */
const [positiveHalves, allHalves] = [0x3f81, 0xbf81];
const tableBytes = { signed: codesAt + allHalves, unsigned: codesAt + positiveHalves };

/**
 * The table of a map. Numbers with the same upper half are closer together than the boundaries between codes, so that one comparison is
 * left to find a code.
 */
function tableOf(map: DynamicMap, halves: number): Uint8Array {
  const table = new Uint8Array(codesAt + halves);
  const floats = new Float32Array(table.buffer, 0, 512);
  floats.set(map.values);
  floats.set(map.boundaries, 256);
  const number = new Float32Array(1);
  const bits = new Uint32Array(number.buffer);
  for (let half = 0; half < halves; half++) {
    // Of negative numbers the lowest has the largest bits.
    bits[0] = (half << 16) | (half < 0x8000 ? 0 : 0xffff);
    table[codesAt + half] = codeOf(map, number[0]!);
  }
  return table;
}

const tables = new WeakMap<WasmHeap, number>();

/** Bytes of the tables of both maps, the signed one first. */
const unsignedAt = Math.ceil(tableBytes.signed / vectorBytes) * vectorBytes;

/** The address of the tables on a heap, where they are kept from the first use on. @throws Error if there is no room for them. */
export function tablesOn(heap: WasmHeap): number {
  let address = tables.get(heap);
  if (address === undefined) {
    address = heap.takeScratch(unsignedAt + tableBytes.unsigned);
    const bytes = new Uint8Array(heap.memory.buffer);
    bytes.set(tableOf(mapOf('8bit-signed'), allHalves), address);
    bytes.set(tableOf(mapOf('8bit-unsigned'), positiveHalves), address + unsignedAt);
    tables.set(heap, address);
  }
  return address;
}

/** The functions that unpack part of a slot of a format into float32, and pack it again. */
export interface SlotCodec {
  /** Unpacks: address of the slot, first element, elements, address of their float32 numbers, tables. */
  readonly unpack: ModuleFunction;
  /** Packs: the same, and the key of the noise. The numbers may be followed by 16 bytes, which are overwritten. */
  readonly pack: ModuleFunction;
}

/** @param total Elements of the slot. Parts begin at multiples of {@link blockSize}. */
export function slotCodec(format: PackedFormat, total: number): SlotCodec {
  return format === 'bfloat16' ? halvesCodec() : codesCodec(format, total);
}

const operands = ['i32', 'i32', 'i32', 'i32', 'i32'] as const;
const [slot, first, count, numbers, table, key] = [0, 1, 2, 3, 4, 5];

const sum = (a: Bytes, b: Bytes): Bytes => [...a, ...b, ...code.i32Add];
const scaled = (x: Bytes, factor: number): Bytes => [...x, ...code.i32Const(factor), ...code.i32Mul];

/** Runs `body` for `at` from where it is to `end`, vector by vector. */
function eachVector(at: number, end: number, body: Bytes): Bytes {
  return whileLoop(
    [...code.get(at), ...code.get(end), ...code.i32LessUnsigned],
    [...body, ...increment(at, vectorBytes)],
  );
}

/** The parts of both directions that walk over blocks of codes. */
function codesCodec(format: '8bit-signed' | '8bit-unsigned', total: number): SlotCodec {
  const name = format.replace('-', '');
  const tableOffset = format === '8bit-signed' ? 0 : unsignedAt;
  const walk = (locals: Locals, block: (places: BlockPlaces) => Bytes, before: Bytes): Bytes => {
    const [at, codes, scale, start, blockEnd, end, values] = Array.from({ length: 7 }, () =>
      locals.make('i32'),
    ) as [number, number, number, number, number, number, number];
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
      ...[...sum(code.get(table), code.i32Const(tableOffset)), ...code.set(values)],
      ...[...code.get(numbers), ...code.tee(start), ...scaled(code.get(count), wordBytes), ...code.i32Add],
      ...[...code.set(end), ...before],
      ...whileLoop(
        [...code.get(start), ...code.get(end), ...code.i32LessUnsigned],
        [
          ...[...sum(code.get(start), code.i32Const(blockSize * wordBytes)), ...code.tee(blockEnd)],
          ...[...code.get(end), ...code.get(blockEnd), ...code.get(end), ...code.i32LessUnsigned],
          ...[...code.choose, ...code.set(blockEnd)],
          ...block({ at, codes, scale, start, blockEnd, values }),
          ...[...code.get(blockEnd), ...code.set(start), ...increment(scale, wordBytes)],
        ],
      ),
    ];
  };
  return {
    unpack: unpackCodes(`unpack-${name}`, walk),
    pack: packCodes(`pack-${name}`, format === '8bit-signed', walk),
  };
}

/** Locals of a walk over blocks: addresses of the present numbers, codes and scale, the ends of the block, and the table. */
interface BlockPlaces {
  readonly at: number;
  readonly codes: number;
  readonly scale: number;
  readonly start: number;
  readonly blockEnd: number;
  readonly values: number;
}

type Walk = (locals: Locals, block: (places: BlockPlaces) => Bytes, before: Bytes) => Bytes;

const lanes = [0, 1, 2, 3] as const;

function unpackCodes(name: string, walk: Walk): ModuleFunction {
  const parameters = operands;
  const locals = new Locals(parameters);
  const [scales, vector] = [locals.make('v128'), locals.make('v128')];
  const block = ({ at, codes, scale, start, blockEnd, values }: BlockPlaces): Bytes => {
    const valueAddress = (lane: number): Bytes => [
      ...code.get(values),
      ...[...code.get(codes), ...code.byteLoad(lane)],
      ...[...code.i32Const(2), ...code.i32ShiftLeft, ...code.i32Add],
    ];
    return [
      ...[...code.get(scale), ...code.loadSplat, ...code.set(scales)],
      ...[...code.get(start), ...code.set(at)],
      ...eachVector(at, blockEnd, [
        ...[...valueAddress(0), ...code.loadSplat, ...code.set(vector)],
        ...[1, 2, 3].flatMap((lane) => [
          ...[...valueAddress(lane), ...code.get(vector), ...code.loadIntoLane(lane), ...code.set(vector)],
        ]),
        ...[...code.get(at), ...code.get(vector), ...code.get(scales), ...code.mul, ...code.store()],
        ...increment(codes, lanes.length),
      ]),
    ];
  };
  return { name, parameters, locals, body: walk(locals, block, []) };
}

/** @param isSigned Numbers that are not have no code for -0, which has the bits of a negative number. */
function packCodes(name: string, isSigned: boolean, walk: Walk): ModuleFunction {
  const parameters = [...operands, 'i32'] as const;
  const locals = new Locals(parameters);
  const [absmax, relative, halves] = [locals.make('v128'), locals.make('v128'), locals.make('v128')];
  const found = locals.make('i32');
  const block = ({ at, codes, scale, start, blockEnd, values }: BlockPlaces): Bytes => {
    const larger = (shuffle: readonly number[]): Bytes => [
      ...[...code.get(absmax), ...code.get(absmax), ...code.get(absmax), ...shuffle],
      ...[...code.max, ...code.set(absmax)],
    ];
    const lane = (index: number): Bytes => [
      ...[...code.get(codes), ...code.get(values), ...code.get(halves), ...code.integerLaneOf(index)],
      ...[...code.i32Add, ...code.byteLoad(codesAt), ...code.tee(found)],
      // One more where the number is above the boundary.
      ...[...code.get(values), ...code.get(found), ...code.i32Const(2), ...code.i32ShiftLeft, ...code.i32Add],
      ...[...code.f32LoadAt(boundariesAt), ...code.get(relative), ...code.laneOf(index), ...code.f32Less],
      ...[...code.i32Add, ...code.byteStore(index)],
    ];
    return [
      ...[...code.vectorConst(0), ...code.set(absmax), ...code.get(start), ...code.set(at)],
      ...eachVector(at, blockEnd, [
        ...[...code.get(absmax), ...code.get(at), ...code.load(), ...code.abs, ...code.max],
        ...code.set(absmax),
      ]),
      ...[...larger(code.upperHalf), ...larger(code.swapLanes)],
      ...[...code.get(scale), ...code.get(absmax), ...code.extractLane, ...code.f32Store],
      ...[...code.get(start), ...code.set(at)],
      ...eachVector(at, blockEnd, [
        ...[...code.get(at), ...code.load(), ...code.get(absmax), ...code.div, ...code.tee(relative)],
        // NaN, as of 0 divided by 0, has the code of 0.
        ...[...code.get(relative), ...code.get(relative), ...code.equal, ...code.and],
        ...(isSigned ? [] : code.abs),
        ...code.tee(relative),
        ...[...code.i32Const(16), ...code.integersShiftRight, ...code.set(halves)],
        ...lanes.flatMap(lane),
        ...increment(codes, lanes.length),
      ]),
    ];
  };
  return { name, parameters, locals, body: walk(locals, block, zeroBehind) };
}

/** Zeros behind the numbers, so that equal states have equal bytes in the padding too. */
const zeroBehind: Bytes = [
  ...sum(code.get(numbers), scaled(code.get(count), wordBytes)),
  ...[...code.vectorConst(0), ...code.store()],
];

function halvesCodec(): SlotCodec {
  return { unpack: unpackHalves(), pack: packHalves() };
}

/** Two bytes of a slot for four of its numbers. */
function eachFour(locals: Locals, body: (at: number, half: number) => Bytes): Bytes {
  const [at, end, half] = [locals.make('i32'), locals.make('i32'), locals.make('i32')];
  return [
    ...[...sum(code.get(slot), scaled(code.get(first), 2)), ...code.set(half)],
    ...[...code.get(numbers), ...code.tee(at), ...scaled(code.get(count), wordBytes), ...code.i32Add],
    ...code.set(end),
    ...eachVector(at, end, [...body(at, half), ...increment(half, vectorBytes / 2)]),
  ];
}

function unpackHalves(): ModuleFunction {
  const parameters = operands;
  const locals = new Locals(parameters);
  const body = eachFour(locals, (at, half) => [
    ...[...code.get(at), ...code.get(half), ...code.loadHalf, ...code.widenHalf],
    ...[...code.i32Const(16), ...code.integersShiftLeft, ...code.store()],
  ]);
  return { name: 'unpack-bfloat16', parameters, locals, body };
}

/** The noise of `noiseOf` in `rounding-noise.ts`, for four elements at once. */
function packHalves(): ModuleFunction {
  const parameters = [...operands, 'i32'] as const;
  const locals = new Locals(parameters);
  const [counter, noise, number] = [locals.make('v128'), locals.make('v128'), locals.make('v128')];
  const quadruple = (x: number): Bytes => code.integersConst(lanes.map(() => x));
  const shiftedXor = (shift: number): Bytes => [
    ...[...code.tee(noise), ...code.get(noise), ...code.i32Const(shift), ...code.integersShiftRight],
    ...code.xor,
  ];
  const mixed: Bytes = [
    ...[...shiftedXor(16), ...quadruple(mixers[0]), ...code.integersMul],
    ...[...shiftedXor(15), ...quadruple(mixers[1]), ...code.integersMul],
    ...shiftedXor(16),
  ];
  const steps = lanes.map((lane) => Math.imul(lane, elementStep));
  const body: Bytes = [
    ...zeroBehind,
    ...[...code.get(key), ...scaled(code.get(first), elementStep), ...code.i32Add, ...code.splatInteger],
    ...[...code.integersConst(steps), ...code.integersAdd, ...code.set(counter)],
    ...eachFour(locals, (at, half) => [
      ...[...code.get(half), ...code.get(at), ...code.load(), ...code.tee(number)],
      ...[
        ...code.get(counter),
        ...mixed,
        ...code.i32Const(16),
        ...code.integersShiftRight,
        ...code.integersAdd,
      ],
      // Noise could carry the bits of NaN beyond those of NaN.
      ...[...quadruple(0x7fc00000), ...code.get(number), ...code.get(number), ...code.equal, ...code.select],
      ...[...code.i32Const(16), ...code.integersShiftRight, ...code.tee(number), ...code.get(number)],
      ...[...code.narrow, ...code.storeHalf],
      ...[
        ...code.get(counter),
        ...quadruple(Math.imul(4, elementStep)),
        ...code.integersAdd,
        ...code.set(counter),
      ],
    ]),
  ];
  return { name: 'pack-bfloat16', parameters, locals, body };
}
