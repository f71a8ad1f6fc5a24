import type * as tensorflow from '@steepest/tensorflow';
import { usableCores } from '@steepest/wasm-kernels';
import { backend, env, findBackendFactory, setBackend } from '@tensorflow/tfjs-core';
import { type Attempt, versionAmong } from './candidate.ts';
import { firstLine, loadOptionalPackage } from './optional-package.ts';

/** The two ways to compute with TensorFlow's library. */
type NativeName = 'node-gpu' | 'node';

/** What tfjs-node's backend says of itself. */
interface NativeBackend {
  readonly isUsingGpuDevice?: boolean;
}

/** What was loaded and registered the backend `tensorflow`. */
interface LoadedLibrary {
  /** For the one-line reason. */
  readonly description: string;
  readonly version: string;
}

/** Why nothing was loaded. */
type Refusal = Omit<Extract<Attempt, { works: false }>, 'works'>;

const installerPackage = '@steepest/tensorflow';

/**
 * Tries TensorFlow's own library: the one that `steepest tensorflow install` put into the cache folder, else that of tfjs-node or
 * tfjs-node-gpu where the application has it.
 */
export async function tryNative(kind: NativeName, threads?: number): Promise<Attempt> {
  if (!env().getBool('IS_NODE')) {
    return {
      works: false,
      reason: 'TensorFlow runs in Node only',
      remedy: 'Use webgpu or wasm in a browser.',
    };
  }
  const loaded = await loadLibrary(kind, threads);
  if ('reason' in loaded) return { works: false, ...loaded };
  const { remedy } = missing(kind);
  try {
    if (!(await setBackend('tensorflow')))
      return { works: false, reason: 'TensorFlow did not start', remedy };
  } catch (error) {
    return { works: false, reason: `TensorFlow did not start (${firstLine(error)})`, remedy };
  }
  const hasGpu = (backend() as NativeBackend).isUsingGpuDevice === true;
  if (kind === 'node-gpu' && !hasGpu) {
    return {
      works: false,
      reason: `${loaded.description} is installed but no GPU answers`,
      remedy:
        "Install NVIDIA's driver (`nvidia-smi` lists the GPUs it sees), and run `npx @steepest/cli tensorflow check`.",
    };
  }
  const on = hasGpu ? ' with a GPU' : '';
  return { works: true, description: `${loaded.description}${on}`, version: loaded.version };
}

/** Loads what is there, once for the process: ours first, since the application asked for it by a command of its own. */
async function loadLibrary(kind: NativeName, threads: number | undefined): Promise<LoadedLibrary | Refusal> {
  const ours = await loadOptionalPackage(installerPackage);
  if (ours.found) {
    const { findInstallation, loadTensorflow } = ours.exports as unknown as typeof tensorflow;
    const device = kind === 'node-gpu' ? 'gpu' : 'cpu';
    try {
      if (findInstallation(device) ?? (kind === 'node' ? findInstallation('gpu') : undefined)) {
        return described(
          loadTensorflow({ device, threads: threads ?? (isLoaded() ? undefined : usableCores()) }),
        );
      }
    } catch (error) {
      return { reason: (error as Error).message.replace(/\.$/, '') };
    }
  }
  return loadTfjsNode(kind, threads);
}

function isLoaded(): boolean {
  return findBackendFactory('tensorflow') != null;
}

function described({ installation, threads, usesGpu }: tensorflow.LoadedTensorflow): LoadedLibrary {
  const { tensorflow: version } = installation;
  const on = usesGpu || threads === undefined ? '' : ` on ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  return { description: `TensorFlow ${version}${on}`, version };
}

async function loadTfjsNode(kind: NativeName, threads: number | undefined): Promise<LoadedLibrary | Refusal> {
  const packageName = kind === 'node-gpu' ? '@tensorflow/tfjs-node-gpu' : '@tensorflow/tfjs-node';
  // TensorFlow reads it when it is loaded, and says nothing of it afterwards.
  const asked = String(threads ?? process.env.TF_NUM_INTRAOP_THREADS ?? usableCores());
  if (isLoaded() && threads !== undefined && process.env.TF_NUM_INTRAOP_THREADS !== asked) {
    return {
      reason: `TensorFlow is already loaded and its threads cannot be changed to ${threads}`,
      remedy:
        'Call prepareBackend before anything loads it, or start the process with TF_NUM_INTRAOP_THREADS set.',
    };
  }
  restoreRemovedNodeFunctions();
  // libtensorflow greets on stderr at the first operation otherwise.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  if (!isLoaded()) process.env.TF_NUM_INTRAOP_THREADS = asked;
  const loaded = await loadOptionalPackage(packageName);
  if (!loaded.found) {
    return loaded.reason === `${packageName} is not installed`
      ? missing(kind)
      : { reason: loaded.reason, remedy: missing(kind).remedy };
  }
  if (!isLoaded()) {
    return {
      reason: `${packageName} registered no backend: it may use another copy of @tensorflow/tfjs-core`,
      remedy: `${missing(kind).remedy} It has no copy of its own.`,
    };
  }
  return { description: packageName, version: versionAmong(loaded.exports, 'tfjs-node', 'version') };
}

function missing(kind: NativeName): Refusal {
  const [what, command] =
    kind === 'node-gpu'
      ? ['TensorFlow for GPUs', 'npx @steepest/cli tensorflow install --gpu']
      : ['TensorFlow', 'npx @steepest/cli tensorflow install'];
  const where = kind === 'node-gpu' ? ' on Linux x64 with an NVIDIA GPU and its driver' : '';
  return {
    reason: `${what} is not installed`,
    remedy: `Run \`npm install ${installerPackage}\` and \`${command}\`${where}.`,
  };
}

/** tfjs-node 4.22 calls util.isNullOrUndefined and similar functions, which Node 23 removed. */
function restoreRemovedNodeFunctions(): void {
  const util = process.getBuiltinModule?.('util') as Record<string, unknown> | undefined;
  if (util === undefined) return;
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
}
