import { bytesOfCodes } from '../state-formats/packed-words.ts';
import { axesOf } from './blocks.ts';
import type { Instruction, KernelProgram, Pass, ProgramTensor, Reduction, Source } from './kernel-program.ts';
import { type Mask, sizeOf } from './layout.ts';
import { SumLayout } from './sum-layout.ts';
import { groupSize, mostSums, scratchName, type WgslKernel, WgslModule } from './wgsl-module.ts';
import { literalInWgsl, operationInWgsl } from './wgsl-operations.ts';
import { packInWgsl, unpackInWgsl } from './wgsl-packing.ts';
import { type SumCode, type SumScale, sumBody } from './wgsl-sums.ts';

/**
 * Compiles a program to WGSL.
 *
 * A pass is one dispatch with an invocation for every element, where it takes no sums. Each set of axes that it sums over is one of its own,
 * in which several invocations share a sum and several workgroups may, whose parts another dispatch adds up; the last of them writes
 * the outputs too, so that an element is read once. Arithmetic is float32 in the order of the plan, and may be
 * rounded as WGSL allows: fused, and divided to 2.5 units in the last place.
 *
 * @param mostBuffers Storage buffers that a dispatch should bind: where they are too few, inputs of one element, such as the factor of
 * clipping and numbers of groups, share one.
 */
export function wgslKernel(program: KernelProgram, mostBuffers = Infinity): WgslKernel {
  const kernel = new Emitter(program, new Set()).kernel();
  if (kernel.dispatches.every(({ bindings }) => bindings.length <= mostBuffers)) return kernel;
  const written = new Set(program.outputs.map(({ name }) => name));
  const single = program.inputs.filter(
    ({ name, mask, format }) => mask === 0 && format === undefined && !written.has(name),
  );
  return new Emitter(program, new Set(single.map(({ name }) => name))).kernel();
}

class Emitter {
  private readonly tensors: ReadonlyMap<string, ProgramTensor>;
  private readonly module: WgslModule;
  /** Where the values kept between passes lie in the scratch buffer. */
  private readonly temporaries: readonly string[];

  /** @param gathered Inputs of one element that are read from the scratch buffer. */
  constructor(
    private readonly program: KernelProgram,
    private readonly gathered: ReadonlySet<string>,
  ) {
    const { inputs, outputs, temporaries } = program;
    this.tensors = new Map([...inputs, ...outputs].map((tensor) => [tensor.name, tensor]));
    this.module = new WgslModule(this.tensors, new Set(outputs.map(({ name }) => name)));
    if (gathered.size > 0) this.module.reserve('gathered', gathered.size);
    this.temporaries = temporaries.map((mask, index) =>
      this.module.reserve(`temporary ${index}`, this.sizeOf(mask)),
    );
  }

  kernel(): WgslKernel {
    for (const [index, pass] of this.program.passes.entries()) {
      // Parts of sums live no longer than their pass.
      this.module.whileReserved(() => this.pass(pass, index));
    }
    return this.module.kernel();
  }

  private sizeOf(mask: Mask): number {
    return sizeOf(mask, this.program.dimensions);
  }

  private length(axis: number): string {
    return this.module.number(`length ${axis}`, this.program.dimensions[axis]!);
  }

  private axesOf(mask: Mask): number[] {
    return axesOf(mask, this.program.dimensions);
  }

  private pass(pass: Pass, index: number): void {
    const sums = this.sumsOf(pass);
    // Packed outputs are written block by block.
    const apart = sums.length === 0 || (pass.isPacked && pass.stores.length > 0);
    for (const [place, reductions] of sums.entries()) {
      const writes = !apart && place === sums.length - 1;
      this.sums(pass, `pass${index}_sums${place}`, reductions, writes);
    }
    if (apart) this.map(pass, `pass${index}`);
  }

  /** The sums of a pass that are taken together: those over the same axes. */
  private sumsOf({ reductions }: Pass): Reduction[][] {
    const together: Reduction[][] = [];
    for (const reduction of reductions) {
      const open = together.find((other) => other[0]!.mask === reduction.mask && other.length < mostSums);
      if (open === undefined) together.push([reduction]);
      else open.push(reduction);
    }
    return together;
  }

  /** A dispatch with an invocation for every element. */
  private map(pass: Pass, entryPoint: string): void {
    const size = this.module.number(`size ${pass.mask}`, this.sizeOf(pass.mask));
    const used = this.used(
      pass,
      pass.stores.map(({ value }) => value),
    );
    const coordinates = this.needsCoordinates(pass, used)
      ? this.coordinates('i', this.axesOf(pass.mask))
      : [];
    const packed = pass.stores.filter(({ target }) => this.formatOf(target) !== undefined);
    const plain = pass.stores.filter((store) => !packed.includes(store));
    this.module.dispatch(entryPoint, Math.ceil(this.sizeOf(pass.mask) / groupSize), [
      `let i = group * ${groupSize}u + at.local;`,
      ...packed.map((_, place) => `var packed${place} = 0.0;`),
      `if (i < ${size}) {`,
      ...coordinates,
      ...this.instructions(pass, used),
      ...plain.map(({ target, value }) => `${this.place(target, 'i')} = v${value};`),
      ...packed.map(({ value }, place) => `packed${place} = v${value};`),
      '}',
      ...(packed.length > 0 ? ['storageBarrier();'] : []),
      ...packed.flatMap(({ target }, place) => this.pack(target, `packed${place}`, size, pass.mask)),
    ]);
  }

  private pack(target: Source, value: string, size: string, mask: Mask): string[] {
    const { name } = target as { readonly name: string };
    const format = this.formatOf(target)!;
    this.module.usePacking(format !== 'bfloat16');
    return packInWgsl(format, {
      value,
      slot: this.module.tensor(name),
      size,
      scales: this.scales(mask),
      key: this.module.uniform(`noise ${name}`, { type: 'u32', noiseOf: name, isFlag: false }),
      isNearest: this.module.uniform(`nearest ${name}`, { type: 'u32', noiseOf: name, isFlag: true }),
    });
  }

  /** The first word of the scales of a slot. */
  private scales(mask: Mask): string {
    return this.module.number(`scales ${mask}`, bytesOfCodes(this.sizeOf(mask)) / 4);
  }

  /** A dispatch that takes sums over the same axes, and may write the outputs of the pass. */
  private sums(pass: Pass, entryPoint: string, reductions: readonly Reduction[], writes: boolean): void {
    const { mask } = reductions[0]!;
    const [outer, inner] = [this.axesOf(mask), this.axesOf(pass.mask & ~mask)];
    const layout = SumLayout.of(
      this.sizeOf(mask),
      this.sizeOf(pass.mask & ~mask),
      outer.length === 0 || inner.at(-1)! > outer.at(-1)!,
    );
    const stores = writes ? pass.stores : [];
    const used = this.used(
      pass,
      [...reductions, ...stores].map(({ value }) => value),
    );
    const isWhole = outer.length === 0;
    const others = this.needsCoordinates(pass, used);
    const sums = reductions.map((reduction, place) => ({
      scale: this.scale(`${entryPoint} ${place}`, reduction),
      resultsAt: this.temporaries[reduction.temporary]!,
      partsAt: this.module.reserve(`${entryPoint} parts ${place}`, layout.words),
    }));
    this.sumDispatch(entryPoint, layout, {
      sums,
      start: isWhole ? [] : this.coordinates('o', outer),
      term: [
        ...(isWhole && !others ? ['let i = s;'] : this.coordinates('s', inner)),
        ...(isWhole && !others ? [] : [`let i = ${this.horner(pass.mask)};`]),
        ...this.instructions(pass, used),
        ...reductions.map(
          ({ value }, place) =>
            `sum${place} += vec2<f32>(v${value}, v${value} * ${sums[place]!.scale.down});`,
        ),
        ...stores.map(({ target, value }) => `${this.place(target, 'i')} = v${value};`),
      ],
    });
    // Part of the source also where the sums have one part only, so that the source does not depend on lengths.
    const sumCount = this.module.number(`${entryPoint} sums`, layout.sums);
    const term = sums.map(({ partsAt }, place) => {
      const at = `${partsAt} + 2u * (s * ${sumCount} + o)`;
      return `sum${place} += vec2<f32>(${scratchName}[${at}], ${scratchName}[${at} + 1u]);`;
    });
    this.sumDispatch(
      `${entryPoint}_parts`,
      SumLayout.ofParts(layout),
      { sums, start: [], term },
      layout.parts > 1,
    );
  }

  /** What a sum is divided by, and powers of two that bring it into the range of float32 where it would leave that as a mean. */
  private scale(key: string, { divisor }: Reduction): SumScale {
    const down = 2 ** -Math.ceil(Math.log2(divisor));
    return {
      divisor: this.module.number(`${key} divisor`, divisor, 'f32'),
      down: this.module.number(`${key} down`, down, 'f32'),
      up: this.module.number(`${key} up`, 1 / down / divisor, 'f32'),
    };
  }

  private sumDispatch(
    entryPoint: string,
    layout: SumLayout,
    code: Omit<SumCode, 'number' | 'scratch'>,
    isNeeded = true,
  ): void {
    const { module } = this;
    const number = (name: keyof SumLayout): string =>
      module.number(`${entryPoint} ${name}`, layout[name] as number);
    const body = sumBody({ ...code, number, scratch: module.scratch });
    module.dispatch(entryPoint, isNeeded ? layout.groups : 0, body);
  }

  /** The instructions that values are computed by. */
  private used({ instructions }: Pass, values: readonly number[]): Set<number> {
    const used = new Set(values);
    for (let position = instructions.length - 1; position >= 0; position--) {
      if (!used.has(position)) continue;
      for (const operand of operandsOf(instructions[position]!)) used.add(operand);
    }
    return used;
  }

  /** Whether anything is read that has other axes than the pass. */
  private needsCoordinates({ instructions, mask }: Pass, used: ReadonlySet<number>): boolean {
    return instructions.some(
      (each, position) => used.has(position) && each.kind === 'load' && each.mask !== mask && each.mask !== 0,
    );
  }

  private instructions({ instructions, mask }: Pass, used: ReadonlySet<number>): string[] {
    return instructions.flatMap((instruction, position) =>
      used.has(position) ? [`let v${position} = ${this.instruction(instruction, mask)};`] : [],
    );
  }

  private instruction(instruction: Instruction, walk: Mask): string {
    switch (instruction.kind) {
      case 'load': {
        const { source, mask } = instruction;
        return this.element(source, mask, mask === walk ? 'i' : this.horner(mask));
      }
      case 'uniform': {
        const scalar = this.program.uniforms[instruction.index]!;
        return this.module.uniform(`scalar ${instruction.index}`, { type: 'f32', scalar });
      }
      case 'constant': {
        const { value } = instruction;
        const key = `constant ${Object.is(value, -0) ? '-0' : value}`;
        return literalInWgsl(value) ?? this.module.number(key, value, 'f32');
      }
      default:
        return operationInWgsl(instruction, (x) => `v${x}`);
    }
  }

  private formatOf(source: Source): ProgramTensor['format'] {
    return source.kind === 'temporary' ? undefined : this.tensors.get(source.name)?.format;
  }

  /** The number at a place of a tensor. */
  private element(source: Source, mask: Mask, at: string): string {
    const format = this.formatOf(source);
    if (format === undefined) return this.place(source, at);
    const { name } = source as { readonly name: string };
    this.module.usePacking(format !== 'bfloat16');
    return unpackInWgsl(format, { slot: this.module.tensor(name), at, scales: this.scales(mask) });
  }

  /** Where an element of a tensor that is not packed is read and written. */
  private place(source: Source, at: string): string {
    const { module } = this;
    if (source.kind === 'temporary') return `${module.scratch}[${this.temporaries[source.index]} + ${at}]`;
    if (this.gathered.has(source.name)) return module.gather(source.name);
    return `${module.tensor(source.name)}[${at}]`;
  }

  /** Statements that find the coordinates along some axes of a place among their elements. */
  private coordinates(flat: string, axes: readonly number[]): string[] {
    const [first, ...others] = axes;
    if (first === undefined) return [];
    if (others.length === 0) return [`let c${first} = ${flat};`];
    return [
      `var rest_${flat} = ${flat};`,
      ...others
        .reverse()
        .flatMap((axis) => [
          `let c${axis} = rest_${flat} % ${this.length(axis)};`,
          `rest_${flat} /= ${this.length(axis)};`,
        ]),
      `let c${first} = rest_${flat};`,
    ];
  }

  /** The place of an element of a mask among its elements, by its coordinates. */
  private horner(mask: Mask): string {
    const [first, ...others] = this.axesOf(mask);
    if (first === undefined) return '0u';
    return others.reduce((place, axis) => `(${place} * ${this.length(axis)} + c${axis})`, `c${first}`);
  }
}

function operandsOf(instruction: Instruction): readonly number[] {
  switch (instruction.kind) {
    case 'unary':
      return [instruction.x];
    case 'binary':
      return [instruction.left, instruction.right];
    case 'where':
      return [instruction.condition, instruction.whenTrue, instruction.whenFalse];
    default:
      return [];
  }
}
