import { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { importSharedMemory, largestHeapPages } from './shared-memory-binary.ts';

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
    imports: Record<string, Record<string, WebAssembly.ImportValue>>,
    done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
  ): object;
}) => Promise<TfjsModule>;

/**
 * Starts tfjs-backend-wasm in Node on a heap that threads can share. tfjs itself has one in browsers only; the binary
 * here is its own for one thread, with its memory made outside.
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
  const memoryOf = async (imports: Record<string, Record<string, WebAssembly.ImportValue>>) => {
    const { binary, initialPages } = importSharedMemory(
      await readFile(`${folder}tfjs-backend-wasm-simd.wasm`),
    );
    const memory = new WebAssembly.Memory({ initial: initialPages, maximum: largestHeapPages, shared: true });
    const { instance, module } = await WebAssembly.instantiate(binary, {
      ...imports,
      env: { ...imports.env, memory },
    });
    return { instance, module, memory };
  };
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

/** The glue keeps a decoder for its messages, and a TextDecoder refuses bytes that are shared: this one copies them. */
export function withCopyingDecoder<Result>(run: () => Result): Result {
  const Original = globalThis.TextDecoder;
  globalThis.TextDecoder = class extends Original {
    override decode(input?: AllowSharedBufferSource, options?: TextDecodeOptions): string {
      const isShared = ArrayBuffer.isView(input) && input.buffer instanceof SharedArrayBuffer;
      return super.decode(isShared ? new Uint8Array(input as Uint8Array).slice() : input, options);
    }
  };
  try {
    return run();
  } finally {
    globalThis.TextDecoder = Original;
  }
}
