import type { BinaryOperation, UnaryOperation } from '../rule/expression.ts';
import type { Instruction, KernelProgram, Pass, Reduction, Source } from './kernel-program.ts';
import type { Mask } from './layout.ts';
import { type Bytes, code, encodeModule, Locals, type ValueType, whileLoop } from './wasm-encoder.ts';

/** A program as a WebAssembly module, and how to call it. */
export interface WasmKernel {
  readonly module: Uint8Array<ArrayBuffer>;
  /** Bytes of scratch memory that `run` needs. */
  readonly scratchBytes: number;
}

/**
 * Compiles a program to WebAssembly SIMD.
 *
 * `run` takes the addresses of the inputs, those of the outputs, that of the scratch memory, and the uniforms as
 * float32. An output may be at the address of the input of its name. Arithmetic is float32 in the order of the plan,
 * without fused multiply-add; sums and means run in float64.
 */
export function wasmKernel(program: KernelProgram, sharedMemory: boolean): WasmKernel {
  return new Emitter(program).kernel(sharedMemory);
}

const unaryCode: Partial<Record<UnaryOperation, Bytes>> = {
  neg: code.neg,
  abs: code.abs,
  sqrt: code.sqrt,
  floor: code.floor,
};

const binaryCode: Partial<Record<BinaryOperation, Bytes>> = {
  add: code.add,
  sub: code.sub,
  mul: code.mul,
  div: code.div,
  minimum: code.min,
  maximum: code.max,
};

const wordBytes = 4;
const vectorBytes = 16;

class Emitter {
  private readonly parameters: ValueType[];
  private readonly locals: Locals;
  private readonly scratch: number;
  private readonly firstUniform: number;
  /** Offsets in the scratch memory of the values kept between passes, and behind them of the float64 sums. */
  private readonly temporaryOffsets: number[] = [];
  private readonly sumsOffset: number;
  private scratchBytes = 0;

  constructor(private readonly program: KernelProgram) {
    const { inputs, outputs, uniforms, temporaries } = program;
    const addresses = inputs.length + outputs.length;
    this.parameters = [
      ...new Array<ValueType>(addresses + 1).fill('i32'),
      ...new Array<ValueType>(uniforms.length).fill('f32'),
    ];
    this.scratch = addresses;
    this.firstUniform = addresses + 1;
    this.locals = new Locals(this.parameters);
    for (const mask of temporaries) this.temporaryOffsets.push(this.reserve(this.sizeOf(mask) * wordBytes));
    this.sumsOffset = this.scratchBytes;
  }

  kernel(sharedMemory: boolean): WasmKernel {
    const body = this.program.passes.flatMap((pass) => this.pass(pass));
    const module = encodeModule(this.parameters, this.locals, body, sharedMemory);
    return { module, scratchBytes: this.scratchBytes };
  }

  private reserve(bytes: number): number {
    const offset = this.scratchBytes;
    this.scratchBytes += Math.ceil(bytes / vectorBytes) * vectorBytes;
    return offset;
  }

  private sizeOf(mask: Mask): number {
    return this.axesOf(mask).reduce((size, axis) => size * this.program.dimensions[axis]!, 1);
  }

  private axesOf(mask: Mask): number[] {
    return this.program.dimensions.map((_, axis) => axis).filter((axis) => (mask >> axis) & 1);
  }

  private pass(pass: Pass): Bytes {
    // Sums of different passes are never alive at the same time.
    let sums = this.sumsOffset;
    const sumOffsets = pass.reductions.map(({ mask }) => {
      const offset = sums;
      sums += Math.ceil(this.sizeOf(mask) / 2) * vectorBytes;
      return offset;
    });
    this.scratchBytes = Math.max(this.scratchBytes, sums);
    const walk = new PassEmitter(pass, {
      dimensions: this.program.dimensions,
      axes: this.axesOf(pass.mask),
      locals: this.locals,
      addressOf: (source) => this.addressOf(source),
      uniform: (index) => code.get(this.firstUniform + index),
      sumAddress: (index) => this.scratchAddress(sumOffsets[index]!),
    });
    return [
      ...pass.reductions.flatMap(({ mask }, index) => [
        ...this.scratchAddress(sumOffsets[index]!),
        ...code.i32Const(0),
        ...code.i32Const(this.sizeOf(mask) * 8),
        ...code.memoryFill,
      ]),
      ...walk.emit(),
      ...pass.reductions.flatMap((reduction, index) => this.finish(reduction, sumOffsets[index]!)),
    ];
  }

  /** Rounds the sums of a reduction to float32, where later passes read them. */
  private finish({ temporary, mask, divisor }: Reduction, sums: number): Bytes {
    const index = this.locals.make('i32');
    const at = (base: number, bytes: number): Bytes => [
      ...this.scratchAddress(base),
      ...code.get(index),
      ...code.i32Const(bytes),
      ...code.i32Mul,
      ...code.i32Add,
    ];
    return [
      ...code.i32Const(0),
      ...code.set(index),
      ...whileLoop(
        [...code.get(index), ...code.i32Const(this.sizeOf(mask)), ...code.i32LessUnsigned],
        [
          ...at(this.temporaryOffsets[temporary]!, wordBytes),
          ...at(sums, 8),
          ...code.f64Load,
          ...code.f64Const(divisor),
          ...code.f64Divide,
          ...code.f32Demote,
          ...code.f32Store,
          ...increment(index, 1),
        ],
      ),
    ];
  }

  private scratchAddress(offset: number): Bytes {
    return [...code.get(this.scratch), ...code.i32Const(offset), ...code.i32Add];
  }

  private addressOf(source: Source): Bytes {
    const { inputs, outputs } = this.program;
    switch (source.kind) {
      case 'input':
        return code.get(inputs.findIndex(({ name }) => name === source.name));
      case 'output':
        return code.get(inputs.length + outputs.findIndex(({ name }) => name === source.name));
      case 'temporary':
        return this.scratchAddress(this.temporaryOffsets[source.index]!);
    }
  }
}

function increment(local: number, by: number): Bytes {
  return [...code.get(local), ...code.i32Const(by), ...code.i32Add, ...code.set(local)];
}

interface PassContext {
  readonly dimensions: readonly number[];
  /** Axes of the walk; the last is the innermost. */
  readonly axes: readonly number[];
  readonly locals: Locals;
  addressOf(source: Source): Bytes;
  uniform(index: number): Bytes;
  sumAddress(reduction: number): Bytes;
}

/** Emits the loops of one pass. */
class PassEmitter {
  private readonly inner: number | undefined;
  private readonly innerLength: number;
  private readonly counters = new Map<number, number>();
  /** Byte offset along the innermost axis. */
  private readonly offset: number;
  private readonly values: number[];
  private readonly rowAddresses = new Map<number, number>();
  private readonly storeAddresses: number[];
  private readonly sums: { readonly row: number; readonly pair: readonly number[]; readonly rest: number }[];

  constructor(
    private readonly walked: Pass,
    private readonly context: PassContext,
  ) {
    const { axes, locals, dimensions } = context;
    this.inner = axes.at(-1);
    this.innerLength = this.inner === undefined ? 1 : dimensions[this.inner]!;
    for (const axis of axes.slice(0, -1)) this.counters.set(axis, locals.make('i32'));
    this.offset = locals.make('i32');
    this.values = walked.instructions.map(() => locals.make('v128'));
    this.storeAddresses = walked.stores.map(() => locals.make('i32'));
    this.sums = walked.reductions.map(() => ({
      row: locals.make('i32'),
      pair: [locals.make('v128'), locals.make('v128')],
      rest: locals.make('f64'),
    }));
  }

  emit(): Bytes {
    const constants = this.walked.instructions.flatMap((instruction, position) =>
      this.isUniform(instruction)
        ? [...this.uniformValue(instruction), ...code.set(this.values[position]!)]
        : [],
    );
    let body = this.row();
    for (const axis of this.context.axes.slice(0, -1).reverse()) {
      const counter = this.counters.get(axis)!;
      const length = this.context.dimensions[axis]!;
      body = [
        ...code.i32Const(0),
        ...code.set(counter),
        ...whileLoop(
          [...code.get(counter), ...code.i32Const(length), ...code.i32LessUnsigned],
          [...body, ...increment(counter, 1)],
        ),
      ];
    }
    return [...constants, ...body];
  }

  private isUniform({ kind }: Instruction): boolean {
    return kind === 'uniform' || kind === 'constant';
  }

  private uniformValue(instruction: Instruction): Bytes {
    if (instruction.kind === 'constant') return code.vectorConst(instruction.value);
    return [...this.context.uniform((instruction as { index: number }).index), ...code.splat];
  }

  private isInner(mask: Mask): boolean {
    return this.inner !== undefined && ((mask >> this.inner) & 1) === 1;
  }

  /** Byte offset of the present row in a tensor of `mask`, whose elements have `bytes` bytes. */
  private rowOffset(mask: Mask, bytes: number): Bytes {
    const { axes, dimensions } = this.context;
    const own = axes.filter((axis) => (mask >> axis) & 1);
    const terms = own
      .filter((axis) => axis !== this.inner)
      .map((axis) => {
        const stride = own
          .filter((later) => later > axis)
          .reduce((size, later) => size * dimensions[later]!, bytes);
        return [...code.get(this.counters.get(axis)!), ...code.i32Const(stride), ...code.i32Mul];
      });
    return [...code.i32Const(0), ...terms.flatMap((term) => [...term, ...code.i32Add])];
  }

  /** One run along the innermost axis: vectors of four, then what is left one by one. */
  private row(): Bytes {
    const vectors = Math.floor(this.innerLength / 4) * vectorBytes;
    const loop = (end: number, step: number, body: Bytes): Bytes =>
      whileLoop(
        [...code.get(this.offset), ...code.i32Const(end), ...code.i32LessUnsigned],
        [...body, ...increment(this.offset, step)],
      );
    return [
      ...this.rowStart(),
      ...code.i32Const(0),
      ...code.set(this.offset),
      ...(vectors > 0 ? loop(vectors, vectorBytes, this.element(true)) : []),
      ...(vectors < this.innerLength * wordBytes
        ? loop(this.innerLength * wordBytes, wordBytes, this.element(false))
        : []),
      ...this.rowEnd(),
    ];
  }

  private rowStart(): Bytes {
    const { instructions, stores, reductions, mask: walk } = this.walked;
    const loads = instructions.flatMap((instruction, position) => {
      if (instruction.kind !== 'load') return [];
      const address = [
        ...this.context.addressOf(instruction.source),
        ...this.rowOffset(instruction.mask, wordBytes),
        ...code.i32Add,
      ];
      if (!this.isInner(instruction.mask))
        return [...address, ...code.loadSplat, ...code.set(this.values[position]!)];
      let local = this.rowAddresses.get(position);
      if (local === undefined) {
        local = this.context.locals.make('i32');
        this.rowAddresses.set(position, local);
      }
      return [...address, ...code.set(local)];
    });
    const targets = stores.flatMap(({ target }, index) => [
      ...this.context.addressOf(target),
      ...this.rowOffset(walk, wordBytes),
      ...code.i32Add,
      ...code.set(this.storeAddresses[index]!),
    ]);
    const sums = reductions.flatMap(({ mask }, index) => {
      const { row, pair, rest } = this.sums[index]!;
      return [
        ...this.context.sumAddress(index),
        ...this.rowOffset(mask, 8),
        ...code.i32Add,
        ...code.set(row),
        ...pair.flatMap((local) => [...code.vectorConst(0), ...code.set(local)]),
        ...code.f64Const(0),
        ...code.set(rest),
      ];
    });
    return [...loads, ...targets, ...sums];
  }

  private element(isVector: boolean): Bytes {
    const { instructions, stores, reductions } = this.walked;
    const at = (local: number): Bytes => [...code.get(local), ...code.get(this.offset), ...code.i32Add];
    const compute = instructions.flatMap((instruction, position) => {
      if (this.isUniform(instruction)) return [];
      const target = code.set(this.values[position]!);
      if (instruction.kind !== 'load') return [...this.operation(instruction), ...target];
      const address = this.rowAddresses.get(position);
      return address === undefined
        ? []
        : [...at(address), ...(isVector ? code.load : code.loadLane), ...target];
    });
    const write = stores.flatMap(({ value }, index) => [
      ...at(this.storeAddresses[index]!),
      ...this.value(value),
      ...(isVector ? code.store : code.storeLane),
    ]);
    const sum = reductions.flatMap((reduction, index) => this.addToSum(reduction, index, isVector));
    return [...compute, ...write, ...sum];
  }

  private value(position: number): Bytes {
    return code.get(this.values[position]!);
  }

  private operation(instruction: Instruction): Bytes {
    switch (instruction.kind) {
      case 'unary': {
        const x = this.value(instruction.x);
        const direct = unaryCode[instruction.operation];
        if (direct !== undefined) return [...x, ...direct];
        if (instruction.operation === 'square') return [...x, ...x, ...code.mul];
        return signOf(x);
      }
      case 'binary': {
        const operands = [...this.value(instruction.left), ...this.value(instruction.right)];
        const direct = binaryCode[instruction.operation];
        if (direct !== undefined) return [...operands, ...direct];
        const compare = instruction.operation === 'greater' ? code.greater : code.equal;
        return [...operands, ...compare, ...code.vectorConst(1), ...code.and];
      }
      case 'where':
        return [
          ...this.value(instruction.whenTrue),
          ...this.value(instruction.whenFalse),
          ...this.value(instruction.condition),
          ...code.vectorConst(0),
          ...code.notEqual,
          ...code.select,
        ];
      default:
        throw new Error(`${instruction.kind} is no operation`);
    }
  }

  private addToSum({ mask, value }: Reduction, index: number, isVector: boolean): Bytes {
    const { row, pair, rest } = this.sums[index]!;
    const x = this.value(value);
    const single = [...x, ...code.extractLane, ...code.f64Promote];
    if (!this.isInner(mask)) {
      if (!isVector) return [...code.get(rest), ...single, ...code.f64Add, ...code.set(rest)];
      return [
        ...[...code.get(pair[0]!), ...x, ...code.promoteLow, ...code.doublesAdd, ...code.set(pair[0]!)],
        ...[...code.get(pair[1]!), ...x, ...x, ...code.upperHalf, ...code.promoteLow],
        ...[...code.doublesAdd, ...code.set(pair[1]!)],
      ];
    }
    // Eight bytes a sum, four an element: twice the offset.
    const at = (more: number): Bytes => [
      ...[...code.get(row), ...code.get(this.offset), ...code.i32Const(2), ...code.i32Mul, ...code.i32Add],
      ...[...code.i32Const(more), ...code.i32Add],
    ];
    if (!isVector) return [...at(0), ...at(0), ...code.f64Load, ...single, ...code.f64Add, ...code.f64Store];
    const half = (more: number, values: Bytes): Bytes => [
      ...at(more),
      ...[...at(more), ...code.load, ...values, ...code.promoteLow, ...code.doublesAdd, ...code.store],
    ];
    return [...half(0, x), ...half(vectorBytes, [...x, ...x, ...code.upperHalf])];
  }

  /** Adds what a row gave to the sums that have no innermost axis. */
  private rowEnd(): Bytes {
    return this.walked.reductions.flatMap(({ mask }, index) => {
      if (this.isInner(mask)) return [];
      const { row, pair, rest } = this.sums[index]!;
      const lanes = pair.flatMap((local) =>
        [0, 1].flatMap((lane) => [...code.get(local), ...code.doubleLane(lane), ...code.f64Add]),
      );
      return [
        ...code.get(row),
        ...code.get(row),
        ...code.f64Load,
        ...code.get(rest),
        ...code.f64Add,
        ...lanes,
        ...code.f64Store,
      ];
    });
  }
}

/** -1, 0 or 1, and NaN for NaN. */
function signOf(x: Bytes): Bytes {
  const positive = [...x, ...code.vectorConst(0), ...code.greater, ...code.vectorConst(1), ...code.and];
  const negative = [...x, ...code.vectorConst(0), ...code.less, ...code.vectorConst(-1), ...code.and];
  return [...[...positive, ...negative, ...code.or], ...x, ...[...x, ...x, ...code.equal], ...code.select];
}
