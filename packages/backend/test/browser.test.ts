import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { build } from 'esbuild';
import { afterEach, expect, it, vi } from 'vitest';
import * as browser from '../src/browser.ts';
import * as node from '../src/index.ts';

const { prepareBackend, setThreads, usableCores } = browser;

afterEach(() => {
  vi.unstubAllGlobals();
});

it('has the names of the entry for Node', () => {
  expect(Object.keys(browser).sort()).toEqual(Object.keys(node).sort());
});

it('has one thread before it has prepared any', async () => {
  vi.resetModules();
  const unprepared = await import('../src/browser.ts');
  expect(unprepared.setThreads(4)).toBe(1);
});

it('refuses what is no count of threads', () => {
  expect(() => setThreads(0)).toThrow('threads must be a whole number of at least 1, got 0');
});

it('takes WebAssembly with its kernels where there is no WebGPU, on the threads asked for', async () => {
  vi.stubGlobal('navigator', { hardwareConcurrency: 7 });
  expect(usableCores()).toBe(7);
  expect(await prepareBackend({ threads: 2 })).toEqual({
    name: 'wasm',
    reason:
      'WebAssembly with the SIMD kernels of @steepest/wasm-kernels on 2 threads; not used: this browser has no WebGPU',
    version: '4.22.0',
  });
  expect(tf.getBackend()).toBe('wasm');
  expect(tf.getKernel('UnsortedSegmentSum', 'wasm')).toBeDefined();
  expect([setThreads(1), setThreads(8)]).toEqual([1, 2]);
});

it('takes the addresses of two binaries, though tfjs asks for that of its own threads as well', async () => {
  vi.stubGlobal('navigator', {});
  const wasmPaths = { 'tfjs-backend-wasm.wasm': '/plain.wasm', 'tfjs-backend-wasm-simd.wasm': '/simd.wasm' };
  expect(await prepareBackend({ backend: 'wasm', wasmPaths })).toMatchObject({ name: 'wasm' });
});

it('takes plain JavaScript where it is asked for', async () => {
  expect(await prepareBackend({ backend: 'cpu' })).toEqual({
    name: 'cpu',
    reason: 'plain JavaScript, as asked',
    version: '4.22.0',
  });
});

it.each([
  [{ backend: 'node' }, 'TensorFlow runs in Node only. Use "webgpu" or "wasm" in a browser.'],
  [
    { backend: 'webgpu' },
    'this browser has no WebGPU. Use a browser with WebGPU on a machine with a GPU, and a page served over HTTPS or from localhost.',
  ],
  [{ backend: 'webgl' }, '@tensorflow/tfjs-backend-webgl did not start'],
  [{ backend: 'web-gpu' }, 'did you mean "webgpu"?'],
  [{ wasmPath: '/' }, 'prepareBackend has no option "wasmPath"; did you mean "wasmPaths"?'],
  [
    { wasmPaths: '/wasm' },
    'wasmPaths must be a folder with a slash at the end, such as "/wasm/", or an address for each binary, got "/wasm"',
  ],
  [
    { wasmPaths: { 'tfjs-backend-wasm.wasm': '/a.wasm' } as never },
    'wasmPaths must have the address of every binary, but tfjs-backend-wasm-simd.wasm is missing',
  ],
])('%o is refused, and the backend in use stays', async (options, message) => {
  vi.stubGlobal('navigator', {});
  await tf.setBackend('cpu');
  await expect(prepareBackend(options as object)).rejects.toThrow(message);
  expect(tf.getBackend()).toBe('cpu');
});

it('in Node, WebGL is said to be elsewhere', async () => {
  await expect(node.prepareBackend({ backend: 'webgl' })).rejects.toThrow(
    'The backend "webgl" does not work here: WebGL is in browsers only. Use "webgpu", "node" or "wasm".',
  );
});

it('bundles without a module of Node, and each backend is a chunk that the entry only fetches', async () => {
  const { metafile } = await build({
    stdin: {
      contents: "export * from '@steepest/backend';",
      resolveDir: fileURLToPath(new URL('..', import.meta.url)),
    },
    ...{ bundle: true, platform: 'browser', conditions: ['@steepest/source'], format: 'esm' },
    ...{ splitting: true, write: false, metafile: true, outdir: 'bundle' },
  });
  for (const input of Object.keys(metafile.inputs)) expect(input).not.toMatch(/^node:/);
  const outputs = metafile.outputs;
  // What the page gets before it asks for a backend: the entry, and the chunks that this imports at once.
  const initial = new Set(Object.keys(outputs).filter((file) => outputs[file]!.entryPoint === '<stdin>'));
  for (const file of initial) {
    for (const { path, kind } of outputs[file]!.imports) if (kind === 'import-statement') initial.add(path);
  }
  expect(initial.size).toBeGreaterThan(0);
  const holding = (pattern: RegExp): string[] =>
    Object.keys(outputs).filter((file) =>
      Object.entries(outputs[file]!.inputs).some(
        ([input, { bytesInOutput }]) => bytesInOutput > 100 && pattern.test(input),
      ),
    );
  for (const name of ['cpu', 'wasm', 'webgl', 'webgpu']) {
    const files = holding(new RegExp(`tfjs-backend-${name}/dist/.*kernels|optimizer/src/${name}`));
    expect(files.length, name).toBeGreaterThan(0);
    for (const file of files) expect(initial, name).not.toContain(file);
  }
});
