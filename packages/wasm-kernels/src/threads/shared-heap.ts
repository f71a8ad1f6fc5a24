import { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { KernelBackend } from '@tensorflow/tfjs-core';
import { exportsOf, importSharedMemory, largestHeapPages } from './shared-memory-binary.ts';

/** The Emscripten module of tfjs-backend-wasm, as its factory resolves to it. */
interface TfjsModule {
  cwrap(name: string, result: string | null, parameters: string[]): (...values: number[]) => number;
  tfjs?: unknown;
  wasmMemory?: WebAssembly.Memory;
}

type Factory = (settings: {
  onAbort(): never;
  locateFile(path: string, prefix: string): string;
  instantiateWasm(
    imports: Imports,
    done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
  ): object;
}) => Promise<TfjsModule>;

/** What the glue of tfjs hands to its binary. */
type Imports = Record<string, Record<string, WebAssembly.ImportValue>>;

/**
 * Instantiates tfjs's binary for one thread with its memory made outside, where threads can share it.
 *
 * @throws Error if it is another kind of binary
 */
async function instantiateShared(
  source: Uint8Array,
  imports: Imports,
  instantiate = WebAssembly.instantiate,
) {
  const { binary, initialPages } = importSharedMemory(source);
  const memory = new WebAssembly.Memory({ initial: initialPages, maximum: largestHeapPages, shared: true });
  const { instance, module } = await instantiate(binary, {
    ...imports,
    env: { ...imports.env, memory },
  });
  return { instance, module, memory };
}

/**
 * Starts tfjs-backend-wasm in Node on a heap that threads can share. tfjs itself has one in browsers only; the binary
 * here is its own for one thread.
 *
 * @throws Error if the binary cannot be read, rewritten or started
 */
export async function startOnSharedHeap(): Promise<BackendWasm> {
  const loaded = await import('@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js');
  const factory = (typeof loaded.default === 'function' ? loaded.default : loaded) as unknown as Factory;
  const { readFile } = process.getBuiltinModule('node:fs/promises');
  let folder = '';
  let failed: (error: unknown) => void = () => {};
  const failure = new Promise<never>((_, reject) => {
    failed = reject;
  });
  const memoryOf = async (imports: Imports) =>
    instantiateShared(await readFile(`${folder}tfjs-backend-wasm-simd.wasm`), imports);
  let memory: WebAssembly.Memory | undefined;
  const started = withCopyingDecoder(() =>
    factory({
      // The code of tfjs would say "Aborted(). Build with -sASSERTIONS for more info."
      onAbort: () => {
        throw new Error(
          'tfjs-backend-wasm has stopped in the middle of a kernel, most likely because its heap of 4 GiB is full. Results ' +
            'are no longer reliable: start the program again, with a smaller batch or model.',
        );
      },
      locateFile: (path, prefix) => {
        folder = prefix;
        return prefix + path;
      },
      instantiateWasm: (imports, done) => {
        memoryOf(imports).then((made) => {
          memory = made.memory;
          done(made.instance, made.module);
        }, failed);
        return {};
      },
    }),
  );
  const wasm = await Promise.race([started, failure]);
  wasm.tfjs = {
    init: wasm.cwrap('init', null, []),
    initWithThreadsCount: wasm.cwrap('init_with_threads_count', null, ['number']),
    getThreadsCount: wasm.cwrap('get_threads_count', 'number', []),
    registerTensor: wasm.cwrap('register_tensor', null, ['number', 'number', 'number']),
    disposeData: wasm.cwrap('dispose_data', null, ['number']),
    dispose: wasm.cwrap('dispose', null, []),
  };
  wasm.wasmMemory = memory!;
  return new BackendWasm(wasm as unknown as ConstructorParameters<typeof BackendWasm>[0]);
}

/**
 * Starts tfjs-backend-wasm in a browser on a heap that threads can share: as tfjs does for one thread, with what `setWasmPaths` was
 * given. tfjs must not take its own binary for threads then.
 *
 * @param start tfjs's own
 * @throws Error if the memory is refused, or tfjs takes none
 */
export async function startOnSharedHeapInBrowser(
  start: () => KernelBackend | Promise<KernelBackend>,
): Promise<KernelBackend> {
  const { instantiate, instantiateStreaming } = WebAssembly;
  const replace = (functions: object) => Object.assign(WebAssembly, functions);
  let made: ReturnType<typeof instantiateShared> | undefined;
  // Only once: where it fails the glue tries again, and may then go on with a memory of its own.
  const isOurs = (source: unknown): source is ArrayBuffer | ArrayBufferView =>
    made === undefined && isTfjs(source);
  const shared = (source: ArrayBuffer | ArrayBufferView, imports: unknown) => {
    made = instantiateShared(bytesOf(source), imports as Imports, instantiate);
    return made;
  };
  // The glue leaves a page no other way to give it a memory. What others instantiate meanwhile is theirs.
  replace({
    instantiate: (...given: Parameters<typeof instantiate>) =>
      isOurs(given[0]) ? shared(given[0], given[1]) : instantiate(...given),
    instantiateStreaming: async (...[source, ...others]: Parameters<typeof instantiateStreaming>) => {
      const response = await source;
      const bytes = response instanceof Response ? await response.clone().arrayBuffer() : undefined;
      return isOurs(bytes) ? shared(bytes, others[0]) : instantiateStreaming(response, ...others);
    },
  });
  let backend: KernelBackend;
  try {
    backend = await withCopyingDecoder(start);
  } finally {
    replace({ instantiate, instantiateStreaming });
  }
  try {
    if (made === undefined) throw new Error('it took no memory from outside');
    await made;
  } catch (error) {
    backend.dispose();
    throw error;
  }
  return backend;
}

/** Whether it is a binary of tfjs-backend-wasm, by a function that tfjs calls. */
function isTfjs(source: unknown): boolean {
  if (!(source instanceof ArrayBuffer || ArrayBuffer.isView(source))) return false;
  try {
    return exportsOf(bytesOf(source)).includes('register_tensor');
  } catch {
    return false;
  }
}

function bytesOf(source: ArrayBuffer | ArrayBufferView): Uint8Array {
  if (!ArrayBuffer.isView(source)) return new Uint8Array(source);
  return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
}

/** The glue keeps a decoder for its messages, and a TextDecoder refuses bytes that are shared: this one copies them. */
export async function withCopyingDecoder<Result>(run: () => Result | Promise<Result>): Promise<Result> {
  const Original = globalThis.TextDecoder;
  globalThis.TextDecoder = class extends Original {
    override decode(input?: AllowSharedBufferSource, options?: TextDecodeOptions): string {
      const isShared = ArrayBuffer.isView(input) && input.buffer instanceof SharedArrayBuffer;
      return super.decode(isShared ? new Uint8Array(input as Uint8Array).slice() : input, options);
    }
  };
  try {
    return await run();
  } finally {
    globalThis.TextDecoder = Original;
  }
}
