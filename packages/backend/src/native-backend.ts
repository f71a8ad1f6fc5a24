import { backend, env, findBackendFactory, setBackend } from '@tensorflow/tfjs-core';
import { type Attempt, versionAmong } from './candidate.ts';
import { firstLine, loadOptionalPackage } from './optional-package.ts';

/** What tfjs-node's backend says of itself. */
interface NativeBackend {
  readonly isUsingGpuDevice?: boolean;
}

/** Tries libtensorflow: tfjs-node-gpu with a GPU that answers, or tfjs-node. */
export async function tryNative(kind: 'node-gpu' | 'node'): Promise<Attempt> {
  const packageName = kind === 'node-gpu' ? '@tensorflow/tfjs-node-gpu' : '@tensorflow/tfjs-node';
  const remedy =
    kind === 'node-gpu'
      ? 'Run `npm install @tensorflow/tfjs-node-gpu@4.22.0` on Linux with an NVIDIA GPU, CUDA 11.2 and cuDNN 8.1.'
      : 'Run `npm install @tensorflow/tfjs-node@4.22.0`.';
  if (!env().getBool('IS_NODE')) return { works: false, reason: `${packageName} runs in Node only`, remedy };
  restoreRemovedNodeFunctions();
  // libtensorflow greets on stderr at the first operation otherwise.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  const loaded = await loadOptionalPackage(packageName);
  if (!loaded.found) return { works: false, reason: loaded.reason, remedy };
  const refused = (reason: string): Attempt => ({ works: false, reason, remedy });
  if (findBackendFactory('tensorflow') == null) {
    return refused(`${packageName} registered no backend: it may use another copy of @tensorflow/tfjs-core`);
  }
  try {
    if (!(await setBackend('tensorflow'))) return refused(`${packageName} did not start`);
  } catch (error) {
    return refused(`${packageName} did not start (${firstLine(error)})`);
  }
  const hasGpu = (backend() as NativeBackend).isUsingGpuDevice === true;
  if (kind === 'node-gpu' && !hasGpu) return refused(`${packageName} is installed but no GPU answers`);
  return {
    works: true,
    description: hasGpu ? `${packageName} with a GPU` : packageName,
    version: versionAmong(loaded.exports, 'tfjs-node', 'version'),
  };
}

/** tfjs-node 4.22 calls util.isNullOrUndefined and its kin, which Node 23 removed. */
function restoreRemovedNodeFunctions(): void {
  const util = process.getBuiltinModule?.('util') as Record<string, unknown> | undefined;
  if (util === undefined) return;
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
}
