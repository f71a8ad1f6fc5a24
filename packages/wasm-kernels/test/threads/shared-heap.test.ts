import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { setThreads, useThreads } from '@steepest/wasm-kernels';
import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startOnSharedHeapInBrowser, withCopyingDecoder } from '../../src/threads/shared-heap.ts';
import { exportsOf, importSharedMemory } from '../../src/threads/shared-memory-binary.ts';
import { containerQuota } from '../../src/threads/usable-cores.ts';
import { bitsOf, startBackend, threadsRunning } from './threaded-backend.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));

async function runScript(source: string): Promise<string> {
  const options = [
    '--conditions=@steepest/source',
    '--import',
    'tsx',
    '--input-type=module',
    '--eval',
    source,
  ];
  const { stdout } = await promisify(execFile)(process.execPath, options, { cwd: root });
  return stdout.trim();
}

describe('useThreads', () => {
  it('refuses numbers of threads that are none', async () => {
    for (const threads of [0, -1, 1.5, Number.NaN, '2' as unknown as number]) {
      await expect(useThreads({ threads })).rejects.toThrow(/threads must be a whole number of at least 1/);
    }
  });

  it('lets the number of threads change in mid-run, at most to those there are, and keeps results', async () => {
    await startBackend(3);
    const left = tf.randomNormal([300, 400], 0, 1, 'float32', 1);
    const right = tf.randomNormal([400, 350], 0, 1, 'float32', 2);
    const together = bitsOf(tf.matMul(left, right));
    for (const [asked, working] of [
      [1, 1],
      [2, 2],
      [8, 3],
    ] as const) {
      expect(setThreads(asked)).toBe(working);
      expect(bitsOf(tf.matMul(left, right))).toEqual(together);
    }
    for (const none of [0, 1.5, Number.NaN]) {
      expect(() => setThreads(none)).toThrow(/threads must be a whole number of at least 1/);
    }
  });

  it('leaves a backend that is in use as it is, and says so', async () => {
    await startBackend(1);
    expect(await useThreads({ threads: 2 })).toEqual({
      threads: 1,
      reason: 'one thread: the wasm backend was already in use',
    });
    expect(threadsRunning()).toBe(1);
  });

  it('keeps results while the heap grows, and refuses what it cannot hold without harm', async () => {
    await startBackend(2);
    const left = tf.randomNormal([200, 300], 0, 1, 'float32', 1);
    const right = tf.randomNormal([300, 250], 0, 1, 'float32', 2);
    const before = bitsOf(tf.matMul(left, right));
    const kept = Array.from({ length: 8 }, (_, i) => tf.fill([1024, 1024], i));
    expect(bitsOf(tf.matMul(left, right))).toEqual(before);
    expect(() => tf.matMul(tf.zeros([70_000, 1]), tf.zeros([1, 70_000]))).toThrow(/no room for its result/);
    expect(bitsOf(tf.matMul(left, right))).toEqual(before);
    expect(kept.map((tensor) => tensor.dataSync().at(-1))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('refuses work that a full heap has no room for, and works on once there is room', async () => {
    await startBackend(2);
    const { wasm } = tf.backend() as unknown as {
      wasm: { _malloc(bytes: number): number; _free(address: number): void };
    };
    const [left, right] = [tf.fill([900, 800], 0.5), tf.fill([800, 900], 2)];
    const taken: number[] = [];
    for (let bytes = 2 ** 29; bytes >= 2 ** 16; bytes /= 2) {
      try {
        for (;;) taken.push(wasm._malloc(bytes));
      } catch {
        // Blocks of this size are used up.
      }
    }
    for (let attempt = 0; attempt < 3; attempt++) {
      expect(() => tf.matMul(left, right)).toThrow(/no room for its result of shape \[1?,? ?900, 900\]/);
    }
    for (const address of taken) wasm._free(address);
    const product = tf.matMul(left, right).dataSync();
    expect(product.every((value) => value === 800)).toBe(true);
    tf.dispose([left, right]);
  });

  it('reads text of the shared heap, and says what an abort of the compiled code means', async () => {
    await startBackend(2);
    const { wasm } = tf.backend() as unknown as {
      wasm: {
        HEAPU8: Uint8Array;
        asm: Record<'stackSave' | 'stackAlloc' | 'malloc' | 'free', (bytes: number) => number>;
        tfjs: { registerTensor(id: number, size: number, address: number): void };
        _stackAlloc?: (bytes: number) => number;
        cwrap(name: string, result: string, parameters: string[]): (...values: number[]) => string;
      };
    };
    const text = 'long enough for the decoder: 20 €';
    const bytes = new TextEncoder().encode(`${text}\0`);
    const room = Math.ceil(bytes.length / 16) * 16;
    wasm.HEAPU8.set(bytes, wasm.asm.stackSave(0) - room);
    wasm._stackAlloc = wasm.asm.stackAlloc;
    expect(wasm.cwrap('stackAlloc', 'string', ['number'])(room)).toBe(text);
    // Past the guard of `_malloc`, until the code of tfjs itself gets no memory for the list of its tensors.
    const taken: number[] = [];
    for (let size = 2 ** 29; size >= 8; size /= 2) {
      for (let address = wasm.asm.malloc(size); address !== 0; address = wasm.asm.malloc(size)) {
        taken.push(address);
      }
    }
    expect(() => {
      for (let id = 1e6; id < 2e6; id++) wasm.tfjs.registerTensor(id, 1, 1024);
    }).toThrow(/stopped in the middle of a kernel.*its heap of 4 GiB is full/);
    for (const address of taken) wasm.asm.free(address);
  });

  it('serves a second backend after the first, each with its own workers', async () => {
    await startBackend(2);
    const product = () => bitsOf(tf.matMul(tf.ones([300, 300]), tf.ones([300, 300])))[0];
    const first = product();
    await startBackend(3);
    expect(threadsRunning()).toBe(3);
    expect(product()).toBe(first);
  });

  it('keeps no program alive, in the main thread or in a worker', async () => {
    const program = `(async () => {
      const tf = await import('@tensorflow/tfjs');
      const { useThreads } = await import('@steepest/wasm-kernels');
      const { threads } = await useThreads({ threads: 2 });
      await tf.setBackend('wasm');
      const product = () => tf.matMul(tf.ones([500, 500]), tf.ones([500, 500])).dataSync()[7];
      product();
      await new Promise((resolve) => setTimeout(resolve, 300));
      console.log(threads, product());
    })();`;
    expect(await runScript(program)).toBe('2 500');
    const inWorker = `
      import { Worker } from 'node:worker_threads';
      // A thread does not inherit the loader of TypeScript.
      const loader = "import('tsx/esm/api').then(({ register }) => register())";
      new Worker(loader + '.then(() => ' + ${JSON.stringify(program.replace(/;$/, ''))} + ')', { eval: true });
    `;
    expect(await runScript(inWorker)).toBe('2 500');
  });

  it('leaves the listeners for errors and the text decoder of the program alone', async () => {
    const listeners =
      process.listenerCount('uncaughtException') + process.listenerCount('unhandledRejection');
    const decoder = globalThis.TextDecoder;
    await startBackend(2);
    expect(process.listenerCount('uncaughtException') + process.listenerCount('unhandledRejection')).toBe(
      listeners,
    );
    expect(globalThis.TextDecoder).toBe(decoder);
  });
});

it('decodes text from shared memory, which a TextDecoder refuses', async () => {
  const bytes = new Uint8Array(new SharedArrayBuffer(3));
  bytes.set([0xe2, 0x82, 0xac]);
  expect((await withCopyingDecoder(() => new TextDecoder('utf8'))).decode(bytes)).toBe('€');
});

/** A module with a memory of 2 pages and a function that returns its size, exported, with no import. */
const small = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7f, 3, 2, 1, 0, 5, 3, 1, 0, 2],
  ...[7, 17, 2, 4, 0x73, 0x69, 0x7a, 0x65, 0, 0, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 0],
  ...[10, 6, 1, 4, 0, 0x3f, 0, 0x0b],
);
/** The same with a third export, of the function once more, under a name that tfjs has. */
const tfjsLike = Uint8Array.of(
  ...small.subarray(0, 24),
  ...[7, 35, 3, ...small.subarray(27, 43)],
  ...[15, ...new TextEncoder().encode('register_tensor'), 0, 0],
  ...small.subarray(43),
);

describe('the start of tfjs in a browser', () => {
  const dispose = vi.fn();
  const backend = { dispose } as unknown as tf.KernelBackend;
  afterEach(() => {
    vi.restoreAllMocks();
    dispose.mockReset();
  });
  const memoryOf = ({ exports }: WebAssembly.Instance) => (exports.memory as WebAssembly.Memory).buffer;
  const response = (bytes: Uint8Array<ArrayBuffer>) =>
    new Response(bytes, { headers: { 'Content-Type': 'application/wasm' } });

  it.each<[string, (bytes: Uint8Array<ArrayBuffer>) => Promise<WebAssembly.WebAssemblyInstantiatedSource>]>([
    ['bytes', (bytes) => WebAssembly.instantiate(bytes, {})],
    ['a buffer', (bytes) => WebAssembly.instantiate(bytes.slice().buffer, {})],
    ['a response', (bytes) => WebAssembly.instantiateStreaming(response(bytes), {})],
    ['a response to come', (bytes) => WebAssembly.instantiateStreaming(Promise.resolve(response(bytes)), {})],
  ])(
    'shares the memory of its binary, and leaves those of others theirs, from %s',
    async (_, instantiate) => {
      const { instantiate: before, instantiateStreaming: streaming } = WebAssembly;
      const buffers: ArrayBufferLike[] = [];
      const start = async () => {
        for (const bytes of [small, tfjsLike, small])
          buffers.push(memoryOf((await instantiate(bytes)).instance));
        const module = await WebAssembly.instantiate(await WebAssembly.compile(small));
        buffers.push(memoryOf(module));
        return backend;
      };
      expect(await startOnSharedHeapInBrowser(start)).toBe(backend);
      expect(buffers.map((buffer) => buffer instanceof SharedArrayBuffer)).toEqual([
        false,
        true,
        false,
        false,
      ]);
      expect(buffers.map(({ byteLength }) => byteLength)).toEqual(
        [2, 2, 2, 2].map((pages) => pages * 65_536),
      );
      expect(WebAssembly).toMatchObject({ instantiate: before, instantiateStreaming: streaming });
      expect(dispose).not.toHaveBeenCalled();
    },
  );

  it('fails where shared memory is refused, also when tfjs goes on without, and frees that', async () => {
    vi.spyOn(WebAssembly, 'Memory').mockImplementation(function refuse() {
      throw new RangeError('no room');
    });
    const start = async () => {
      const made = await WebAssembly.instantiateStreaming(response(tfjsLike), {}).catch(() =>
        WebAssembly.instantiate(tfjsLike, {}),
      );
      expect(memoryOf(made.instance)).toBeInstanceOf(ArrayBuffer);
      return backend;
    };
    await expect(startOnSharedHeapInBrowser(start)).rejects.toThrow(new RangeError('no room'));
    expect(dispose).toHaveBeenCalledOnce();
  });

  it('fails where tfjs takes no memory from outside', async () => {
    await expect(startOnSharedHeapInBrowser(() => backend)).rejects.toThrow('it took no memory from outside');
    expect(dispose).toHaveBeenCalledOnce();
  });

  it('knows the binaries of tfjs by what they export', async () => {
    const { resolve } = createRequire(import.meta.url);
    for (const name of ['tfjs-backend-wasm-simd', 'tfjs-backend-wasm']) {
      const bytes = await readFile(resolve(`@tensorflow/tfjs-backend-wasm/wasm-out/${name}.wasm`));
      const module = await WebAssembly.compile(bytes);
      expect(exportsOf(bytes)).toEqual(WebAssembly.Module.exports(module).map((each) => each.name));
      expect(exportsOf(bytes)).toContain('register_tensor');
    }
  });
});

describe('importSharedMemory', () => {
  it('makes a module import its memory, also where it had no import', async () => {
    const { binary, initialPages } = importSharedMemory(small);
    expect(initialPages).toBe(2);
    const memory = new WebAssembly.Memory({ initial: 5, maximum: 65_536, shared: true });
    const { instance } = await WebAssembly.instantiate(binary, { env: { memory } });
    expect((instance.exports.size as () => number)()).toBe(5);
    expect(instance.exports.memory).toBe(memory);
  });

  it('refuses what is no module, has no memory, or ends too early', () => {
    expect(() => importSharedMemory(Uint8Array.of(1, 2, 3))).toThrow(/not a WebAssembly binary/);
    expect(() => importSharedMemory(small.subarray(0, 8))).toThrow(/defines no memory/);
    expect(() => importSharedMemory(small.subarray(0, 21))).toThrow(/ends too early/);
  });
});

describe('containerQuota', () => {
  const files =
    (contents: Record<string, string>) =>
    (path: string): string => {
      const text = contents[path];
      if (text === undefined) throw new Error('ENOENT');
      return text;
    };

  it.each([
    ['no control groups', {}, Number.POSITIVE_INFINITY],
    [
      'version 2 without a limit',
      { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': 'max 100000\n' },
      Number.POSITIVE_INFINITY,
    ],
    [
      'version 2 in a container',
      { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '150000 100000\n' },
      1.5,
    ],
    [
      'the tightest of nested groups',
      {
        '/proc/self/cgroup': '0::/slice/job\n',
        '/sys/fs/cgroup/slice/job/cpu.max': '400000 100000\n',
        '/sys/fs/cgroup/slice/cpu.max': '200000 100000\n',
      },
      2,
    ],
    [
      'version 1',
      {
        '/proc/self/cgroup': '4:memory:/x\n3:cpu,cpuacct:/x\n',
        '/sys/fs/cgroup/cpu/x/cpu.cfs_quota_us': '300000\n',
        '/sys/fs/cgroup/cpu/x/cpu.cfs_period_us': '100000\n',
      },
      3,
    ],
    [
      'version 1 without a limit',
      {
        '/proc/self/cgroup': '3:cpu:/\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
      },
      Number.POSITIVE_INFINITY,
    ],
  ])('reads %s', (_, contents, quota) => {
    expect(containerQuota(files(contents as Record<string, string>))).toBe(quota);
  });
});
