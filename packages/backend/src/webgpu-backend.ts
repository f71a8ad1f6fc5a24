import { findBackendFactory, setBackend } from '@tensorflow/tfjs-core';
import { type Attempt, versionAmong } from './candidate.ts';
import { firstLine, type OptionalPackage } from './optional-package.ts';

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
export interface Gpu {
  requestAdapter(): Promise<Adapter | null>;
}

export const backendPackage = '@tensorflow/tfjs-backend-webgpu';

/** Where WebGPU comes from. */
export interface WebgpuSource {
  /** WebGPU, or why there is none. */
  findGpu(): Promise<Gpu | string>;
  /** Loads tfjs's backend, if the application has not. */
  loadBackend(): Promise<OptionalPackage>;
  /** What to do where either fails. */
  readonly remedy: string;
}

/** Tries WebGPU. */
export async function tryWebgpu({ findGpu, loadBackend, remedy }: WebgpuSource): Promise<Attempt> {
  const refused = (reason: string): Attempt => ({ works: false, reason, remedy });
  try {
    // The backend registers itself only if navigator.gpu is there when it is imported.
    const gpu = await findGpu();
    if (typeof gpu === 'string') return refused(gpu);
    const adapter = await gpu.requestAdapter();
    if (adapter === null) return refused('WebGPU found no adapter');
    const registered = findBackendFactory('webgpu') != null;
    const loaded = registered ? undefined : await loadBackend();
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
      passedOver: isSoftware(adapter, description)
        ? `WebGPU on ${description} is emulated by the processor`
        : undefined,
    };
  } catch (error) {
    return refused(`WebGPU did not start (${firstLine(error)})`);
  }
}

/** The WebGPU of a browser, or of an application that has given Node one. */
export function gpuOfNavigator(): Gpu | string {
  const { gpu } = (globalThis.navigator ?? {}) as { gpu?: Gpu };
  return gpu ?? 'this browser has no WebGPU';
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
