import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { LaunchOptions } from 'playwright';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'chrome.exe'];
const folders = [
  ...(process.env.PATH ?? '').split(delimiter),
  '/Applications/Google Chrome.app/Contents/MacOS',
  'C:\\Program Files\\Google\\Chrome\\Application',
];
const paths = folders.flatMap((folder) => [...names, 'Google Chrome'].map((name) => join(folder, name)));

/** Chromium or Chrome as it is installed on this machine; CHROME_BIN names another. */
const path = [process.env.CHROME_BIN, ...paths].find((file) => file !== undefined && existsSync(file));

/** Why no test can run in a browser here, as a clause; undefined where there is one. */
export const whyNoBrowser =
  path === undefined ? 'there is no Chromium and no Chrome here; set CHROME_BIN to its path' : undefined;

/**
 * How tests start the browser: WebGPU and WebGL on SwiftShader, which needs no GPU, so that numbers do not depend on the machine; on
 * the machine's own with STEEPEST_WEBGPU_DEVICE=gpu.
 */
export function launchOptions(): LaunchOptions {
  const device = process.env.STEEPEST_WEBGPU_DEVICE === 'gpu' ? [] : ['--use-webgpu-adapter=swiftshader'];
  return {
    ...(path === undefined ? {} : { executablePath: path }),
    // The sandbox of Chromium does not start for root, as whom containers run.
    args: ['--no-sandbox', '--enable-unsafe-webgpu', '--enable-features=Vulkan', ...device],
  };
}
