import type { UpdatePlan } from '../rule/plan.ts';
import { type ScalarFunction, type ScalarValues, scalarFunction } from '../rule/scalar-arithmetic.ts';
import type { CompiledPlan, KeyOf, TensorsByName } from './compiled-plan.ts';
import { type KernelProgram, kernelProgram } from './kernel-program.ts';
import type { Dispatch, GpuBuffer, WebgpuMemory } from './webgpu-memory.ts';
import { wgslKernel } from './wgsl-kernel.ts';
import { scratchName, type WgslKernel } from './wgsl-module.ts';
import { mapsName } from './wgsl-packing.ts';

/** An update plan compiled to WGSL: one run updates the buffers of a parameter and its slots where they are. */
export class WebgpuPlan implements CompiledPlan {
  readonly outputs: readonly string[];
  private readonly read: ReadonlySet<string>;
  private readonly tensors: readonly string[];
  /** Uniforms that change from run to run, by their place among all. */
  private readonly changing: readonly (readonly [place: number, of: ScalarFunction])[];
  private readonly keys: readonly (readonly [place: number, output: string, isFlag: boolean])[];
  private readonly fixed: Uint32Array;

  private constructor(
    private readonly memory: WebgpuMemory,
    program: KernelProgram,
    private readonly kernel: WgslKernel,
  ) {
    this.outputs = program.outputs.map(({ name }) => name);
    this.read = new Set(program.inputs.map(({ name }) => name));
    this.tensors = [...new Set([...this.read, ...this.outputs])];
    const uniforms = [...kernel.uniforms.entries()];
    this.changing = uniforms.flatMap(([place, each]) =>
      'scalar' in each ? [[place, scalarFunction(each.scalar)] as const] : [],
    );
    this.keys = uniforms.flatMap(([place, each]) =>
      'noiseOf' in each ? [[place, each.noiseOf, each.isFlag] as const] : [],
    );
    // Uniform buffers are bound in units of 16 bytes.
    this.fixed = new Uint32Array(4 * Math.ceil(uniforms.length / 4));
    const floats = new Float32Array(this.fixed.buffer);
    for (const [place, each] of uniforms) {
      if ('value' in each) (each.type === 'f32' ? floats : this.fixed)[place] = each.value;
    }
  }

  /** @returns `undefined` for a plan that kernels cannot run, or that binds more buffers than the device allows. */
  static of(plan: UpdatePlan, memory: WebgpuMemory): WebgpuPlan | undefined {
    const program = kernelProgram(plan);
    if (program === undefined) return undefined;
    const kernel = wgslKernel(program, memory.mostBuffers);
    const fits = kernel.dispatches.every(({ bindings }) => bindings.length <= memory.mostBuffers);
    return fits ? new WebgpuPlan(memory, program, kernel) : undefined;
  }

  run(
    inputs: TensorsByName,
    outputs: TensorsByName,
    scalars: ScalarValues,
    keyOf?: KeyOf<number | undefined>,
  ): void {
    const tensors: Record<string, TensorsByName[string]> = { ...inputs };
    for (const name of this.outputs) {
      const [before, after] = [inputs[name], outputs[name]!];
      // A device binds a buffer once, to read and to write it.
      if (before !== after && before !== undefined && this.read.has(name)) this.memory.copy(before, after);
      tensors[name] = after;
    }
    this.record(tensors, scalars, keyOf);
  }

  stage(inputs: TensorsByName): (scalars: ScalarValues, keyOf?: KeyOf) => void {
    for (const name of this.tensors) this.memory.bufferOf(inputs[name]!);
    for (const { entryPoint } of this.kernel.dispatches) this.memory.pipeline(this.kernel.source, entryPoint);
    return (scalars, keyOf) => this.record(inputs, scalars, keyOf);
  }

  private record(
    tensors: TensorsByName,
    scalars: ScalarValues,
    keyOf: KeyOf<number | undefined> = () => 0,
  ): void {
    const { memory, kernel } = this;
    const { source, bindings, dispatches, scratchWords, gathered } = kernel;
    if (dispatches.length === 0) return;
    const used = this.tensors.map((name) => tensors[name]!);
    memory.record(used, this.uniformsOf(scalars, keyOf), 4 * scratchWords, (uniforms, scratch) => {
      for (const [name, word] of gathered) memory.copyNumber(tensors[name]!, scratch!, word);
      const bufferOf = (name: string): GpuBuffer => {
        if (name === scratchName) return scratch!;
        return name === mapsName ? memory.mapsBuffer : memory.bufferOf(tensors[name]!);
      };
      return dispatches.map(
        ({ entryPoint, groups, bindings: names }): Dispatch => ({
          pipeline: memory.pipeline(source, entryPoint),
          groups,
          buffers: [
            { binding: 0, buffer: uniforms },
            ...names.map((name) => ({ binding: bindings.get(name)!, buffer: bufferOf(name) })),
          ],
        }),
      );
    });
  }

  private uniformsOf(scalars: ScalarValues, keyOf: KeyOf<number | undefined>): Uint32Array {
    const words = this.fixed.slice();
    const floats = new Float32Array(words.buffer);
    for (const [place, evaluate] of this.changing) floats[place] = evaluate(scalars);
    for (const [place, output, isFlag] of this.keys) {
      const key = keyOf(output);
      words[place] = isFlag ? Number(key === undefined) : (key ?? 0);
    }
    return words;
  }
}
