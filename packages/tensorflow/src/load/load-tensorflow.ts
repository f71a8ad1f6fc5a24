import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import * as util from 'node:util';
import * as tfjsCore from '@tensorflow/tfjs-core';
import {
  damageOf,
  findInstallation,
  type Installation,
  reinstall,
  type TensorflowDevice,
} from '../installation.ts';
import { commonJsLoader } from './common-js.ts';
import { setThreads, threadNames, threadsOf } from './threads.ts';
import { implementTrainingKernels } from './training-kernels.ts';

/** Options of `loadTensorflow`. */
export interface LoadTensorflowOptions {
  /** Which installation to load; by default that for a GPU where there is one, else that for the processor. */
  readonly device?: TensorflowDevice | undefined;
  /** Threads that work on one operation together; by default as many as there are cores. */
  readonly threads?: number | undefined;
}

/** TensorFlow as this process has it. */
export interface LoadedTensorflow {
  readonly installation: Installation;
  /** Whether a GPU answered; without one, TensorFlow computes on the processor. */
  readonly usesGpu: boolean;
  /** Threads that work on one operation; undefined where TensorFlow chose. */
  readonly threads: number | undefined;
}

/** What this module uses of the addon of tfjs-node. */
interface Addon {
  isUsingGpuDevice(): boolean;
}

/** The name under which tfjs-node, and so this package, registers its backend. */
const backendName = 'tensorflow';
/** That of tfjs-node: above every backend that the application may also have imported. */
const backendPriority = 3;

let loaded: LoadedTensorflow | undefined;

/**
 * Loads TensorFlow into this process and registers it as the backend `tensorflow` of the application's own tfjs. A process loads it
 * once: a second call returns what the first one loaded.
 *
 * @throws if it is not installed, is damaged or does not load, with what to do; if `threads` is not what the process has already;
 * or if another package has registered a backend of this name
 */
export function loadTensorflow(options: LoadTensorflowOptions = {}): LoadedTensorflow {
  const { device, threads } = options;
  if (loaded !== undefined) {
    if (threads !== undefined && threads !== loaded.threads) {
      throw new Error(
        `TensorFlow already works on ${loaded.threads ?? 'its own number of'} threads in this process and cannot change to ` +
          `${threads}: choose them before the first use, or start another process.`,
      );
    }
    return loaded;
  }
  if (tfjsCore.findBackendFactory(backendName) != null) {
    throw new Error(
      'Another package, such as @tensorflow/tfjs-node, has registered the backend "tensorflow" already.',
    );
  }
  const installation = chosenInstallation(device);
  const damage = damageOf(installation);
  if (damage !== undefined) throw new Error(damage);
  loaded = loadInstallation(installation, { hideGpus: device === 'cpu', threads });
  return loaded;
}

/** The installation for a GPU computes on the processor too, so it serves where there is no other. */
function chosenInstallation(device: TensorflowDevice | undefined): Installation {
  const order: TensorflowDevice[] = device === 'cpu' ? ['cpu', 'gpu'] : device ? [device] : ['gpu', 'cpu'];
  for (const candidate of order) {
    const installation = findInstallation(candidate);
    if (installation !== undefined) return installation;
  }
  const command = `npx @steepest/cli tensorflow install${device === 'gpu' ? ' --gpu' : ''}`;
  throw new Error(`TensorFlow is not installed. Run \`${command}\`.`);
}

/** Loads the files of an installation, which are there, and registers the backend. */
export function loadInstallation(
  installation: Installation,
  { hideGpus, threads }: { readonly hideGpus: boolean; readonly threads: number | undefined },
): LoadedTensorflow {
  const before = { ...process.env };
  try {
    setEnvironment({ hideGpus, threads });
    return loadFiles(installation);
  } catch (error) {
    // A call that failed leaves no mark on a later one, or on processes that are started from here.
    for (const name of environmentNames) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
    throw error;
  }
}

/** What loading sets. */
const environmentNames = [
  'TF_CPP_MIN_LOG_LEVEL',
  'TF_FORCE_GPU_ALLOW_GROWTH',
  'NVIDIA_TF32_OVERRIDE',
  'CUDA_VISIBLE_DEVICES',
  ...threadNames,
];

function setEnvironment({ hideGpus, threads }: { hideGpus: boolean; threads: number | undefined }): void {
  // libtensorflow greets on stderr at the first operation otherwise.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  // Otherwise one process takes all memory of the GPU, whatever it needs.
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
  // Otherwise products on GPUs since Ampere have 10 bits of mantissa, where PyTorch by default has float32's 23.
  process.env.NVIDIA_TF32_OVERRIDE ??= '0';
  if (hideGpus) process.env.CUDA_VISIBLE_DEVICES = '-1';
  if (threads !== undefined) setThreads(threads);
}

function loadFiles(installation: Installation): LoadedTensorflow {
  const addon = loadAddon(installation);
  const load = commonJsLoader(installation.tfjsNodeFolder, {
    '@tensorflow/tfjs': tfjsCore,
    '@tensorflow/tfjs-core': tfjsCore,
    // Functions that Node 23 removed and tfjs-node 4.22 calls.
    util: { ...util, isNullOrUndefined: (value: unknown) => value == null, isArray: Array.isArray },
    fs,
    path,
    os,
    // Protocol buffers of TensorBoard and saved models, which no kernel reads.
    'dist/proto/api_pb.js': {},
  });
  const { NodeJSKernelBackend } = load('dist/nodejs_kernel_backend.js') as {
    NodeJSKernelBackend: new (addon: Addon, packageName: string) => tfjsCore.KernelBackend;
  };
  load('dist/register_all_kernels.js');
  implementTrainingKernels(backendName);
  const packageName = `@tensorflow/tfjs-node${installation.device === 'gpu' ? '-gpu' : ''}`;
  tfjsCore.registerBackend(backendName, () => new NodeJSKernelBackend(addon, packageName), backendPriority);
  return { installation, usesGpu: addon.isUsingGpuDevice(), threads: threadsOf(process.env) };
}

function loadAddon({ addon, device }: Installation): Addon {
  const module = { exports: {} as Addon };
  try {
    process.dlopen(module, addon.path);
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0];
    throw new Error(`TensorFlow is installed but does not load (${reason}). ${reinstall(device)}.`, {
      cause: error,
    });
  }
  return module.exports;
}
