import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** The software Vulkan driver that Debian's chromium package brings. */
const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';

/**
 * Has Dawn use SwiftShader where there is one, so that numbers do not depend on the machine; the machine's own drivers with
 * STEEPEST_WEBGPU_DEVICE=gpu. To be called before Dawn starts.
 */
export function chooseDriver(): void {
  if (process.env.STEEPEST_WEBGPU_DEVICE !== 'gpu' && existsSync(swiftShader)) {
    process.env.VK_ICD_FILENAMES = swiftShader;
  }
  // Vulkan's loader complains on stderr where it is unset.
  process.env.XDG_RUNTIME_DIR ??= tmpdir();
}

/** Why there is no WebGPU in this Node, as a clause; undefined where there is. */
export async function whyNoWebgpu(): Promise<string | undefined> {
  chooseDriver();
  try {
    const { create } = await import('webgpu');
    if ((await create([]).requestAdapter()) !== null) return undefined;
    return 'Dawn found no adapter; install libvulkan1 and chromium, whose SwiftShader needs no GPU';
  } catch (error) {
    return `the npm package webgpu does not start here (${(error as Error).message.split('\n')[0]})`;
  }
}
