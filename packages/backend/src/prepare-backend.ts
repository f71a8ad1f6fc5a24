import { getBackend, ready, setBackend } from '@tensorflow/tfjs-core';
import { closest } from 'fastest-levenshtein';
import { type BackendName, backendNames } from './backend-names.ts';
import { tryCpu, tryWasm } from './built-in-backend.ts';
import type { Attempt } from './candidate.ts';
import { tryNative } from './native-backend.ts';
import { tryWebgpu } from './webgpu-backend.ts';

/** Options of `prepareBackend`. */
export interface PrepareBackendOptions {
  /** The backend to use; `auto`, the default, takes the first that works: node-gpu, node, webgpu, wasm, cpu. */
  readonly backend?: 'auto' | BackendName | undefined;
  /**
   * Threads that work on one operation together, for `wasm` and `node`; by default the cores that this process may use. Results have
   * the same bits for any number of them on `wasm`, and for the same number on `node`, where a process cannot change it.
   */
  readonly threads?: number | undefined;
}

/** The backend that tfjs now uses. */
export interface PreparedBackend {
  readonly name: BackendName;
  /** One line: what runs the operations, and why nothing faster does. */
  readonly reason: string;
  /** Version of the package that is the backend; of TensorFlow where that was installed by `steepest tensorflow`. */
  readonly version: string;
}

const attempts: Readonly<Record<BackendName, (threads?: number) => Promise<Attempt>>> = {
  'node-gpu': (threads) => tryNative('node-gpu', threads),
  node: (threads) => tryNative('node', threads),
  webgpu: tryWebgpu,
  wasm: tryWasm,
  cpu: tryCpu,
};

/**
 * Makes tfjs use the best backend of this machine, or the one asked for, and waits until it is ready.
 *
 * @throws If an option or a backend is unknown, or if the backend asked for does not work here; the message says
 * what to install.
 */
export async function prepareBackend(options: PrepareBackendOptions = {}): Promise<PreparedBackend> {
  const choice = checkedChoice(options);
  const { threads } = options;
  if (choice !== 'auto') {
    const previous: string | undefined = getBackend();
    const attempt = await attempts[choice](threads);
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
  for (const name of backendNames) {
    const attempt = await attempts[name](threads);
    if (!attempt.works || attempt.isSoftware) {
      passedOver.push(attempt.works ? `${attempt.description} is emulated by the processor` : attempt.reason);
      continue;
    }
    await ready();
    const because = passedOver.length > 0 ? `; not used: ${passedOver.join(', ')}` : '';
    return { name, reason: `${attempt.description}${because}`, version: attempt.version };
  }
  throw new Error(`No backend works here: ${passedOver.join(', ')}.`);
}

const optionNames = ['backend', 'threads'];

function checkedChoice(options: PrepareBackendOptions): 'auto' | BackendName {
  for (const key of Object.keys(options)) {
    if (optionNames.includes(key)) continue;
    throw new Error(`prepareBackend has no option "${key}"; did you mean "${closest(key, optionNames)}"?`);
  }
  const { threads } = options;
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1)) {
    throw new Error(`threads must be a whole number of at least 1, got ${JSON.stringify(threads)}`);
  }
  const choice: unknown = options.backend ?? 'auto';
  const known = ['auto', ...backendNames] as const;
  const match = known.find((name) => name === choice);
  if (match === undefined) {
    throw new Error(
      `backend must be one of ${known.map((name) => `"${name}"`).join(', ')}, got ${JSON.stringify(choice)}; ` +
        `did you mean "${closest(String(choice), known)}"?`,
    );
  }
  return match;
}
