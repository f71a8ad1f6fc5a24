import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as exported from '@steepest/tensorflow';
import { describe, expect, it } from 'vitest';
import { findInstallation } from '../src/installation.ts';
import { setThreads, threadsOf } from '../src/load/threads.ts';
import { useTemporaryFolder } from './temporary-folder.ts';

const installation = findInstallation('cpu');
const folder = useTemporaryFolder();

describe('loadTensorflow', () => {
  it('is exported with what describes an installation, and nothing else', () => {
    expect(Object.keys(exported).sort()).toEqual(['findInstallation', 'loadTensorflow']);
  });

  it('says what to run where TensorFlow is not installed', () => {
    expect(() => exported.loadTensorflow()).toThrow(
      'TensorFlow is not installed. Run `npx @steepest/cli tensorflow install`.',
    );
    expect(() => exported.loadTensorflow({ device: 'gpu' })).toThrow(
      '`npx @steepest/cli tensorflow install --gpu`',
    );
  });

  it('says what is wrong with an installation before it loads it', () => {
    const record = {
      schemaVersion: 1,
      device: 'cpu',
      libraries: [{ path: join(folder.path, 'libtensorflow_cc.so.2'), bytes: 1 }],
      addon: { path: join(folder.path, 'addon.node'), bytes: 5 },
    };
    folder.write('cache/steepest/tensorflow/cpu.json', JSON.stringify(record));
    expect(() => exported.loadTensorflow()).toThrow(
      /libtensorflow_cc\.so\.2 is missing\. Run .*install` again/,
    );
    folder.write('libtensorflow_cc.so.2', 'x');
    folder.write('addon.node', 'addon');
    const before = { ...process.env };
    expect(() => exported.loadTensorflow({ device: 'cpu', threads: 2 })).toThrow(
      /installed but does not load .*Run .*install` again/,
    );
    expect(() => exported.loadTensorflow({ device: 'cpu', threads: 0 })).toThrow('threads must be');
    expect(process.env).toEqual(before);
  });
});

describe('threads', () => {
  it('are told to TensorFlow through the environment, before it is loaded', () => {
    setThreads(3);
    expect(process.env).toMatchObject({ TF_NUM_INTRAOP_THREADS: '3', TF_NUM_INTEROP_THREADS: '1' });
    expect(threadsOf(process.env)).toBe(3);
    expect(threadsOf({})).toBeUndefined();
    expect(() => setThreads(0)).toThrow('threads must be a whole number of at least 1, got 0');
  });
});

// Bare imports resolve from here as from any package of the repository.
const modules = fileURLToPath(new URL('../../../node_modules/.cache/', import.meta.url));

/** Runs a module in a process of its own, with the caches of the user, and returns what it prints as JSON. */
async function run(code: string): Promise<unknown> {
  const file = join(modules, `tensorflow-${process.pid}-${Math.random().toString(36).slice(2)}.mjs`);
  mkdirSync(modules, { recursive: true });
  writeFileSync(file, code);
  try {
    const args = ['--conditions=@steepest/source', '--import', import.meta.resolve('tsx'), file];
    const { XDG_CACHE_HOME: _, ...rest } = process.env;
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      env: { ...rest, ...userCaches },
    });
    return JSON.parse(stdout);
  } finally {
    rmSync(file);
  }
}
const userCaches = process.env.XDG_CACHE_HOME ? { XDG_CACHE_HOME: process.env.XDG_CACHE_HOME } : {};

describe.skipIf(installation === undefined)('TensorFlow, where `steepest tensorflow install` was run', () => {
  it("computes for the application's own tfjs, with gradients, on the threads that were asked for", async () => {
    const answer = await run(`
      import * as tf from '@tensorflow/tfjs';
      import { loadTensorflow } from '@steepest/tensorflow';
      const { threads, usesGpu, installation } = loadTensorflow({ device: 'cpu', threads: 2 });
      await tf.setBackend('tensorflow');
      const gradient = tf.grad((x) => tf.sum(tf.square(x)))(tf.tensor1d([1, -2]));
      let refused;
      try { loadTensorflow({ threads: 1 }); } catch (error) { refused = error.message; }
      console.log(JSON.stringify({
        threads, usesGpu, gradient: [...gradient.dataSync()],
        exponential: [...tf.exp(tf.tensor1d([0], 'int32')).dataSync()],
        again: loadTensorflow().installation === installation,
        refused,
      }));
    `);
    // The derivative of x^2 is 2 x.
    expect(answer).toEqual({
      threads: 2,
      usesGpu: false,
      gradient: [2, -4],
      exponential: [1],
      again: true,
      refused: expect.stringMatching(/already works on 2 threads .* cannot change to 1/),
    });
  });

  it('takes a large product in parts on two threads, and no part is lost', async () => {
    // Row i of A times column j of B, with A[i][k] = i and B[k][j] = j: 64 i j, exact in float32.
    const answer = await run(`
      import * as tf from '@tensorflow/tfjs';
      import { loadTensorflow } from '@steepest/tensorflow';
      loadTensorflow({ device: 'cpu', threads: 2 });
      await tf.setBackend('tensorflow');
      const rows = tf.mul(tf.range(0, 512).reshape([512, 1]), tf.ones([1, 64]));
      const product = tf.matMul(rows, rows, false, true);
      const index = tf.range(0, 512);
      const expected = tf.mul(64, tf.outerProduct(index, index));
      console.log(tf.max(tf.abs(tf.sub(product, expected))).dataSync()[0]);
    `);
    expect(answer).toBe(0);
  });

  it('leaves another backend of its name alone', async () => {
    const answer = await run(`
      import * as tf from '@tensorflow/tfjs';
      import { loadTensorflow } from '@steepest/tensorflow';
      tf.registerBackend('tensorflow', tf.findBackendFactory('cpu'));
      try { loadTensorflow(); } catch (error) { console.log(JSON.stringify(error.message)); }
    `);
    expect(answer).toMatch(/Another package, such as @tensorflow\/tfjs-node, has registered the backend/);
  });
});
