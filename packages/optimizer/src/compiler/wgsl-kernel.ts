import type { Expression } from '../rule/expression.ts';
import { blockSize } from '../state-formats/block-codes.ts';
import { bytesOfCodes } from '../state-formats/packed-words.ts';
import { axesOf } from './blocks.ts';
import type { Instruction, KernelProgram, Pass, ProgramTensor, Reduction, Source } from './kernel-program.ts';
import { type Mask, sizeOf } from './layout.ts';
import { SumLayout } from './sum-layout.ts';
import { literalInWgsl, operationInWgsl, prelude } from './wgsl-operations.ts';
import { mapsName, packInWgsl, packingPrelude, unpackInWgsl } from './wgsl-packing.ts';

/** One dispatch of a run. */
export interface WgslDispatch {
  readonly entryPoint: string;
  /** Workgroups that it takes. */
  readonly groups: number;
  /** What it binds: names of tensors, `scratch` and `maps`. */
  readonly bindings: readonly string[];
}

/** A member of the uniforms: a scalar of the program, a number of the shape, or the key of the noise of an output and whether it has none. */
export type WgslUniform =
  | { readonly type: 'f32'; readonly scalar: Expression }
  | { readonly type: 'f32' | 'u32'; readonly value: number }
  | { readonly type: 'u32'; readonly noiseOf: string; readonly isFlag: boolean };

/** A program as a WGSL module, and how to call it. Programs that differ in lengths of axes only have the same source. */
export interface WgslKernel {
  readonly source: string;
  readonly uniforms: readonly WgslUniform[];
  /** Bindings by what is bound there; the uniforms are binding 0. */
  readonly bindings: ReadonlyMap<string, number>;
  /** In the order of a run. */
  readonly dispatches: readonly WgslDispatch[];
  /** 32-bit words of the scratch buffer. */
  readonly scratchWords: number;
}

/** Invocations of a workgroup, and the elements of a block of 8-bit codes: WebGPU promises so many. */
const groupSize = blockSize;
/** The name under which scratch memory is bound. */
export const scratchName = 'scratch';
/** Sums that one dispatch may compute: two float32 of each invocation, in 16 KiB of workgroup memory. */
const mostSums = 4;

/**
 * Compiles a program to WGSL.
 *
 * A pass is one dispatch with an invocation for every element, where it takes no sums. Each set of axes that it sums over is one of its own,
 * in which several invocations share a sum and several workgroups may, whose parts another dispatch adds up; the last of them writes
 * the outputs too, so that an element is read once. Arithmetic is float32 in the order of the plan, and may be
 * rounded as WGSL allows: fused, and divided to 2.5 units in the last place.
 */
export function wgslKernel(program: KernelProgram): WgslKernel {
  return new Emitter(program).kernel();
}

/** The uniforms that finish a sum. */
interface Scale {
  readonly divisor: string;
  readonly down: string;
  readonly up: string;
}

/** The code of a dispatch that takes sums. */
interface SumCode {
  /** Comes before the terms of the sums with the place `o`. */
  readonly start: readonly string[];
  /** Adds the term `s` to `sum0`, `sum1` and so on. */
  readonly term: readonly string[];
  readonly scales: readonly Scale[];
  /** Where parts of the sums lie in the scratch buffer. */
  readonly partsAt: readonly string[];
  /** Whether the dispatch is run. */
  readonly isNeeded?: boolean;
}

class Emitter {
  private readonly uniforms = new Map<string, { readonly name: string; readonly uniform: WgslUniform }>();
  private readonly tensors = new Map<string, ProgramTensor>();
  private readonly written: ReadonlySet<string>;
  private readonly functions: string[] = [];
  private readonly dispatches: WgslDispatch[] = [];
  private readonly temporaries: string[] = [];
  private scratchWords = 0;
  /** What the dispatch in the making binds. */
  private bound = new Set<string>();
  private packs = false;

  constructor(private readonly program: KernelProgram) {
    for (const tensor of [...program.inputs, ...program.outputs]) this.tensors.set(tensor.name, tensor);
    this.written = new Set(program.outputs.map(({ name }) => name));
    for (const [index, mask] of program.temporaries.entries()) {
      this.temporaries.push(this.number(`temporary ${index}`, this.scratchWords));
      this.scratchWords += this.sizeOf(mask);
    }
  }

  kernel(): WgslKernel {
    let most = this.scratchWords;
    for (const [index, pass] of this.program.passes.entries()) {
      const start = this.scratchWords;
      this.pass(pass, index);
      most = Math.max(most, this.scratchWords);
      // Parts of sums live no longer than their pass.
      this.scratchWords = start;
    }
    const bindings = new Map<string, number>();
    for (const name of [...this.tensors.keys(), scratchName, mapsName]) bindings.set(name, bindings.size + 1);
    return {
      source: this.source(bindings),
      uniforms: [...this.uniforms.values()].map(({ uniform }) => uniform),
      bindings,
      dispatches: this.dispatches,
      scratchWords: most,
    };
  }

  private source(bindings: ReadonlyMap<string, number>): string {
    const members = [...this.uniforms.values()].map(({ name, uniform }) => `  ${name}: ${uniform.type},`);
    const bindingOf = (name: string, access: string, type: string, variable: string): string =>
      `@group(0) @binding(${bindings.get(name)}) var<storage, ${access}> ${variable}: array<${type}>;`;
    return [
      ...['struct Uniforms {', ...members, '}', '@group(0) @binding(0) var<uniform> u: Uniforms;'],
      ...[...this.tensors.values()].map(({ name, format }) =>
        bindingOf(
          name,
          this.written.has(name) ? 'read_write' : 'read',
          format === undefined ? 'f32' : 'u32',
          this.variable(name),
        ),
      ),
      bindingOf(scratchName, 'read_write', 'f32', scratchName),
      bindingOf(mapsName, 'read', 'f32', mapsName),
      ...['struct At {', '  @builtin(workgroup_id) group: vec3<u32>,'],
      ...[
        '  @builtin(num_workgroups) groups: vec3<u32>,',
        '  @builtin(local_invocation_index) local: u32,',
        '}',
      ],
      `var<workgroup> sums: array<vec2<f32>, ${mostSums * groupSize}>;`,
      prelude,
      ...(this.packs ? [packingPrelude] : []),
      ...this.functions,
    ].join('\n');
  }

  private variable(tensor: string): string {
    return `t${[...this.tensors.keys()].indexOf(tensor)}`;
  }

  private sizeOf(mask: Mask): number {
    return sizeOf(mask, this.program.dimensions);
  }

  /** A member of the uniforms, made at its first use. */
  private uniform(key: string, uniform: WgslUniform): string {
    let found = this.uniforms.get(key);
    if (found === undefined) {
      found = { name: `${uniform.type[0]}${this.uniforms.size}`, uniform };
      this.uniforms.set(key, found);
    }
    return `u.${found.name}`;
  }

  /** A number of the shape, which is no part of the code. */
  private number(key: string, value: number, type: 'u32' | 'f32' = 'u32'): string {
    return this.uniform(key, { type, value });
  }

  private length(axis: number): string {
    return this.number(`length ${axis}`, this.program.dimensions[axis]!);
  }

  private axesOf(mask: Mask): number[] {
    return axesOf(mask, this.program.dimensions);
  }

  private dispatch(entryPoint: string, groups: number, body: readonly string[]): void {
    this.functions.push(
      `@compute @workgroup_size(${groupSize})\nfn ${entryPoint}(at: At) {\n` +
        `  let group = at.group.y * at.groups.x + at.group.x;\n${body.map((line) => `  ${line}\n`).join('')}}`,
    );
    if (groups > 0) this.dispatches.push({ entryPoint, groups, bindings: [...this.bound] });
    this.bound = new Set();
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
    const size = this.number(`size ${pass.mask}`, this.sizeOf(pass.mask));
    const used = this.used(
      pass,
      pass.stores.map(({ value }) => value),
    );
    const coordinates = this.needsCoordinates(pass, used)
      ? this.coordinates('i', this.axesOf(pass.mask))
      : [];
    const packed = pass.stores.filter(({ target }) => this.formatOf(target) !== undefined);
    const plain = pass.stores.filter((store) => !packed.includes(store));
    this.dispatch(entryPoint, Math.ceil(this.sizeOf(pass.mask) / groupSize), [
      `let i = group * ${groupSize}u + at.local;`,
      ...packed.map((_, place) => `var packed${place} = 0.0;`),
      `if (i < ${size}) {`,
      ...coordinates,
      ...this.instructions(pass, used),
      ...plain.map(({ target, value }) => `${this.place(target, 'i')} = v${value};`),
      ...packed.map(({ value }, place) => `packed${place} = v${value};`),
      '}',
      ...packed.flatMap(({ target }, place) => this.pack(target, `packed${place}`, size, pass.mask)),
    ]);
  }

  private pack(target: Source, value: string, size: string, mask: Mask): string[] {
    const { name } = target as { readonly name: string };
    const format = this.formatOf(target)!;
    this.packs = true;
    if (format !== 'bfloat16') this.bound.add(mapsName);
    this.bound.add(name);
    return packInWgsl(format, {
      value,
      slot: this.variable(name),
      size,
      scales: this.scales(mask),
      key: this.uniform(`noise ${name}`, { type: 'u32', noiseOf: name, isFlag: false }),
      isNearest: this.uniform(`nearest ${name}`, { type: 'u32', noiseOf: name, isFlag: true }),
    });
  }

  /** The first word of the scales of a slot. */
  private scales(mask: Mask): string {
    return this.number(`scales ${mask}`, bytesOfCodes(this.sizeOf(mask)) / 4);
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
    const scales = reductions.map((reduction, place) => this.scale(`${entryPoint} ${place}`, reduction));
    const partsAt = reductions.map((_, place) => this.reserveParts(`${entryPoint} parts ${place}`, layout));
    this.sumDispatch(entryPoint, layout, reductions, {
      partsAt,
      scales,
      start: isWhole ? [] : this.coordinates('o', outer),
      term: [
        ...(isWhole && !others ? ['let i = s;'] : this.coordinates('s', inner)),
        ...(isWhole && !others ? [] : [`let i = ${this.horner(pass.mask)};`]),
        ...this.instructions(pass, used),
        ...reductions.map(
          ({ value }, place) => `sum${place} += vec2<f32>(v${value}, v${value} * ${scales[place]!.down});`,
        ),
        ...stores.map(({ target, value }) => `${this.place(target, 'i')} = v${value};`),
      ],
    });
    // Part of the source also where the sums have one part only, so that the source does not depend on lengths.
    this.sumDispatch(`${entryPoint}_parts`, SumLayout.ofParts(layout), reductions, {
      partsAt,
      scales,
      start: [],
      term: reductions.map((_, place) => {
        const at = `${partsAt[place]} + 2u * (s * ${this.number(`${entryPoint} sums`, layout.sums)} + o)`;
        return `sum${place} += vec2<f32>(scratch[${at}], scratch[${at} + 1u]);`;
      }),
      isNeeded: layout.parts > 1,
    });
  }

  /** Room for the parts of sums. */
  private reserveParts(key: string, { sums, parts }: SumLayout): string {
    const at = this.number(key, this.scratchWords);
    if (parts > 1) this.scratchWords += 2 * sums * parts;
    return at;
  }

  /** What a sum is divided by, and powers of two that bring it into the range of float32 where it would leave that as a mean. */
  private scale(key: string, { divisor }: Reduction): Scale {
    const down = 2 ** -Math.ceil(Math.log2(divisor));
    return {
      divisor: this.number(`${key} divisor`, divisor, 'f32'),
      down: this.number(`${key} down`, down, 'f32'),
      up: this.number(`${key} up`, 1 / down / divisor, 'f32'),
    };
  }

  private sumDispatch(
    entryPoint: string,
    layout: SumLayout,
    reductions: readonly Reduction[],
    { start, term, scales, partsAt, isNeeded = true }: SumCode,
  ): void {
    const number = (name: keyof SumLayout): string =>
      this.number(`${entryPoint} ${name}`, layout[name] as number);
    const [sums, terms, parts, lanes] = [number('sums'), number('terms'), number('parts'), number('lanes')];
    const [laneStride, sumStride, sumGroups] = [
      number('laneStride'),
      number('sumStride'),
      number('sumGroups'),
    ];
    this.bound.add(scratchName);
    const each = (line: (place: number) => string): string[] => reductions.map((_, place) => line(place));
    this.dispatch(entryPoint, isNeeded ? layout.groups : 0, [
      `let lane = (at.local / ${laneStride}) % ${lanes};`,
      `let o = (group % ${sumGroups}) * (${groupSize}u / ${lanes}) + (at.local / ${sumStride}) % (${groupSize}u / ${lanes});`,
      `let part = group / ${sumGroups};`,
      ...each((place) => `var sum${place} = vec2<f32>();`),
      `let takes_part = o < ${sums} && part < ${parts};`,
      'if (takes_part) {',
      ...start,
      `for (var s = part * ${lanes} + lane; s < ${terms}; s += ${parts} * ${lanes}) {`,
      ...term,
      '}',
      '}',
      ...each((place) => `sums[${place * groupSize}u + at.local] = sum${place};`),
      'workgroupBarrier();',
      `for (var span = ${lanes} / 2u; span > 0u; span /= 2u) {`,
      'if (lane < span) {',
      ...each((place) => {
        const own = `${place * groupSize}u + at.local`;
        return `sums[${own}] += sums[${own} + span * ${laneStride}];`;
      }),
      '}',
      'workgroupBarrier();',
      '}',
      'if (lane == 0u && takes_part) {',
      ...reductions.flatMap(({ temporary }, place) => {
        const { divisor, up } = scales[place]!;
        return [
          `let total${place} = sums[${place * groupSize}u + at.local];`,
          `if (${parts} == 1u) {`,
          `scratch[${this.temporaries[temporary]} + o] = mean_of(total${place}, ${divisor}, ${up});`,
          '} else {',
          `scratch[${partsAt[place]} + 2u * (part * ${sums} + o)] = total${place}.x;`,
          `scratch[${partsAt[place]} + 2u * (part * ${sums} + o) + 1u] = total${place}.y;`,
          '}',
        ];
      }),
      '}',
    ]);
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
        return this.uniform(`scalar ${instruction.index}`, { type: 'f32', scalar });
      }
      case 'constant': {
        const { value } = instruction;
        const key = `constant ${Object.is(value, -0) ? '-0' : value}`;
        return literalInWgsl(value) ?? this.number(key, value, 'f32');
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
    this.bound.add(name);
    this.packs = true;
    if (format !== 'bfloat16') this.bound.add(mapsName);
    return unpackInWgsl(format, { slot: this.variable(name), at, scales: this.scales(mask) });
  }

  /** Where an element of a tensor that is not packed is read and written. */
  private place(source: Source, at: string): string {
    if (source.kind === 'temporary') {
      this.bound.add(scratchName);
      return `scratch[${this.temporaries[source.index]} + ${at}]`;
    }
    this.bound.add(source.name);
    return `${this.variable(source.name)}[${at}]`;
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
