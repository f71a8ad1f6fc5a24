import * as tf from '@tensorflow/tfjs-core';
import type { PlanMemory } from './compiled-plan.ts';
import { mapTables } from './wgsl-packing.ts';

/** A buffer of the device. */
export interface GpuBuffer {
  readonly size: number;
}

interface GpuPipeline {
  getBindGroupLayout(group: 0): object;
}

interface GpuPass {
  setPipeline(pipeline: GpuPipeline): void;
  setBindGroup(group: 0, bindings: object): void;
  dispatchWorkgroups(x: number, y: number): void;
}

interface GpuEncoder {
  beginComputePass(): GpuPass;
  copyBufferToBuffer(from: GpuBuffer, fromOffset: 0, to: GpuBuffer, toOffset: number, bytes: number): void;
}

interface GpuDevice {
  readonly limits: {
    readonly maxStorageBuffersPerShaderStage: number;
    readonly maxComputeWorkgroupsPerDimension: number;
  };
  createShaderModule(descriptor: { readonly code: string; readonly label: string }): object;
  createComputePipeline(descriptor: {
    readonly layout: 'auto';
    readonly label: string;
    readonly compute: { readonly module: object; readonly entryPoint: string };
  }): GpuPipeline;
  createBindGroup(descriptor: {
    readonly layout: object;
    readonly entries: readonly {
      readonly binding: number;
      readonly resource: { readonly buffer: GpuBuffer };
    }[];
  }): object;
}

/** What the compiler uses of tfjs-backend-webgpu 4.22: found by feature test, never imported. */
interface WebgpuBackend {
  readonly device: GpuDevice;
  readonly queue: { writeBuffer(buffer: GpuBuffer, offset: 0, data: ArrayBufferView): void };
  readonly tensorMap: {
    get(dataId: object): {
      resource?: GpuBuffer | null;
      values?: unknown;
      dtype: tf.DataType;
      refCount: number;
      external?: boolean;
    };
  };
  readonly bufferManager: {
    acquireBuffer(bytes: number, usage: number): GpuBuffer;
    releaseBuffer(buffer: GpuBuffer): void;
  };
  /** Data that recorded commands use: their buffers outlive a disposal. */
  readonly commandQueueOwnedIds: WeakSet<object>;
  /** Buffers that may be used again once the recorded commands have been submitted. */
  readonly uniformPendingDisposal: GpuBuffer[];
  commandEncoder: GpuEncoder | null;
  computePassEncoder: GpuPass | null;
  dispatchCountInPass: number;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  uploadToGPU(dataId: object): void;
  makeTensorInfo(shape: readonly number[], dtype: tf.DataType): tf.TensorInfo;
}

// Those of GPUBufferUsage, which is not there in every realm.
const [copyDestination, uniform, storage] = [0x08, 0x40, 0x80];

/** A dispatch of a pipeline. */
export interface Dispatch {
  readonly pipeline: GpuPipeline;
  readonly groups: number;
  readonly buffers: readonly { readonly binding: number; readonly buffer: GpuBuffer }[];
}

/** The buffers of a backend, and its queue of commands. */
export class WebgpuMemory implements PlanMemory {
  private readonly modules = new Map<
    string,
    { readonly module: object; readonly pipelines: Map<string, GpuPipeline> }
  >();
  private maps: GpuBuffer | undefined;

  constructor(private readonly backend: WebgpuBackend) {}

  /** Storage buffers that one dispatch may bind. */
  get mostBuffers(): number {
    return this.backend.device.limits.maxStorageBuffersPerShaderStage;
  }

  isHeldElsewhere(dataId: object): boolean {
    const { refCount, external } = this.backend.tensorMap.get(dataId);
    return refCount > 1 || external === true;
  }

  allocate(shape: readonly number[], dtype: tf.DataType = 'float32'): tf.Tensor {
    return tf.engine().makeTensorFromTensorInfo(this.backend.makeTensorInfo([...shape], dtype));
  }

  isCastInName({ dataId, dtype }: tf.Tensor): boolean {
    return this.backend.tensorMap.get(dataId).dtype !== dtype;
  }

  contentChanged(dataId: object): void {
    this.backend.tensorMap.get(dataId).values = null;
  }

  /** The buffer of a tensor. A tensor of another backend, or one that has not been used on the device, moves there. */
  bufferOf({ dataId }: tf.Tensor): GpuBuffer {
    this.backend.uploadToGPU(dataId);
    return this.backend.tensorMap.get(dataId).resource!;
  }

  /** Tables of the maps of packed slots. */
  get mapsBuffer(): GpuBuffer {
    if (this.maps === undefined) {
      const tables = mapTables();
      this.maps = this.backend.bufferManager.acquireBuffer(tables.byteLength, storage | copyDestination);
      this.backend.queue.writeBuffer(this.maps, 0, tables);
    }
    return this.maps;
  }

  /** A pipeline of a module, compiled at its first use. */
  pipeline(source: string, entryPoint: string): GpuPipeline {
    const { device } = this.backend;
    let found = this.modules.get(source);
    if (found === undefined) {
      const module = device.createShaderModule({ code: source, label: 'update rule' });
      found = { module, pipelines: new Map() };
      this.modules.set(source, found);
    }
    const { module, pipelines } = found;
    let pipeline = pipelines.get(entryPoint);
    if (pipeline === undefined) {
      const compute = { module, entryPoint };
      pipeline = device.createComputePipeline({
        layout: 'auto',
        label: `update rule ${entryPoint}`,
        compute,
      });
      pipelines.set(entryPoint, pipeline);
    }
    return pipeline;
  }

  /** Copies a tensor over another of its size. */
  copy(from: tf.Tensor, to: tf.Tensor): void {
    const { backend } = this;
    const [source, target] = [this.bufferOf(from), this.bufferOf(to)];
    backend.ensureCommandEncoderReady();
    backend.endComputePassEncoder();
    backend.commandEncoder!.copyBufferToBuffer(source, 0, target, 0, source.size);
    this.own([from, to]);
  }

  /** Copies the element of a tensor to a word of a buffer. */
  copyNumber(from: tf.Tensor, to: GpuBuffer, word: number): void {
    const { backend } = this;
    const source = this.bufferOf(from);
    backend.ensureCommandEncoderReady();
    backend.endComputePassEncoder();
    backend.commandEncoder!.copyBufferToBuffer(source, 0, to, 4 * word, 4);
  }

  private own(tensors: readonly tf.Tensor[]): void {
    for (const { dataId } of tensors) this.backend.commandQueueOwnedIds.add(dataId);
  }

  /**
   * Records dispatches after the commands of tfjs.
   *
   * @param tensors Those whose buffers they use.
   * @param use Given a buffer with the uniforms and, where `scratchBytes` are wanted, one for intermediate values.
   */
  record(
    tensors: readonly tf.Tensor[],
    uniforms: Uint32Array,
    scratchBytes: number,
    use: (uniforms: GpuBuffer, scratch: GpuBuffer | undefined) => readonly Dispatch[],
  ): void {
    const { backend } = this;
    const { bufferManager } = backend;
    const uniformBuffer = bufferManager.acquireBuffer(uniforms.byteLength, uniform | copyDestination);
    backend.queue.writeBuffer(uniformBuffer, 0, uniforms);
    const scratch =
      scratchBytes > 0 ? bufferManager.acquireBuffer(scratchBytes, storage | copyDestination) : undefined;
    const dispatches = use(uniformBuffer, scratch);
    backend.ensureCommandEncoderReady();
    backend.computePassEncoder ??= backend.commandEncoder!.beginComputePass();
    for (const dispatch of dispatches) this.encode(backend.computePassEncoder, dispatch);
    this.own(tensors);
    // What is written to a buffer by the queue overtakes the commands recorded here.
    backend.uniformPendingDisposal.push(uniformBuffer);
    // Scratch is used by recorded commands only, which run in their order.
    if (scratch !== undefined) bufferManager.releaseBuffer(scratch);
    backend.dispatchCountInPass += dispatches.length;
    if (backend.dispatchCountInPass < tf.env().getNumber('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE')) return;
    backend.endComputePassEncoder();
    backend.submitQueue();
  }

  private encode(pass: GpuPass, { pipeline, groups, buffers }: Dispatch): void {
    const { device } = this.backend;
    const most = device.limits.maxComputeWorkgroupsPerDimension;
    pass.setPipeline(pipeline);
    const entries = buffers.map(({ binding, buffer }) => ({ binding, resource: { buffer } }));
    pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(Math.min(groups, most), Math.ceil(groups / most));
  }
}

const memories = new WeakMap<object, WebgpuMemory | undefined>();

/** The memory of the current backend; `undefined` if that is not tfjs-backend-webgpu. */
export function currentWebgpuMemory(): WebgpuMemory | undefined {
  if (tf.getBackend() !== 'webgpu') return undefined;
  const backend = tf.backend() as unknown as WebgpuBackend;
  if (!memories.has(backend))
    memories.set(backend, isUsable(backend) ? new WebgpuMemory(backend) : undefined);
  return memories.get(backend);
}

function isUsable(backend: Partial<WebgpuBackend>): boolean {
  const { device, queue, tensorMap, bufferManager, commandQueueOwnedIds, uniformPendingDisposal } = backend;
  const methods = [
    'ensureCommandEncoderReady',
    'endComputePassEncoder',
    'submitQueue',
    'uploadToGPU',
    'makeTensorInfo',
  ] as const;
  return (
    typeof device?.createComputePipeline === 'function' &&
    typeof queue?.writeBuffer === 'function' &&
    typeof tensorMap?.get === 'function' &&
    typeof bufferManager?.acquireBuffer === 'function' &&
    commandQueueOwnedIds instanceof WeakSet &&
    Array.isArray(uniformPendingDisposal) &&
    typeof backend.dispatchCountInPass === 'number' &&
    methods.every((name) => typeof backend[name] === 'function')
  );
}
