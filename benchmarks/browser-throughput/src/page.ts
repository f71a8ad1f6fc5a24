// cspell:ignore genai
import { execFile } from 'node:child_process';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

/** What is measured in a browser. */
export const subjectNames = ['steepest', 'tfjs', 'jax-js', 'nanogpt'] as const;
export type SubjectName = (typeof subjectNames)[number];

/** The version of nanogpt that is installed when it is measured. */
const nanogpt = '@genai-fi/nanogpt@1.3.0';

const binaries = dirname(
  createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js'),
);

const html = `<!doctype html><title>benchmark</title><script type="module">
  const worker = new Worker('./worker.js', { type: 'module' });
  window.ask = (request) => new Promise((resolve) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => resolve({ error: message });
    worker.postMessage(request);
  });
</script>`;

/**
 * Writes the page of a subject to the folder of its name below `folder`, whose server has to isolate it.
 *
 * @throws Error where nanogpt is asked for and cannot be installed
 */
export async function writePage(folder: string, subject: SubjectName): Promise<void> {
  const outdir = join(folder, subject);
  await mkdir(outdir, { recursive: true });
  await build({
    entryPoints: { worker: fileURLToPath(new URL(`./workers/${subject}.ts`, import.meta.url)) },
    outdir,
    ...{ bundle: true, splitting: true, minify: true, format: 'esm', target: 'es2022', logLevel: 'error' },
    ...{ platform: 'browser', conditions: ['@steepest/source', 'browser'] },
    nodePaths: subject === 'nanogpt' ? [await installNanogpt()] : [],
  });
  await writeFile(join(outdir, 'index.html'), html);
  for (const kind of ['', '-simd', '-threaded-simd']) {
    const file = `tfjs-backend-wasm${kind}.wasm`;
    await copyFile(join(binaries, file), join(folder, file));
  }
}

/** Installs nanogpt where the workspace does not see it. @returns the folder of its packages */
async function installNanogpt(): Promise<string> {
  const folder = join(tmpdir(), `steepest-${nanogpt.replaceAll(/[^a-z0-9.]+/g, '-')}`);
  await mkdir(folder, { recursive: true });
  const flags = ['--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  await promisify(execFile)('npm', ['install', ...flags, nanogpt], { shell: process.platform === 'win32' });
  return join(folder, 'node_modules');
}
