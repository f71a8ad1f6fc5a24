/** Bytes of a WebAssembly module under construction, after the binary format of the specification. */
export type Bytes = number[];

/** Unsigned LEB128. */
export function unsigned(value: number): Bytes {
  const bytes: Bytes = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

/** Signed LEB128 of an int32. */
export function signed(value: number): Bytes {
  const bytes: Bytes = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const done = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(done ? low : low | 0x80);
    if (done) return bytes;
  }
}

function ieee(view: Float32Array | Float64Array): Bytes {
  return [...new Uint8Array(view.buffer)];
}

function list(items: readonly Bytes[]): Bytes {
  return [...unsigned(items.length), ...items.flat()];
}

function section(id: number, body: Bytes): Bytes {
  return [id, ...unsigned(body.length), ...body];
}

function text(name: string): Bytes {
  const bytes = [...new TextEncoder().encode(name)];
  return [...unsigned(bytes.length), ...bytes];
}

export const types = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;
export type ValueType = keyof typeof types;

const simd = (opcode: number): Bytes => [0xfd, ...unsigned(opcode)];
/** Alignment hint of four bytes, no offset. */
const word = [2, 0];

/** The instructions that kernels are made of. */
export const code = {
  get: (local: number): Bytes => [0x20, ...unsigned(local)],
  set: (local: number): Bytes => [0x21, ...unsigned(local)],
  tee: (local: number): Bytes => [0x22, ...unsigned(local)],
  i32Const: (value: number): Bytes => [0x41, ...signed(value)],
  i32Add: [0x6a],
  i32Mul: [0x6c],
  i32And: [0x71],
  i32ShiftLeft: [0x74],
  i32Sub: [0x6b],
  i32Equal: [0x46],
  i32ShiftRight: [0x76],
  i32LessUnsigned: [0x49],
  /** The first of two numbers if the third is not 0, else the second. */
  choose: [0x1b],
  f32Const: (value: number): Bytes => [0x43, ...ieee(Float32Array.of(value))],
  f64Const: (value: number): Bytes => [0x44, ...ieee(Float64Array.of(value))],
  f32Store: [0x38, ...word],
  f64Load: [0x2b, ...word],
  f64Store: [0x39, ...word],
  f32Load: [0x2a, ...word],
  byteLoad: (offset: number): Bytes => [0x2d, 0, ...unsigned(offset)],
  call: (functionIndex: number): Bytes => [0x10, ...unsigned(functionIndex)],
  f64Add: [0xa0],
  f64Sub: [0xa1],
  f64Mul: [0xa2],
  f64Min: [0xa4],
  f64Max: [0xa5],
  f64Neg: [0x9a],
  f64Divide: [0xa3],
  f32Demote: [0xb6],
  f64Promote: [0xbb],
  memoryFill: [0xfc, 11, 0],
  load: (offset = 0): Bytes => [...simd(0x00), 2, ...unsigned(offset)],
  loadSplat: [...simd(0x09), ...word],
  loadSplatAt: (offset: number): Bytes => [...simd(0x09), 2, ...unsigned(offset)],
  loadLane: [...simd(0x5c), ...word],
  /** A float32 into one lane of a vector. */
  loadIntoLane: (lane: number, offset = 0): Bytes => [...simd(0x56), 2, ...unsigned(offset), lane],
  /** 64 bits into the upper half of a vector. */
  loadUpperPair: (offset = 0): Bytes => [...simd(0x57), 3, ...unsigned(offset), 1],
  store: (offset = 0): Bytes => [...simd(0x0b), 2, ...unsigned(offset)],
  storeLane: [...simd(0x5a), ...word, 0],
  vectorConst: (value: number): Bytes => {
    const lane = ieee(Float32Array.of(value));
    return [...simd(0x0c), ...lane, ...lane, ...lane, ...lane];
  },
  splat: simd(0x13),
  extractLane: [...simd(0x1f), 0],
  integerLaneOf: (lane: number): Bytes => [...simd(0x1b), lane],
  integersConst: (lanes: readonly number[]): Bytes => [
    ...simd(0x0c),
    ...new Uint8Array(Int32Array.from(lanes).buffer),
  ],
  splatInteger: simd(0x11),
  integersAdd: simd(0xae),
  integersSub: simd(0xb1),
  integersMax: simd(0xb8),
  integersMul: simd(0xb5),
  integersShiftLeft: simd(0xab),
  integersShiftRight: simd(0xad),
  xor: simd(0x51),
  /** The lower or upper four of eight 16-bit numbers as ones of 32 bits. */
  widenLower: simd(0xa9),
  widenUpper: simd(0xaa),
  /** Eight numbers below 65536 as ones of 16 bits. */
  narrow: simd(0x86),
  /** Sixteen numbers below 256 as ones of 8 bits. */
  narrowToBytes: simd(0x66),
  /** The even and the odd of the eight lanes of two vectors. */
  evenLanes: [...simd(0x0d), 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27],
  oddLanes: [...simd(0x0d), 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31],
  /** The neighbors of every second lane. */
  swapLanes: [...simd(0x0d), 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11],
  upperHalf: [...simd(0x0d), 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7],
  /** Two float32 into the lower half. */
  loadPair: (offset = 0): Bytes => [...simd(0x5d), 2, ...unsigned(offset)],
  promoteLow: simd(0x5f),
  splatDouble: simd(0x14),
  doublesAdd: simd(0xf0),
  doublesSub: simd(0xf1),
  doublesMul: simd(0xf2),
  doublesMin: simd(0xf4),
  doublesMax: simd(0xf5),
  doubleLane: (lane: number): Bytes => [...simd(0x21), lane],
  not: simd(0x4d),
  and: simd(0x4e),
  or: simd(0x50),
  select: simd(0x52),
  equal: simd(0x41),
  notEqual: simd(0x42),
  less: simd(0x43),
  greater: simd(0x44),
  floor: simd(0x68),
  abs: simd(0xe0),
  neg: simd(0xe1),
  sqrt: simd(0xe3),
  add: simd(0xe4),
  sub: simd(0xe5),
  mul: simd(0xe6),
  div: simd(0xe7),
  min: simd(0xe8),
  max: simd(0xe9),
} as const;

/** Runs `body` while `condition` leaves a number other than 0. */
export function whileLoop(condition: Bytes, body: Bytes): Bytes {
  // block { loop { br_if 1 (not condition); body; br 0 } }
  return [0x02, 0x40, 0x03, 0x40, ...condition, 0x45, 0x0d, 1, ...body, 0x0c, 0, 0x0b, 0x0b];
}

/** Adds a constant to a local. */
export function increment(local: number, by: number): Bytes {
  return [...code.get(local), ...code.i32Const(by), ...code.i32Add, ...code.set(local)];
}

/** Hands out the local variables of a function after its parameters. */
export class Locals {
  private readonly kinds: ValueType[] = [];

  constructor(private readonly parameters: readonly ValueType[]) {}

  make(type: ValueType): number {
    return this.parameters.length + this.kinds.push(type) - 1;
  }

  declaration(): Bytes {
    return list(this.kinds.map((kind) => [1, types[kind]]));
  }
}

/** A function of a module. */
export interface ModuleFunction {
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly locals: Locals;
  readonly body: Bytes;
}

/** A module of functions that return nothing and work in the imported memory `env.memory`. */
export function encodeModule(
  functions: readonly ModuleFunction[],
  sharedMemory: boolean,
): Uint8Array<ArrayBuffer> {
  const signatures = functions.map(({ parameters }) => [
    0x60,
    ...list(parameters.map((type) => [types[type]])),
    ...list([]),
  ]);
  // A shared memory states its maximum; tfjs-backend-wasm's is 4 GiB.
  const limits = sharedMemory ? [0x03, ...unsigned(1), ...unsigned(65_536)] : [0x00, ...unsigned(1)];
  const memory = [...text('env'), ...text('memory'), 0x02, ...limits];
  const bodies = functions.map(({ locals, body }) => [...locals.declaration(), ...body, 0x0b]);
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list(signatures)),
    ...section(2, list([memory])),
    ...section(3, list(functions.map((_, index) => unsigned(index)))),
    ...section(7, list(functions.map(({ name }, index) => [...text(name), 0x00, ...unsigned(index)]))),
    ...section(10, list(bodies.map((body) => [...unsigned(body.length), ...body]))),
  ]);
}
