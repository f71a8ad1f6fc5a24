import { getBackend, ready, setBackend } from '@tensorflow/tfjs-core';
import { closest } from 'fastest-levenshtein';
import { type BackendName, backendNames } from './backend-names.ts';
import type { Attempt } from './candidate.ts';

const wasmFiles = ['tfjs-backend-wasm.wasm', 'tfjs-backend-wasm-simd.wasm'] as const;

/** A binary of @tensorflow/tfjs-backend-wasm that is used: not the one for threads, instead of which that with SIMD shares its memory. */
export type WasmFile = (typeof wasmFiles)[number];

/** Options of `prepareBackend`. */
export interface PrepareBackendOptions {
  /**
   * The backend to use; `auto`, the default, takes the first that works: in Node of node-gpu, node, webgpu, wasm, cpu, in a
   * browser of webgpu, wasm, webgl, cpu.
   */
  readonly backend?: 'auto' | BackendName | undefined;
  /**
   * Threads that work on one operation together, for `wasm` and `node`; by default the cores that this process may use. Results have
   * the same bits for any number of them on `wasm`, and for the same number on `node`, where a process cannot change it.
   */
  readonly threads?: number | undefined;
  /**
   * Where the .wasm files of @tensorflow/tfjs-backend-wasm are, for `wasm` in a browser: their folder, with a slash at the end, or the
   * address of each by its name, as bundlers give it; by default they are looked for beside the script.
   */
  readonly wasmPaths?: string | Readonly<Record<WasmFile, string>> | undefined;
}

/** The backend that tfjs now uses. */
export interface PreparedBackend {
  readonly name: BackendName;
  /** One line: what runs the operations, and why nothing faster does. */
  readonly reason: string;
  /** Version of the package that is the backend; of TensorFlow where that was installed by `steepest tensorflow`. */
  readonly version: string;
}

/** The backends of a runtime, in the order in which `auto` tries them. */
export type Attempts = Readonly<
  Partial<Record<BackendName, (options: PrepareBackendOptions) => Promise<Attempt>>>
>;

/**
 * Makes tfjs use the best of some backends, or the one asked for, and waits until it is ready.
 *
 * @param elsewhere Why the other backends are not here, and what is.
 * @throws Error if an option or a backend is unknown, or if the backend asked for does not work here; the message says
 * what to install.
 */
export async function prepareAmong(
  attempts: Attempts,
  elsewhere: Extract<Attempt, { works: false }>,
  options: PrepareBackendOptions,
): Promise<PreparedBackend> {
  const choice = checkedChoice(options);
  if (choice !== 'auto') {
    const previous: string | undefined = getBackend();
    const attempt = (await attempts[choice]?.(options)) ?? elsewhere;
    if (!attempt.works) {
      // An attempt may fail after it took over, e.g. tfjs-node-gpu without a GPU.
      if (previous && previous !== getBackend()) await setBackend(previous);
      const remedy = attempt.remedy === undefined ? '' : ` ${attempt.remedy}`;
      throw new Error(`The backend "${choice}" does not work here: ${attempt.reason}.${remedy}`);
    }
    await ready();
    return { name: choice, reason: `${attempt.description}, as asked`, version: attempt.version };
  }
  const passedOver: string[] = [];
  for (const [name, attemptOf] of Object.entries(attempts)) {
    const attempt = await attemptOf(options);
    const whyNot = attempt.works ? attempt.passedOver : attempt.reason;
    if (!attempt.works || whyNot !== undefined) {
      passedOver.push(whyNot!);
      continue;
    }
    await ready();
    const because = passedOver.length > 0 ? `; not used: ${passedOver.join(', ')}` : '';
    return {
      name: name as BackendName,
      reason: `${attempt.description}${because}`,
      version: attempt.version,
    };
  }
  throw new Error(`No backend works here: ${passedOver.join(', ')}.`);
}

/** @throws Error if it is no count of threads. */
export function checkThreads(threads: number): void {
  if (Number.isInteger(threads) && threads >= 1) return;
  throw new Error(`threads must be a whole number of at least 1, got ${JSON.stringify(threads)}`);
}

const optionNames = ['backend', 'threads', 'wasmPaths'];

function checkedChoice(options: PrepareBackendOptions): 'auto' | BackendName {
  for (const key of Object.keys(options)) {
    if (optionNames.includes(key)) continue;
    throw new Error(
      `prepareBackend has no option "${key}"; did you mean "${closest(key.toLowerCase(), optionNames)}"?`,
    );
  }
  const { threads, wasmPaths } = options;
  if (threads !== undefined) checkThreads(threads);
  if (wasmPaths !== undefined) checkWasmPaths(wasmPaths);
  const choice: unknown = options.backend ?? 'auto';
  const known = ['auto', ...backendNames] as const;
  const match = known.find((name) => name === choice);
  if (match === undefined) {
    throw new Error(
      `backend must be one of ${known.map((name) => `"${name}"`).join(', ')}, got ${JSON.stringify(choice)}; ` +
        `did you mean "${closest(String(choice).toLowerCase(), known)}"?`,
    );
  }
  return match;
}

function checkWasmPaths(paths: unknown): void {
  if (typeof paths === 'string' && paths.endsWith('/')) return;
  if (typeof paths === 'object' && paths !== null) {
    const missing = wasmFiles.filter((file) => typeof (paths as Record<string, unknown>)[file] !== 'string');
    if (missing.length === 0) return;
    throw new Error(`wasmPaths must have the address of every binary, but ${missing.join(', ')} is missing`);
  }
  throw new Error(
    `wasmPaths must be a folder with a slash at the end, such as "/wasm/", or an address for each binary, got ${JSON.stringify(paths)}`,
  );
}
