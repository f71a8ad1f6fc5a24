import type { Expression } from '../rule/expression.ts';
import { blockSize } from '../state-formats/block-codes.ts';
import type { ProgramTensor } from './kernel-program.ts';
import { prelude } from './wgsl-operations.ts';
import { mapsName, packingPrelude } from './wgsl-packing.ts';

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
  /** Inputs of one element that are copied into the scratch buffer before a run, with the word that each has there. */
  readonly gathered: ReadonlyMap<string, number>;
}

/** Invocations of a workgroup, and the elements of a block of 8-bit codes: WebGPU promises so many. */
export const groupSize = blockSize;
/** The name under which scratch memory is bound. */
export const scratchName = 'scratch';
/** Sums that one dispatch may take: two float32 of each invocation, in 8 KiB of workgroup memory. */
export const mostSums = 4;

/** A WGSL module in the making: its entry points, and the uniforms and buffers that they use. */
export class WgslModule {
  private readonly uniforms = new Map<string, { readonly name: string; readonly uniform: WgslUniform }>();
  private readonly functions: string[] = [];
  private readonly dispatches: WgslDispatch[] = [];
  /** What the dispatch in the making binds. */
  private bound = new Set<string>();
  private packs = false;
  /** 32-bit words of the scratch buffer that are taken at present, and that ever were. */
  private taken = 0;
  private most = 0;
  private readonly gathered = new Map<string, number>();

  /** @param written Names of the tensors that are written. */
  constructor(
    private readonly tensors: ReadonlyMap<string, ProgramTensor>,
    private readonly written: ReadonlySet<string>,
  ) {}

  kernel(): WgslKernel {
    const bindings = new Map<string, number>();
    for (const name of [...this.tensors.keys(), scratchName, mapsName]) bindings.set(name, bindings.size + 1);
    return {
      source: this.source(bindings),
      uniforms: [...this.uniforms.values()].map(({ uniform }) => uniform),
      bindings,
      dispatches: this.dispatches,
      scratchWords: this.most,
      gathered: this.gathered,
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

  /** The variable of a tensor, which the dispatch in the making uses from now on. */
  tensor(name: string): string {
    this.bound.add(name);
    return this.variable(name);
  }

  private variable(tensor: string): string {
    return `t${[...this.tensors.keys()].indexOf(tensor)}`;
  }

  /** Has the dispatch in the making use the scratch buffer, and give its variable. */
  get scratch(): string {
    this.bound.add(scratchName);
    return scratchName;
  }

  /** Has the dispatch in the making use functions of packed slots, and the tables of maps where it needs them. */
  usePacking(needsMaps: boolean): void {
    this.packs = true;
    if (needsMaps) this.bound.add(mapsName);
  }

  /** A member of the uniforms, made at its first use. */
  uniform(key: string, uniform: WgslUniform): string {
    let found = this.uniforms.get(key);
    if (found === undefined) {
      found = { name: `${uniform.type[0]}${this.uniforms.size}`, uniform };
      this.uniforms.set(key, found);
    }
    return `u.${found.name}`;
  }

  /** A number of the shape, which is no part of the code. */
  number(key: string, value: number, type: 'u32' | 'f32' = 'u32'): string {
    return this.uniform(key, { type, value });
  }

  /** Takes words of the scratch buffer. @returns where they begin */
  reserve(key: string, words: number): string {
    const at = this.number(key, this.taken);
    this.taken += words;
    this.most = Math.max(this.most, this.taken);
    return at;
  }

  /** The element of an input that is copied into the scratch buffer. */
  gather(name: string): string {
    let at = this.gathered.get(name);
    if (at === undefined) {
      at = this.gathered.size;
      this.gathered.set(name, at);
    }
    return `${this.scratch}[${at}u]`;
  }

  /** Gives back what was reserved while something was made. */
  whileReserved(make: () => void): void {
    const before = this.taken;
    make();
    this.taken = before;
  }

  /**
   * Adds an entry point, in which `group` is the number of the workgroup and `at.local` that of the invocation.
   *
   * @param groups Workgroups that run it; none for one that these lengths do not need.
   */
  dispatch(entryPoint: string, groups: number, body: readonly string[]): void {
    this.functions.push(
      `@compute @workgroup_size(${groupSize})\nfn ${entryPoint}(at: At) {\n` +
        `  let group = at.group.y * at.groups.x + at.group.x;\n${body.map((line) => `  ${line}\n`).join('')}}`,
    );
    if (groups > 0) this.dispatches.push({ entryPoint, groups, bindings: [...this.bound] });
    this.bound = new Set();
  }
}
