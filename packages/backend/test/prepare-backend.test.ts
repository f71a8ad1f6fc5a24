import * as exported from '@steepest/backend';
import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as optionalPackages from '../src/optional-package.ts';
import { whyNotLoaded } from '../src/optional-package.ts';

const { prepareBackend } = exported;

vi.mock('../src/optional-package.js', { spy: true });

/** Makes the listed packages installable; loading one runs its function. All others are missing. */
function installed(packages: Record<string, () => Record<string, unknown>>) {
  vi.mocked(optionalPackages.loadOptionalPackage).mockImplementation(async (name) => {
    const load = packages[name];
    return load ? { found: true, exports: load() } : { found: false, reason: `${name} is not installed` };
  });
}

/** A stand-in for tfjs-node's backend: its registry name and the flag that tells whether a GPU answers. */
function registerNative(isUsingGpuDevice: boolean) {
  tf.registerBackend('tensorflow', () => {
    const backend = tf.findBackendFactory('cpu')() as tf.KernelBackend;
    return Object.assign(backend, { isUsingGpuDevice, firstUse: false });
  });
  return { version: { 'tfjs-node': '4.22.0', 'tfjs-node-gpu': '4.22.0' } };
}

afterEach(() => {
  delete process.env.TF_NUM_INTRAOP_THREADS;
  vi.mocked(optionalPackages.loadOptionalPackage).mockReset();
  if (tf.findBackendFactory('tensorflow') != null) tf.removeBackend('tensorflow');
  vi.restoreAllMocks();
});

describe('prepareBackend', () => {
  it('exports what users call and nothing else', () => {
    expect(Object.keys(exported).sort()).toEqual(['prepareBackend', 'setThreads', 'usableCores']);
  });

  it('takes wasm with the fast kernels where nothing faster is installed, and says why in one line', async () => {
    installed({});
    const prepared = await prepareBackend({ threads: 2 });
    expect(prepared).toMatchObject({ name: 'wasm', version: '4.22.0' });
    expect(prepared.reason).toBe(
      'WebAssembly with the SIMD kernels of @steepest/wasm-kernels on 2 threads; not used: TensorFlow for GPUs is not ' +
        'installed, TensorFlow is not installed, webgpu is not installed',
    );
    expect(tf.getBackend()).toBe('wasm');
    expect(tf.getKernel('UnsortedSegmentSum', 'wasm')).toBeDefined();
  });

  it('takes a GPU that answers before all else', async () => {
    installed({ '@tensorflow/tfjs-node-gpu': () => registerNative(true) });
    const prepared = await prepareBackend();
    expect(prepared).toEqual({
      name: 'node-gpu',
      reason: '@tensorflow/tfjs-node-gpu with a GPU',
      version: '4.22.0',
    });
    expect(tf.getBackend()).toBe('tensorflow');
  });

  it('passes over tfjs-node-gpu without a GPU and leaves none of it in use', async () => {
    installed({ '@tensorflow/tfjs-node-gpu': () => registerNative(false) });
    const prepared = await prepareBackend();
    expect(prepared.name).toBe('wasm');
    expect(prepared.reason).toContain('@tensorflow/tfjs-node-gpu is installed but no GPU answers');
    expect(tf.getBackend()).toBe('wasm');
    await expect(prepareBackend({ backend: 'node-gpu' })).rejects.toThrow(
      /no GPU answers\. Install NVIDIA's driver/,
    );
    expect(tf.getBackend()).toBe('wasm');
  });

  it('takes tfjs-node where it is installed', async () => {
    installed({ '@tensorflow/tfjs-node': () => registerNative(false) });
    expect(await prepareBackend()).toMatchObject({ name: 'node', version: '4.22.0' });
  });

  it('sets the threads of tfjs-node before it is loaded, and cannot afterwards', async () => {
    let threads: string | undefined;
    const load = () => {
      threads = process.env.TF_NUM_INTRAOP_THREADS;
      return registerNative(false);
    };
    installed({ '@tensorflow/tfjs-node': load });
    await prepareBackend({ backend: 'node', threads: 3 });
    expect(threads).toBe('3');
    await expect(prepareBackend({ backend: 'node', threads: 4 })).rejects.toThrow(
      /already loaded and its threads cannot be changed to 4\. Call prepareBackend before/,
    );
  });

  it('says so where tfjs-node has an engine of its own', async () => {
    installed({ '@tensorflow/tfjs-node': () => ({}) });
    await expect(prepareBackend({ backend: 'node' })).rejects.toThrow(
      /registered no backend.*npx @steepest\/cli tensorflow install` ?\. It has no copy of its own\./,
    );
  });

  it('says so where WebGPU finds no adapter', async () => {
    installed({ webgpu: () => ({ create: () => ({ requestAdapter: async () => null }), globals: {} }) });
    await expect(prepareBackend({ backend: 'webgpu' })).rejects.toThrow(
      /"webgpu" does not work here: WebGPU found no adapter\. Run `npm install webgpu/,
    );
    Reflect.deleteProperty(globalThis.navigator, 'gpu');
  });

  it('does not take an emulated GPU unless asked to', async () => {
    const adapter = { info: { description: 'llvmpipe (LLVM 15)' } };
    const register = () => {
      tf.registerBackend('webgpu', () =>
        Object.assign(tf.findBackendFactory('cpu')() as tf.KernelBackend, { firstUse: false }),
      );
      return {};
    };
    installed({
      webgpu: () => ({ create: () => ({ requestAdapter: async () => adapter }), globals: {} }),
      '@tensorflow/tfjs-backend-webgpu': register,
    });
    expect(await prepareBackend()).toMatchObject({
      name: 'wasm',
      reason: expect.stringContaining('WebGPU on llvmpipe (LLVM 15) is emulated by the processor'),
    });
    expect(await prepareBackend({ backend: 'webgpu' })).toMatchObject({
      reason: 'WebGPU on llvmpipe (LLVM 15), as asked',
    });
    tf.removeBackend('webgpu');
    Reflect.deleteProperty(globalThis.navigator, 'gpu');
  });

  it('runs on the cpu backend without the banner of tfjs', async () => {
    const warn = vi.spyOn(console, 'warn');
    const prepared = await prepareBackend({ backend: 'cpu' });
    expect(prepared).toEqual({ name: 'cpu', reason: 'plain JavaScript, as asked', version: '4.22.0' });
    expect(Array.from(await tf.add(tf.tensor1d([1]), 1).data())).toEqual([2]);
    expect(warn).not.toHaveBeenCalled();
  });

  it('says what to install when the backend asked for is missing', async () => {
    installed({});
    await expect(prepareBackend({ backend: 'node' })).rejects.toThrow(
      'The backend "node" does not work here: TensorFlow is not installed. ' +
        'Run `npm install @steepest/tensorflow` and `npx @steepest/cli tensorflow install`.',
    );
    await expect(prepareBackend({ backend: 'node-gpu' })).rejects.toThrow(
      'TensorFlow for GPUs is not installed. Run `npm install @steepest/tensorflow` and `npx @steepest/cli tensorflow install --gpu` on ' +
        'Linux x64 with an NVIDIA GPU and its driver.',
    );
  });

  it('refuses unknown backends and options and suggests the nearest', async () => {
    await expect(prepareBackend({ backend: 'wsam' as 'wasm' })).rejects.toThrow(
      /got "wsam"; did you mean "wasm"\?/,
    );
    await expect(prepareBackend({ backend: 'NODE' as 'node' })).rejects.toThrow('did you mean "node"?');
    await expect(prepareBackend({ backend: 'WEBGL' as 'webgl' })).rejects.toThrow('did you mean "webgl"?');
    await expect(prepareBackend({ backned: 'cpu' } as object)).rejects.toThrow(
      'prepareBackend has no option "backned"; did you mean "backend"?',
    );
  });
});

describe('TensorFlow of @steepest/tensorflow', () => {
  const installation = { tensorflow: '2.19.1' };

  /** Stands in for the package: what is installed, whether a GPU answers, and what it was told to load. */
  function tensorflow(devices: readonly string[], usesGpu = false) {
    const asked: object[] = [];
    const exports = {
      findInstallation: (device: string) => (devices.includes(device) ? installation : undefined),
      loadTensorflow: (options: { threads?: number }) => {
        asked.push(options);
        if (tf.findBackendFactory('tensorflow') == null) registerNative(usesGpu);
        return { installation, usesGpu, threads: options.threads };
      },
    };
    return { asked, packages: { '@steepest/tensorflow': () => exports } };
  }

  it('is taken before webgpu and wasm, on the threads that were asked for', async () => {
    const { asked, packages } = tensorflow(['cpu']);
    installed(packages);
    expect(await prepareBackend({ threads: 2 })).toEqual({
      name: 'node',
      reason: 'TensorFlow 2.19.1 on 2 threads; not used: TensorFlow for GPUs is not installed',
      version: '2.19.1',
    });
    expect(asked).toEqual([{ device: 'cpu', threads: 2 }]);
  });

  it('works on all cores by default, and on what it has when it is there', async () => {
    const { asked, packages } = tensorflow(['cpu']);
    installed(packages);
    await prepareBackend({ backend: 'node' });
    await prepareBackend({ backend: 'node' });
    expect(asked).toEqual([
      { device: 'cpu', threads: exported.usableCores() },
      { device: 'cpu', threads: undefined },
    ]);
  });

  it('with a GPU comes first, and without one that answers computes on the processor', async () => {
    installed(tensorflow(['gpu'], true).packages);
    expect(await prepareBackend()).toMatchObject({
      name: 'node-gpu',
      reason: 'TensorFlow 2.19.1 with a GPU',
    });
    tf.removeBackend('tensorflow');
    installed(tensorflow(['gpu']).packages);
    expect(await prepareBackend({ threads: 1 })).toMatchObject({
      name: 'node',
      reason:
        'TensorFlow 2.19.1 on 1 thread; not used: TensorFlow 2.19.1 on 1 thread is installed but no GPU answers',
    });
  });

  it('that cannot be loaded says why and what to do, once', async () => {
    const { packages } = tensorflow(['cpu']);
    installed({
      '@steepest/tensorflow': () => ({
        ...packages['@steepest/tensorflow'](),
        loadTensorflow: () => {
          throw new Error('a.so is missing. Run `npx @steepest/cli tensorflow install` again.');
        },
      }),
    });
    await expect(prepareBackend({ backend: 'node' })).rejects.toThrow(
      /does not work here: a\.so is missing\. Run `npx @steepest\/cli tensorflow install` again\.$/,
    );
    expect(await prepareBackend({ threads: 1 })).toMatchObject({ name: 'wasm' });
  });

  it('gives way to tfjs-node where it was not installed', async () => {
    installed({
      ...tensorflow([]).packages,
      '@tensorflow/tfjs-node': () => registerNative(false),
    });
    expect(await prepareBackend({ backend: 'node' })).toMatchObject({ version: '4.22.0' });
  });
});

describe('whyNotLoaded', () => {
  it('tells a missing package from one whose own parts are missing', () => {
    const missing = (name: string) =>
      Object.assign(new Error(`Cannot find package '${name}'`), { code: 'ERR_MODULE_NOT_FOUND' });
    expect(whyNotLoaded('a', missing('a'))).toBe('a is not installed');
    expect(whyNotLoaded('a', missing('b'))).toBe("a is installed but did not load (Cannot find package 'b')");
  });

  it('is what a real import of a missing package gives', async () => {
    const { loadOptionalPackage } = await vi.importActual<typeof optionalPackages>(
      '../src/optional-package.js',
    );
    expect(await loadOptionalPackage('steepest-no-such-package')).toEqual({
      found: false,
      reason: 'steepest-no-such-package is not installed',
    });
  });
});
