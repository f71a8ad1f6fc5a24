import type { PackedFormat } from '../state-formats/packed-slot.ts';
import { axesOf, type Blocks, blocksOf, crossesBlocks } from './blocks.ts';
import type { KernelProgram, Pass, Reduction, Source } from './kernel-program.ts';
import { type Mask, sizeOf } from './layout.ts';
import { elementsMoved } from './memory-traffic.ts';
import { bytesPerThread, type PackedWalk, packedWalk, type WalkedSlot } from './packed-walk.ts';
import { type MapTables, slotCodec } from './slot-codec.ts';
import type { Work } from './threaded-functions.ts';
import {
  type Bytes,
  code,
  encodeModule,
  increment,
  Locals,
  type ModuleFunction,
  type ValueType,
  whileLoop,
} from './wasm-encoder.ts';
import { PassEmitter } from './wasm-pass.ts';

/** A program as a WebAssembly module, and how to call it. */
export interface WasmKernel {
  readonly module: Uint8Array<ArrayBuffer>;
  /** The steps of a run, in their order. */
  readonly steps: readonly KernelStep[];
  /** Bytes of scratch memory that a run needs. */
  readonly scratchBytes: number;
  /** Bytes that it needs behind these for each thread, where it unpacks slots. */
  readonly bytesPerThread: number;
}

/** A step of a run: a function of the module, and its work. */
export interface KernelStep extends Work {
  readonly name: string;
}

/**
 * Compiles a program to WebAssembly SIMD.
 *
 * Every function takes the addresses of the inputs, those of the outputs, that of the scratch memory, the uniforms as
 * float32, where slots are packed the address of the room for unpacked blocks and a key of noise for every output, its first unit and the one
 * after its last, and where slots are packed the number of the thread. An output may be at the address of the input of its name. Arithmetic is
 * float32 in the order of the plan, without fused multiply-add; sums and means run in float64, block by block.
 *
 * @param tables Where the maps of packed slots lie, for a program that has any.
 */
export function wasmKernel(program: KernelProgram, sharedMemory: boolean, tables?: MapTables): WasmKernel {
  return new Emitter(program, tables).kernel(sharedMemory);
}

/** Whether a program has packed slots, for which its functions take more operands. */
export function hasPackedSlots({ inputs, outputs }: KernelProgram): boolean {
  return [...inputs, ...outputs].some(({ format }) => format !== undefined);
}

const wordBytes = 4;
const doubleBytes = 8;
const vectorBytes = 16;

/** Sums of one reduction in the scratch memory. */
interface Sums {
  readonly reduction: Reduction;
  readonly offset: number;
  readonly size: number;
  /** Whether each block has its own. */
  readonly isPartial: boolean;
}

class Emitter {
  private readonly parameters: ValueType[];
  private readonly scratch: number;
  private readonly firstUniform: number;
  private readonly first: number;
  private readonly last: number;
  /** The first of the parameters that only programs with packed slots have. */
  private readonly rooms: number;
  /** Functions of the codecs, by their format. */
  private readonly codecs = new Map<PackedFormat, { readonly unpack: number; readonly pack: number }>();
  private bytesPerThread = 0;
  private readonly functions: ModuleFunction[] = [];
  private readonly steps: KernelStep[] = [];
  /** Offsets in the scratch memory of the values kept between passes, and behind them of the float64 sums. */
  private readonly temporaryOffsets: number[] = [];
  private readonly sumsOffset: number;
  private scratchBytes = 0;

  constructor(
    private readonly program: KernelProgram,
    private readonly tables: MapTables | undefined,
  ) {
    const { inputs, outputs, uniforms, temporaries } = program;
    const addresses = inputs.length + outputs.length;
    const isPacked = hasPackedSlots(program);
    this.parameters = [
      ...new Array<ValueType>(addresses + 1).fill('i32'),
      ...new Array<ValueType>(uniforms.length).fill('f32'),
      ...new Array<ValueType>(isPacked ? 1 + outputs.length + 3 : 2).fill('i32'),
    ];
    this.scratch = addresses;
    this.firstUniform = addresses + 1;
    this.rooms = this.firstUniform + uniforms.length;
    this.first = this.rooms + (isPacked ? 1 + outputs.length : 0);
    this.last = this.first + 1;
    for (const mask of temporaries) this.temporaryOffsets.push(this.reserve(this.sizeOf(mask) * wordBytes));
    this.sumsOffset = this.scratchBytes;
  }

  kernel(sharedMemory: boolean): WasmKernel {
    for (const [index, pass] of this.program.passes.entries()) this.pass(pass, index);
    const { functions, steps, scratchBytes, bytesPerThread } = this;
    return { module: encodeModule(functions, sharedMemory), steps, scratchBytes, bytesPerThread };
  }

  private step(step: KernelStep, body: (locals: Locals) => Bytes): void {
    this.define(step.name, body);
    this.steps.push(step);
  }

  /** @returns the place of the function in the module */
  private define(name: string, body: (locals: Locals) => Bytes): number {
    const { parameters } = this;
    const locals = new Locals(parameters);
    return this.functions.push({ name, parameters, locals, body: body(locals) }) - 1;
  }

  private reserve(bytes: number): number {
    const offset = this.scratchBytes;
    this.scratchBytes += Math.ceil(bytes / vectorBytes) * vectorBytes;
    return offset;
  }

  private sizeOf(mask: Mask): number {
    return sizeOf(mask, this.program.dimensions);
  }

  private pass(pass: Pass, index: number): void {
    const { dimensions } = this.program;
    const blocks = blocksOf(pass, dimensions);
    const traffic = elementsMoved(pass, dimensions);
    const sums = this.placeSums(pass, blocks);
    const step = { name: `pass${index}`, units: blocks.count, traffic };
    const walk = (locals: Locals): Bytes => this.walk(pass, blocks, sums, locals);
    if (pass.isPacked) {
      const packed = this.packed(pass, blocks, this.define(`walk${index}`, walk));
      this.bytesPerThread = Math.max(this.bytesPerThread, bytesPerThread(packed));
      this.step(step, (locals) => packedWalk(packed, locals));
    } else this.step(step, walk);
    for (const [place, partial] of sums.entries()) {
      if (!partial.isPartial) continue;
      const { size } = partial;
      const step = { name: `sum${index}-${place}`, units: size, traffic: 2 * size * blocks.count };
      this.step(step, (locals) => this.addBlocks(partial, blocks, locals));
    }
  }

  private packed({ mask, instructions, stores }: Pass, blocks: Blocks, walk: number): PackedWalk {
    const { inputs, outputs, dimensions } = this.program;
    const [outer] = axesOf(mask, dimensions);
    const elements = this.sizeOf(mask);
    const read = new Set(
      instructions.flatMap((each) =>
        each.kind === 'load' && each.source.kind === 'input' ? [each.source.name] : [],
      ),
    );
    const written = new Set(stores.flatMap(({ target }) => (target.kind === 'output' ? [target.name] : [])));
    const slots = new Map([...inputs, ...outputs].map((tensor) => [tensor.name, tensor]));
    const walked = [...slots.values()].flatMap(({ name, format }): WalkedSlot[] => {
      if (format === undefined || !(read.has(name) || written.has(name))) return [];
      const output = outputs.findIndex((tensor) => tensor.name === name);
      return [
        {
          input: read.has(name) ? inputs.findIndex((tensor) => tensor.name === name) : undefined,
          output: written.has(name) ? inputs.length + output : undefined,
          key: this.rooms + 1 + Math.max(output, 0),
          ...this.codec(format, elements),
        },
      ];
    });
    return {
      slots: walked,
      elements,
      blockElements: blocks.length * (elements / (outer === undefined ? 1 : dimensions[outer]!)),
      walk,
      parameters: this.parameters.length,
      rooms: this.rooms,
      first: this.first,
      last: this.last,
      thread: this.last + 1,
    };
  }

  private codec(format: PackedFormat, elements: number): { readonly unpack: number; readonly pack: number } {
    let found = this.codecs.get(format);
    if (found === undefined) {
      const { unpack, pack } = slotCodec(format, elements, this.tables!);
      found = { unpack: this.functions.push(unpack) - 1, pack: this.functions.push(pack) - 1 };
      this.codecs.set(format, found);
    }
    return found;
  }

  private placeSums(pass: Pass, blocks: Blocks): Sums[] {
    // Sums of different passes are never alive at the same time.
    let offset = this.sumsOffset;
    const sums = pass.reductions.map((reduction): Sums => {
      const isPartial = crossesBlocks(reduction, pass, this.program.dimensions);
      const place = { reduction, offset, size: this.sizeOf(reduction.mask), isPartial };
      offset += Math.ceil((place.size * (isPartial ? blocks.count : 1)) / 2) * vectorBytes;
      return place;
    });
    this.scratchBytes = Math.max(this.scratchBytes, offset);
    return sums;
  }

  private walk(pass: Pass, blocks: Blocks, sums: readonly Sums[], locals: Locals): Bytes {
    const { dimensions } = this.program;
    const axes = axesOf(pass.mask, dimensions);
    const outer = axes[0] === undefined ? 1 : dimensions[axes[0]]!;
    const times = (count: Bytes, factor: number): Bytes => [
      ...count,
      ...code.i32Const(factor),
      ...code.i32Mul,
    ];
    const ownSums = ({ offset, size, isPartial }: Sums, block: Bytes): Bytes => [
      ...this.scratchAddress(offset),
      ...(isPartial ? [...times(block, size * doubleBytes), ...code.i32Add] : []),
    ];
    const [first, last] = [code.get(this.first), code.get(this.last)];
    const from = times(first, blocks.length);
    const to = locals.make('i32');
    // Cleared before the walk: a call in its loops would cost it the registers.
    const clear = sums.flatMap((place) => {
      const { size, isPartial } = place;
      const bytes = (size * doubleBytes) / outer;
      const range: Bytes = isPartial
        ? [
            ...[...ownSums(place, first), ...code.i32Const(0)],
            ...times([...last, ...first, ...code.i32Sub], size * doubleBytes),
          ]
        : [
            ...[...ownSums(place, first), ...times(from, bytes), ...code.i32Add, ...code.i32Const(0)],
            ...times([...code.get(to), ...from, ...code.i32Sub], bytes),
          ];
      return [...range, ...code.memoryFill];
    });
    const walk = new PassEmitter(pass, {
      dimensions,
      axes,
      locals,
      blocks,
      firstBlock: first,
      lastBlock: last,
      addressOf: (source) => this.addressOf(source),
      uniform: (index) => code.get(this.firstUniform + index),
      sumAddress: (index, block) => ownSums(sums[index]!, block),
      blockEnd: (start, end) =>
        sums.flatMap((place) => {
          if (place.isPartial) return [];
          const { reduction, offset, size } = place;
          const index = locals.make('i32');
          return this.eachIndex(index, times(start, size / outer), times(end, size / outer), [
            ...this.resultAddress(reduction, index),
            ...[...this.scratchAddress(offset), ...times(code.get(index), doubleBytes), ...code.i32Add],
            ...code.f64Load,
            ...this.storeQuotient(reduction),
          ]);
        }),
    });
    return [
      ...[...code.i32Const(outer), ...times(last, blocks.length)],
      ...[...code.i32Const(outer), ...times(last, blocks.length), ...code.i32LessUnsigned],
      ...[...code.choose, ...code.set(to)],
      ...clear,
      ...walk.emit(),
    ];
  }

  /** Adds the sums of all blocks up in their order. */
  private addBlocks({ reduction, offset, size }: Sums, { count }: Blocks, locals: Locals): Bytes {
    const [index, at, total] = [locals.make('i32'), locals.make('i32'), locals.make('f64')];
    const end = locals.make('i32');
    return this.eachIndex(index, code.get(this.first), code.get(this.last), [
      ...this.scratchAddress(offset),
      ...[...code.get(index), ...code.i32Const(doubleBytes), ...code.i32Mul, ...code.i32Add],
      ...[...code.tee(at), ...code.i32Const(count * size * doubleBytes), ...code.i32Add, ...code.set(end)],
      ...[...code.f64Const(0), ...code.set(total)],
      ...whileLoop(
        [...code.get(at), ...code.get(end), ...code.i32LessUnsigned],
        [
          ...[...code.get(total), ...code.get(at), ...code.f64Load, ...code.f64Add, ...code.set(total)],
          ...increment(at, size * doubleBytes),
        ],
      ),
      ...this.resultAddress(reduction, index),
      ...code.get(total),
      ...this.storeQuotient(reduction),
    ]);
  }

  private eachIndex(index: number, from: Bytes, to: Bytes, body: Bytes): Bytes {
    return [
      ...from,
      ...code.set(index),
      ...whileLoop([...code.get(index), ...to, ...code.i32LessUnsigned], [...body, ...increment(index, 1)]),
    ];
  }

  private resultAddress({ temporary }: Reduction, index: number): Bytes {
    return [
      ...this.scratchAddress(this.temporaryOffsets[temporary]!),
      ...[...code.get(index), ...code.i32Const(wordBytes), ...code.i32Mul, ...code.i32Add],
    ];
  }

  /** Rounds a sum to float32, where later passes read it. */
  private storeQuotient({ divisor }: Reduction): Bytes {
    return [...code.f64Const(divisor), ...code.f64Divide, ...code.f32Demote, ...code.f32Store];
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
