import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { type Shader, sourceOf } from './shader.ts';
import type { UniformValue, WebgpuBackend } from './webgpu-backend.ts';

/** One call of a kernel: the memory it takes and the shaders it runs. */
export class KernelRun {
  readonly #kernel: string;
  readonly #backend: WebgpuBackend;
  readonly #outputs: TensorInfo[] = [];
  readonly #scratch: TensorInfo[] = [];

  constructor(kernel: string, backend: WebgpuBackend) {
    this.#kernel = kernel;
    this.#backend = backend;
  }

  /** A float32 output, which a shader must write. */
  output(shape: readonly number[]): TensorInfo {
    return this.#kept(this.#allocate(shape));
  }

  /** A float32 output of zeros, for which no shader runs. */
  zeros(shape: readonly number[]): TensorInfo {
    const values = new Float32Array(util.sizeFromShape([...shape]));
    return this.#kept(this.#backend.makeTensorInfo(shape, 'float32', values));
  }

  /** An input as an output that shares its memory. */
  shared({ dataId, shape, dtype }: TensorInfo): TensorInfo {
    this.#backend.incRef(dataId);
    return this.#kept({ dataId, shape, dtype });
  }

  /** Whether an input may be written over: `overwrite` says so, and neither another tensor nor the application holds it. */
  mayOverwrite({ dataId }: TensorInfo, overwrite: boolean): boolean {
    return (
      overwrite &&
      this.#backend.refCount(dataId) === 1 &&
      this.#backend.tensorMap.get(dataId).external !== true
    );
  }

  /** Memory that is given back after the call. */
  scratch(shape: readonly number[]): TensorInfo {
    const tensor = this.#allocate(shape);
    this.#scratch.push(tensor);
    return tensor;
  }

  /**
   * Runs a shader on so many workgroups.
   *
   * @param variant Tells it from the other shaders of the kernel; together they decide what `build` returns
   * @param tensors By the names of the shader's arrays
   * @throws Error if a tensor is larger than the device can bind
   */
  dispatch(
    variant: string,
    build: () => Shader,
    groups: number,
    tensors: Readonly<Record<string, TensorInfo>>,
    uniforms: Readonly<Record<string, number>>,
  ): void {
    if (groups === 0) return;
    const backend = this.#backend;
    const shader = build();
    const [output, ...others] = [...Object.keys(shader.writes), ...Object.keys(shader.reads)].map(
      (name) => tensors[name]!,
    ) as [TensorInfo, ...TensorInfo[]];
    for (const tensor of [output, ...others]) this.#upload(tensor);
    // A copy on the CPU of what is written is stale.
    for (const name of Object.keys(shader.writes)) backend.tensorMap.get(tensors[name]!.dataId).values = null;
    const values: UniformValue[] = [{ type: 'uint32', data: [groups] }];
    for (const [name, type] of Object.entries(shader.uniforms)) {
      values.push({ type: type === 'f32' ? 'float32' : 'uint32', data: [uniforms[name]!] });
    }
    const pipeline = this.#pipeline(`${this.#kernel} ${variant}`, shader);
    // Of one dimension, whose strides are one number.
    const flat = { ...output, shape: [util.sizeFromShape(output.shape)] };
    const program = { pipeline, dispatch: this.#grid(groups), pixelsOpType: 0 } as const;
    backend.recordAndSubmit(program, flat, others, values);
  }

  /** Gives scratch memory back. */
  finish(): void {
    for (const { dataId } of this.#scratch) this.#backend.disposeData(dataId);
  }

  /** Gives up the outputs. */
  abandon(): void {
    for (const { dataId } of this.#outputs) this.#backend.disposeData(dataId);
  }

  #allocate(shape: readonly number[]): TensorInfo {
    const isEmpty = shape.includes(0);
    return this.#backend.makeTensorInfo(shape, 'float32', isEmpty ? new Float32Array() : undefined);
  }

  #kept(tensor: TensorInfo): TensorInfo {
    this.#outputs.push(tensor);
    return tensor;
  }

  #upload({ dataId, shape }: TensorInfo): void {
    const bytes = 4 * util.sizeFromShape(shape);
    const most = this.#backend.device.limits.maxStorageBufferBindingSize;
    util.assert(
      bytes <= most,
      () =>
        `${this.#kernel}: a tensor of shape [${shape}] has ${bytes} bytes, and this WebGPU device binds at most ${most}. ` +
        'Use a smaller batch.',
    );
    this.#backend.uploadToGPU(dataId);
  }

  #pipeline(key: string, shader: Shader): object {
    const { pipelineCache, device } = this.#backend;
    pipelineCache[key] ??= device.createComputePipeline({
      layout: 'auto',
      label: key,
      compute: {
        module: device.createShaderModule({ code: sourceOf(shader), label: key }),
        entryPoint: 'main',
      },
    });
    return pipelineCache[key];
  }

  #grid(groups: number): [number, number, number] {
    const most = this.#backend.device.limits.maxComputeWorkgroupsPerDimension;
    if (groups <= most) return [groups, 1, 1];
    const rows = Math.ceil(groups / most);
    return [Math.ceil(groups / rows), rows, 1];
  }
}
