import { MissingSubject } from './subject.ts';

/** Gives this Node the WebGPU of the npm package `webgpu`, and registers the backend of tfjs, without kernels of this repository. */
export async function startWebgpu(): Promise<void> {
  try {
    const { create, globals } = await import('webgpu');
    Object.assign(globalThis, globals);
    const present = globalThis.navigator as Navigator | undefined;
    if (present === undefined) Object.defineProperty(globalThis, 'navigator', { value: {} });
    Object.defineProperty(globalThis.navigator, 'gpu', { value: create([]) });
    await import('@tensorflow/tfjs-backend-webgpu');
  } catch (error) {
    throw new MissingSubject(`WebGPU does not start in this Node: ${(error as Error).message}`);
  }
}
