import { roomBehind } from './slot-codec.ts';
import { type Bytes, code, increment, type Locals, whileLoop } from './wasm-encoder.ts';

const wordBytes = 4;
const vectorBytes = 16;

/** A packed slot that a walk reads, writes or both. */
export interface WalkedSlot {
  /** Parameters that hold its address: as an input that is read, and as an output that is written. */
  readonly input: number | undefined;
  readonly output: number | undefined;
  /** Parameter that holds the key of the noise that it is rounded with. */
  readonly key: number;
  /** Functions of the module. */
  readonly unpack: number;
  readonly pack: number;
}

/** A walk over packed slots, and where its function and the one around it find things. */
export interface PackedWalk {
  readonly slots: readonly WalkedSlot[];
  /** Elements of a slot, and of a block of the walk. */
  readonly elements: number;
  readonly blockElements: number;
  /** The function that walks over float32 slots; its parameters are those of the function around it. */
  readonly walk: number;
  readonly parameters: number;
  /** Parameters: the room for unpacked blocks, the first block, the one after the last, and the number of the thread. */
  readonly rooms: number;
  readonly first: number;
  readonly last: number;
  readonly thread: number;
}

/** Bytes of one unpacked block, and of what a codec writes behind it. */
function roomOf({ blockElements, elements }: PackedWalk): number {
  return Math.ceil(Math.min(blockElements, elements) / 4) * vectorBytes + roomBehind;
}

/** Bytes that each thread needs for unpacked blocks. */
export function bytesPerThread(walk: PackedWalk): number {
  return walk.slots.length * roomOf(walk);
}

/**
 * Walks block by block: unpacks the slots of a block into the thread's room, which stays in the caches, runs the walk on it as if
 * the whole slots were there, and packs what it wrote.
 */
export function packedWalk(walk: PackedWalk, locals: Locals): Bytes {
  const { slots, elements, blockElements } = walk;
  const [block, from, count, room] = Array.from({ length: 4 }, () => locals.make('i32')) as [
    number,
    number,
    number,
    number,
  ];
  const roomAt = (index: number): Bytes => [
    ...[...code.get(room), ...code.i32Const(index * roomOf(walk)), ...code.i32Add],
  ];
  const part = (address: number, index: number): Bytes => [
    ...[...code.get(address), ...code.get(from), ...code.get(count), ...roomAt(index)],
  ];
  const unpack = slots.flatMap((slot, index) =>
    slot.input === undefined ? [] : [...part(slot.input, index), ...code.call(slot.unpack)],
  );
  const pack = slots.flatMap((slot, index) =>
    slot.output === undefined
      ? []
      : [...part(slot.output, index), ...code.get(slot.key), ...code.call(slot.pack)],
  );
  /** Where the whole slot would begin if the block were in its place. */
  const imagined = (index: number): Bytes => [
    ...[...roomAt(index), ...code.get(from), ...code.i32Const(wordBytes), ...code.i32Mul, ...code.i32Sub],
  ];
  const operand = (parameter: number): Bytes => {
    if (parameter === walk.first) return code.get(block);
    if (parameter === walk.last) return [...code.get(block), ...code.i32Const(1), ...code.i32Add];
    const index = slots.findIndex(({ input, output }) => input === parameter || output === parameter);
    return index < 0 ? code.get(parameter) : imagined(index);
  };
  const operands = Array.from({ length: walk.parameters }, (_, parameter) => operand(parameter)).flat();
  return [
    ...[...code.get(walk.rooms), ...code.get(walk.thread), ...code.i32Const(bytesPerThread(walk))],
    ...[...code.i32Mul, ...code.i32Add, ...code.set(room)],
    ...[...code.get(walk.first), ...code.set(block)],
    ...whileLoop(
      [...code.get(block), ...code.get(walk.last), ...code.i32LessUnsigned],
      [
        ...[...code.get(block), ...code.i32Const(blockElements), ...code.i32Mul, ...code.set(from)],
        // What is left, or a whole block if that is less.
        ...[...code.i32Const(elements), ...code.get(from), ...code.i32Sub, ...code.tee(count)],
        ...code.i32Const(blockElements),
        ...[...code.get(count), ...code.i32Const(blockElements), ...code.i32LessUnsigned],
        ...[...code.choose, ...code.set(count)],
        ...unpack,
        ...[...operands, ...code.call(walk.walk)],
        ...pack,
        ...increment(block, 1),
      ],
    ),
  ];
}
