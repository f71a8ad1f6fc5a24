import * as tf from '@tensorflow/tfjs';

interface Dawn {
  create(options: string[]): { requestAdapter(): Promise<object | null> };
  readonly globals: object;
}

/**
 * Makes WebGPU the backend, by the npm packages `webgpu` (Dawn) and `@tensorflow/tfjs-backend-webgpu` and a Vulkan driver,
 * which may be one in software: Chromium's SwiftShader serves with VK_ICD_FILENAMES=.../vk_swiftshader_icd.json.
 *
 * @returns why it is not there; `undefined` if it is
 */
export async function startWebgpu(): Promise<string | undefined> {
  try {
    // Names that the compiler does not look up: neither package is a dependency.
    const [dawnPackage, backendPackage]: string[] = ['webgpu', '@tensorflow/tfjs-backend-webgpu'];
    const { create, globals } = (await import(/* @vite-ignore */ dawnPackage!)) as Dawn;
    Object.assign(globalThis, globals);
    const gpu = create([]);
    if (globalThis.navigator === undefined) {
      Object.defineProperty(globalThis, 'navigator', { value: { userAgent: 'Node.js' }, configurable: true });
    }
    Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu, configurable: true });
    if ((await gpu.requestAdapter()) === null) return 'no adapter';
    await import(/* @vite-ignore */ backendPackage!);
    if (!(await tf.setBackend('webgpu'))) return 'the backend did not start';
    // Small tensors would be computed on cpu, and the device never be asked.
    tf.env().set('WEBGPU_CPU_FORWARD', false);
    return undefined;
  } catch (error) {
    return (error as Error).message.split('\n')[0];
  }
}
