import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import '@steepest/wasm-kernels';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';

interface Heap {
  _malloc(bytes: number): number;
  _free(address: number): void;
}

const taken: number[] = [];
const heap = (): Heap => (tf.backend() as unknown as { wasm: Heap }).wasm;
const full = /the wasm heap has no room for .*\d+ bytes/;

/** Takes the heap in blocks that nobody writes to, so that the machine need not have 4 GiB of memory. */
function fillHeap(): void {
  for (let bytes = 2 ** 29; bytes >= 2 ** 16; bytes /= 2) {
    for (;;) {
      try {
        taken.push(heap()._malloc(bytes));
      } catch {
        break;
      }
    }
  }
}

beforeAll(async () => {
  await tf.setBackend('wasm');
});
afterEach(() => {
  for (const address of taken.splice(0)) heap()._free(address);
});

describe('a full heap', () => {
  it('refuses every new tensor with a clear error, again and again, and leaves the others as they are', async () => {
    const kept = tf.range(0, 100_000);
    const before = [...(await kept.data())];
    const counts = [tf.memory().numTensors, tf.engine().backend.numDataIds()];
    fillHeap();
    const large = 2 ** 22;
    for (let attempt = 0; attempt < 3; attempt++) {
      for (const make of [
        () => tf.zeros([large]),
        () => tf.fill([large], 1),
        () => tf.tensor1d(new Float32Array(large)),
        () => tf.tile(kept, [50]),
        () => tf.matMul(tf.reshape(kept, [-1, 1]), tf.reshape(kept, [1, -1])),
      ]) {
        expect(() => tf.tidy(() => void make())).toThrow(full);
      }
    }
    expect(await kept.data()).toEqual(Float32Array.from(before));
    for (const address of taken.splice(0)) heap()._free(address);
    expect([tf.memory().numTensors, tf.engine().backend.numDataIds()]).toEqual(counts);
    expect(tf.tidy(() => tf.sum(tf.fill([large], 1)).dataSync()[0])).toBe(large);
    kept.dispose();
  });

  it('leaves room for what the compiled code of tfjs takes in mid-work', () => {
    const [a, b] = [tf.ones([64, 64]), tf.ones([64, 64])];
    fillHeap();
    const answer = tf.tidy(() => {
      try {
        return tf.add(a, b).dataSync()[0];
      } catch (error) {
        return (error as Error).message;
      }
    });
    // Either there is room, or that is said; the code of tfjs would say "Aborted()".
    expect(answer).toSatisfy((value) => value === 2 || full.test(String(value)));
    tf.dispose([a, b]);
  });
});

it.each([2 ** 30, 2 ** 30 + 1, 2 ** 31])('a tensor of 4 GiB or more is refused: %d elements', (size) => {
  expect(() => tf.fill([size], 1)).toThrow(full);
});

describe('an uncaught error', () => {
  it.each([
    ['throw', "throw new Error('mine')"],
    ['rejection', "void Promise.reject(new Error('mine'))"],
  ])('ends the process with its own message: a %s', (_, failure) => {
    const code =
      "import '@steepest/wasm-kernels'; import * as tf from '@tensorflow/tfjs';" +
      `await tf.setBackend('wasm'); tf.scalar(1).dataSync(); setTimeout(() => { ${failure}; });`;
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--conditions=@steepest/source', '--import', 'tsx', '--input-type=module', '-e', code],
      { encoding: 'utf8', cwd: fileURLToPath(new URL('..', import.meta.url)) },
    );
    expect(status).toBe(1);
    expect(stderr).toContain('Error: mine');
    expect(stderr.length).toBeLessThan(3000);
  });
});
