import type { KernelProgram, Pass, Reduction, Source } from './kernel-program.ts';
import type { Mask } from './layout.ts';
import {
  type Bytes,
  code,
  encodeModule,
  increment,
  Locals,
  type ValueType,
  whileLoop,
} from './wasm-encoder.ts';
import { PassEmitter } from './wasm-pass.ts';

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
