import { env, findBackendFactory, setBackend } from '@tensorflow/tfjs-core';
import { type Attempt, versionAmong } from './candidate.ts';
import { firstLine, loadOptionalPackage } from './optional-package.ts';

/** The part of WebGPU used here; the package needs no WebGPU types. */
interface Adapter {
  readonly isFallbackAdapter?: boolean;
  readonly info?: {
    readonly vendor?: string;
    readonly architecture?: string;
    readonly description?: string;
    readonly device?: string;
    readonly isFallbackAdapter?: boolean;
  };
}
interface Gpu {
  requestAdapter(): Promise<Adapter | null>;
}

const backendPackage = '@tensorflow/tfjs-backend-webgpu';

/** Tries WebGPU: the browser's own, or in Node that of the npm package `webgpu` (Dawn). */
export async function tryWebgpu(): Promise<Attempt> {
  const isNode = env().getBool('IS_NODE');
  const remedy = isNode
    ? `Run \`npm install webgpu ${backendPackage}@4.22.0\` on a machine with a GPU and its Vulkan, Metal or D3D12 driver.`
    : `Import '${backendPackage}' before preparing the backend, in a browser with WebGPU.`;
  const refused = (reason: string): Attempt => ({ works: false, reason, remedy });
  try {
    // The backend registers itself only if navigator.gpu is there when it is imported.
    const gpu = isNode ? await gpuOfNode() : gpuOfNavigator();
    if (typeof gpu === 'string') return refused(gpu);
    const adapter = await gpu.requestAdapter();
    if (adapter === null) return refused('WebGPU found no adapter');
    const registered = findBackendFactory('webgpu') != null;
    const loaded = registered ? undefined : await loadOptionalPackage(backendPackage);
    if (loaded?.found === false) return refused(loaded.reason);
    if (findBackendFactory('webgpu') == null) {
      return refused(
        `${backendPackage} registered no backend: it may use another copy of @tensorflow/tfjs-core`,
      );
    }
    if (!(await setBackend('webgpu'))) return refused(`${backendPackage} did not start`);
    // Only where there is WebGPU: bundlers put them into a chunk of their own.
    await Promise.all([import('@steepest/webgpu-kernels'), import('@steepest/optimizer/webgpu')]);
    const description = describe(adapter);
    return {
      works: true,
      description: `WebGPU on ${description}`,
      version: versionAmong(loaded?.exports ?? {}, 'version_webgpu', 'version'),
      isSoftware: isSoftware(adapter, description),
    };
  } catch (error) {
    return refused(`WebGPU did not start (${firstLine(error)})`);
  }
}

function gpuOfNavigator(): Gpu | string {
  const { gpu } = (globalThis.navigator ?? {}) as { gpu?: Gpu };
  return gpu ?? 'this browser has no WebGPU';
}

async function gpuOfNode(): Promise<Gpu | string> {
  const current = gpuOfNavigator();
  if (typeof current !== 'string') return current;
  const loaded = await loadOptionalPackage('webgpu');
  if (!loaded.found) return loaded.reason;
  const { create, globals } = loaded.exports as {
    create: (options: string[]) => Gpu;
    globals: Record<string, unknown>;
  };
  const gpu = create([]);
  Object.assign(globalThis, globals);
  // Node 20 has no navigator; later versions have one without WebGPU.
  if (globalThis.navigator === undefined) {
    Object.defineProperty(globalThis, 'navigator', {
      value: { userAgent: 'Node.js' },
      configurable: true,
      writable: true,
    });
  }
  Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu, configurable: true });
  return gpu;
}

function describe({ info }: Adapter): string {
  const parts = [info?.description, info?.device, info?.architecture, info?.vendor];
  return parts.find((part) => part !== undefined && part !== '') ?? 'an unnamed adapter';
}

function isSoftware(adapter: Adapter, description: string): boolean {
  const declared = adapter.isFallbackAdapter === true || adapter.info?.isFallbackAdapter === true;
  return (
    declared ||
    /swiftshader|llvmpipe|lavapipe|basic render/i.test(`${description} ${adapter.info?.architecture}`)
  );
}
