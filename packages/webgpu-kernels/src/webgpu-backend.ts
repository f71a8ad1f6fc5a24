import type { DataType, KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';

/** The part of a GPUDevice that the kernels use; the package needs no WebGPU types. */
export interface Device {
  readonly limits: {
    readonly maxStorageBufferBindingSize: number;
    readonly maxComputeWorkgroupsPerDimension: number;
  };
  createShaderModule(description: { code: string; label: string }): object;
  createComputePipeline(description: {
    layout: 'auto';
    label: string;
    compute: { module: object; entryPoint: string };
  }): object;
}

/** What the backend knows of a tensor's memory. */
export interface TensorMemory {
  /** A copy on the CPU: of a tensor that was never on the device, or that was read. */
  values: unknown;
  /** Whether the buffer is the application's own. */
  readonly external?: boolean;
}

/** A compiled shader in the form in which the backend records it. */
export interface Program {
  readonly pipeline: object;
  readonly dispatch: readonly [number, number, number];
  /** That of a program for pixels, whose uniforms begin with the strides of the output and not with all shapes. */
  readonly pixelsOpType: 0;
}

/** A uniform of one number as the backend writes it. */
export interface UniformValue {
  readonly type: 'float32' | 'uint32';
  readonly data: number[];
}

/** The part of tfjs-backend-webgpu's backend that the kernels use. */
export interface WebgpuBackend extends KernelBackend {
  readonly device: Device;
  readonly tensorMap: { get(dataId: object): TensorMemory };
  /** Compiled shaders by a key of their own. */
  readonly pipelineCache: Record<string, object>;
  makeTensorInfo(shape: readonly number[], dtype: DataType, values?: Float32Array): TensorInfo;
  /** Makes sure that a tensor has a buffer with its numbers, or an unwritten one if it has none yet. */
  uploadToGPU(dataId: object): void;
  disposeData(dataId: object): boolean;
  /** Binds output, inputs and uniforms in this order, and adds the work to the queue. */
  recordAndSubmit(
    program: Program,
    output: TensorInfo,
    inputs: readonly TensorInfo[],
    uniforms: readonly UniformValue[],
  ): void;
}
