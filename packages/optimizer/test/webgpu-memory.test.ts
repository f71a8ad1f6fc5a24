import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { currentWebgpuMemory, type Dispatch, WebgpuMemory } from '../src/compiler/webgpu-memory.ts';

type Backend = ConstructorParameters<typeof WebgpuMemory>[0];

/** What was asked of a backend, in its order. */
let calls: string[];
let made: number;
/** Dispatches that tfjs collects. */
let batchSize: number;
beforeEach(() => {
  calls = [];
  made = 0;
  batchSize = 15;
  vi.spyOn(tf.env(), 'getNumber').mockImplementation((name) => {
    expect(name).toBe('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE');
    return batchSize;
  });
});
afterEach(() => vi.restoreAllMocks());

/** Buffers by the data that they hold. */
const resources = new Map<
  object,
  { resource: { size: number; name: string }; values?: unknown; refCount: number }
>();

const nameOf = (buffer: object): string => (buffer as { name?: string }).name ?? '?';

/** Stands for tfjs-backend-webgpu, and notes what is asked of it. */
function fakeBackend(limit = 1000) {
  const pass = {
    setPipeline: (pipeline: object) => calls.push(`pipeline ${nameOf(pipeline)}`),
    setBindGroup: (group: number, bindings: object) => calls.push(`bind ${group}: ${nameOf(bindings)}`),
    dispatchWorkgroups: (x: number, y: number) => calls.push(`dispatch ${x} x ${y}`),
  };
  const encoder = {
    beginComputePass: () => {
      calls.push('begin pass');
      return pass;
    },
    copyBufferToBuffer: (from: object, fromOffset: number, to: object, toOffset: number, bytes: number) =>
      calls.push(`copy ${bytes} bytes from ${nameOf(from)} at ${fromOffset} to ${nameOf(to)} at ${toOffset}`),
  };
  const backend = {
    device: {
      limits: { maxStorageBuffersPerShaderStage: 8, maxComputeWorkgroupsPerDimension: limit },
      createShaderModule: ({ code }: { code: string }) => ({ name: `module of ${code}` }),
      createComputePipeline: vi.fn(({ compute }: { compute: { module: object; entryPoint: string } }) => ({
        name: `${compute.entryPoint} of ${nameOf(compute.module)}`,
        getBindGroupLayout: (group: number) => ({ name: `layout ${group}` }),
      })),
      createBindGroup: ({
        layout,
        entries,
      }: {
        layout: object;
        entries: { binding: number; resource: { buffer: object } }[];
      }) => ({
        name: `${nameOf(layout)}, ${entries.map(({ binding, resource }) => `${binding} ${nameOf(resource.buffer)}`).join(', ')}`,
      }),
    },
    queue: {
      writeBuffer: (buffer: object, offset: number, data: { byteLength: number }) =>
        calls.push(`write ${data.byteLength} bytes to ${nameOf(buffer)} at ${offset}`),
    },
    tensorMap: { get: (dataId: object) => resources.get(dataId)! },
    bufferManager: {
      acquireBuffer: (size: number, usage: number) => {
        calls.push(`acquire ${size} bytes for ${usage}`);
        return { size, name: `buffer${made++}` };
      },
      releaseBuffer: (buffer: object) => calls.push(`release ${nameOf(buffer)}`),
    },
    commandQueueOwnedIds: new WeakSet<object>(),
    uniformPendingDisposal: [] as object[],
    commandEncoder: null as typeof encoder | null,
    computePassEncoder: null as typeof pass | null,
    dispatchCountInPass: 0,
    ensureCommandEncoderReady: () => {
      backend.commandEncoder ??= encoder;
    },
    endComputePassEncoder: () => {
      calls.push('end pass');
      backend.computePassEncoder = null;
    },
    submitQueue: () => {
      calls.push('submit');
      backend.dispatchCountInPass = 0;
    },
    uploadToGPU: (dataId: object) => calls.push(`upload ${resources.get(dataId)!.resource.name}`),
    makeTensorInfo: () => null,
  };
  return backend;
}
const memoryOf = (backend: ReturnType<typeof fakeBackend>) => new WebgpuMemory(backend as unknown as Backend);

function tensorOf(name: string, size = 64): tf.Tensor {
  const dataId = {};
  resources.set(dataId, { resource: { size, name }, refCount: 1 });
  return { dataId } as unknown as tf.Tensor;
}
const usage = { uniform: 0x40 | 0x08, storage: 0x80 | 0x08 };

describe('what is recorded on a WebGPU device', () => {
  const dispatchOf = (memory: WebgpuMemory, groups: number, buffers: Dispatch['buffers'] = []): Dispatch => ({
    pipeline: memory.pipeline('code', 'main'),
    groups,
    buffers,
  });

  it('follows the commands of tfjs in their pass, with uniforms that are kept until they are submitted', () => {
    const backend = fakeBackend();
    const memory = memoryOf(backend);
    const tensor = tensorOf('w');
    let scratchSeen: unknown = 'none';
    memory.record([tensor], new Uint32Array(8), 0, (uniforms, scratch) => {
      scratchSeen = scratch;
      return [
        dispatchOf(memory, 3, [
          { binding: 0, buffer: uniforms },
          { binding: 2, buffer: memory.bufferOf(tensor) },
        ]),
      ];
    });
    expect(scratchSeen).toBeUndefined();
    expect(calls).toEqual([
      `acquire 32 bytes for ${usage.uniform}`,
      'write 32 bytes to buffer0 at 0',
      'upload w',
      'begin pass',
      'pipeline main of module of code',
      'bind 0: layout 0, 0 buffer0, 2 w',
      'dispatch 3 x 1',
    ]);
    expect(backend.uniformPendingDisposal.map(nameOf)).toEqual(['buffer0']);
    expect(backend.commandQueueOwnedIds.has(tensor.dataId)).toBe(true);
    expect(backend.dispatchCountInPass).toBe(1);
    // The next one continues the pass.
    calls = [];
    memory.record([], new Uint32Array(4), 0, () => [dispatchOf(memory, 1)]);
    expect(calls).not.toContain('begin pass');
    expect(backend.dispatchCountInPass).toBe(2);
  });

  it('has scratch memory where it is wanted, which is free for the next at once', () => {
    const backend = fakeBackend();
    const memory = memoryOf(backend);
    memory.record([], new Uint32Array(4), 20, (_, scratch) => [
      dispatchOf(memory, 1, [{ binding: 1, buffer: scratch! }]),
    ]);
    expect(calls).toEqual([
      `acquire 16 bytes for ${usage.uniform}`,
      'write 16 bytes to buffer0 at 0',
      `acquire 20 bytes for ${usage.storage}`,
      'begin pass',
      'pipeline main of module of code',
      'bind 0: layout 0, 1 buffer1',
      'dispatch 1 x 1',
      'release buffer1',
    ]);
    expect(backend.uniformPendingDisposal.map(nameOf)).toEqual(['buffer0']);
  });

  it('is spread over two dimensions where one would be too long', () => {
    const memory = memoryOf(fakeBackend(1000));
    memory.record([], new Uint32Array(4), 0, () =>
      [999, 1000, 1001, 2000, 2001].map((each) => dispatchOf(memory, each)),
    );
    expect(calls.filter((call) => call.startsWith('dispatch'))).toEqual([
      'dispatch 999 x 1',
      'dispatch 1000 x 1',
      'dispatch 1000 x 2',
      'dispatch 1000 x 2',
      'dispatch 1000 x 3',
    ]);
  });

  it('is submitted once there are as many dispatches as tfjs collects', () => {
    batchSize = 3;
    const backend = fakeBackend();
    const memory = memoryOf(backend);
    const record = (count: number) =>
      memory.record([], new Uint32Array(4), 0, () =>
        Array.from({ length: count }, () => dispatchOf(memory, 1)),
      );
    record(2);
    expect(calls).not.toContain('submit');
    record(1);
    expect(calls.slice(-2)).toEqual(['end pass', 'submit']);
    calls = [];
    record(1);
    // A new pass, not yet full.
    expect(calls).toContain('begin pass');
    expect(calls).not.toContain('submit');
  });

  it('compiles a module and a pipeline once', () => {
    const backend = fakeBackend();
    const memory = memoryOf(backend);
    const [first, again, other, foreign] = [
      memory.pipeline('code', 'main'),
      memory.pipeline('code', 'main'),
      memory.pipeline('code', 'other'),
      memory.pipeline('more', 'main'),
    ];
    expect(again).toBe(first);
    expect([other, foreign].map(nameOf)).toEqual(['other of module of code', 'main of module of more']);
    const described = backend.device.createComputePipeline.mock.calls.map(([descriptor]) => descriptor);
    expect(described).toHaveLength(3);
    expect(described[0]).toMatchObject({ layout: 'auto', label: 'update rule main' });
  });
});

describe('copies on a WebGPU device', () => {
  it('are between passes, of a whole tensor or of one number', () => {
    const backend = fakeBackend();
    const memory = memoryOf(backend);
    const [from, to] = [tensorOf('from', 96), tensorOf('to', 96)];
    memory.copy(from, to);
    expect(calls).toEqual([
      'upload from',
      'upload to',
      'end pass',
      'copy 96 bytes from from at 0 to to at 0',
    ]);
    expect([from, to].map(({ dataId }) => backend.commandQueueOwnedIds.has(dataId))).toEqual([true, true]);
    calls = [];
    memory.copyNumber(from, { size: 64, name: 'scratch' } as never, 3);
    expect(calls).toEqual(['upload from', 'end pass', 'copy 4 bytes from from at 0 to scratch at 12']);
  });

  it('of the tables of maps are made once', () => {
    const memory = memoryOf(fakeBackend());
    const tables = memory.mapsBuffer;
    expect(memory.mapsBuffer).toBe(tables);
    // Values and boundaries of two maps with 256 codes.
    expect(calls).toEqual([`acquire 4096 bytes for ${usage.storage}`, 'write 4096 bytes to buffer0 at 0']);
  });
});

describe('a tensor on a WebGPU device', () => {
  it('is held elsewhere where it has other references, or its buffer is of the caller', () => {
    const memory = memoryOf(fakeBackend());
    const { dataId } = tensorOf('w');
    const entry = resources.get(dataId)!;
    expect(memory.isHeldElsewhere(dataId)).toBe(false);
    entry.refCount = 2;
    expect(memory.isHeldElsewhere(dataId)).toBe(true);
    Object.assign(entry, { refCount: 1, external: true });
    expect(memory.isHeldElsewhere(dataId)).toBe(true);
    Object.assign(entry, { external: false });
    expect(memory.isHeldElsewhere(dataId)).toBe(false);
  });

  it('forgets what was read of it once it is written over', () => {
    const memory = memoryOf(fakeBackend());
    const { dataId } = tensorOf('w');
    resources.get(dataId)!.values = Float32Array.of(1);
    memory.contentChanged(dataId);
    expect(resources.get(dataId)!.values).toBeNull();
    expect(memory.mostBuffers).toBe(8);
  });
});

it('a WebGPU backend of another make, without what updates need of it, has no memory to update in', () => {
  const whole = fakeBackend();
  const without = (change: object): object => ({ ...fakeBackend(), ...change });
  const backends: [string, object][] = [
    ['whole', whole],
    ['no device', without({ device: undefined })],
    ['no pipelines', without({ device: { ...whole.device, createComputePipeline: undefined } })],
    ['no queue', without({ queue: undefined })],
    ['no writes', without({ queue: {} })],
    ['no tensors', without({ tensorMap: {} })],
    ['no map of tensors', without({ tensorMap: undefined })],
    ['no buffers', without({ bufferManager: {} })],
    ['no buffer manager', without({ bufferManager: undefined })],
    ['no owned data', without({ commandQueueOwnedIds: new Set() })],
    ['no pending uniforms', without({ uniformPendingDisposal: undefined })],
    ['no count of dispatches', without({ dispatchCountInPass: undefined })],
    ...[
      'ensureCommandEncoderReady',
      'endComputePassEncoder',
      'submitQueue',
      'uploadToGPU',
      'makeTensorInfo',
    ].map((name): [string, object] => [`no ${name}`, without({ [name]: undefined })]),
  ];
  const found = (backend: object, name: string): WebgpuMemory | undefined => {
    const engine = tf.engine();
    const { backendName } = engine;
    vi.spyOn(engine, 'backend', 'get').mockReturnValue(backend as never);
    engine.backendName = name;
    try {
      return currentWebgpuMemory();
    } finally {
      engine.backendName = backendName;
      vi.restoreAllMocks();
    }
  };
  const usable = backends.filter(([, backend]) => found(backend, 'webgpu') !== undefined);
  expect(usable.map(([what]) => what)).toEqual(['whole']);
  expect(found(whole, 'webgpu')).toBe(found(whole, 'webgpu'));
  expect(found(whole, 'webgl')).toBeUndefined();
});
