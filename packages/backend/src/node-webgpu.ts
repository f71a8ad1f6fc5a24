import { loadOptionalPackage } from './optional-package.ts';
import { backendPackage, type Gpu, gpuOfNavigator, type WebgpuSource } from './webgpu-backend.ts';

/** WebGPU in Node: that of the npm package `webgpu` (Dawn), if the application has it. */
export const nodeWebgpu: WebgpuSource = {
  findGpu: gpuOfNode,
  loadBackend: () => loadOptionalPackage(backendPackage),
  remedy: `Run \`npm install webgpu ${backendPackage}@4.22.0\` on a machine with a GPU and its Vulkan, Metal or D3D12 driver.`,
};

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
