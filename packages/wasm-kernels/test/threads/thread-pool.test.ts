import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  type SharedModule,
  startWorker,
  ThreadPool,
  type WorkerThread,
} from '../../src/threads/thread-pool.ts';
import { controlStride, controlWords } from '../../src/threads/worker-source.ts';

/**
 * Functions on a shared memory, written by hand: `store(address, value)` stores an i32, `fail(address)` traps after it has
 * stored 1.
 */
const binary = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  // (i32, i32) -> () and (i32) -> ()
  ...[1, 10, 2, 0x60, 2, 0x7f, 0x7f, 0, 0x60, 1, 0x7f, 0],
  // env.memory, shared, 1 to 1 pages
  ...[2, 16, 1, 3, 0x65, 0x6e, 0x76, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 3, 1, 1],
  ...[3, 3, 2, 0, 1],
  ...[7, 16, 2, 5, 0x73, 0x74, 0x6f, 0x72, 0x65, 0, 0, 4, 0x66, 0x61, 0x69, 0x6c, 0, 1],
  ...[10, 22, 2, 9, 0, 0x20, 0, 0x20, 1, 0x36, 2, 0, 0x0b, 10, 0, 0x20, 0, 0x41, 1, 0x36, 2, 0, 0, 0x0b],
);
const module = new WebAssembly.Module(binary);
const names = ['store', 'fail'];

const pools: ThreadPool[] = [];

function poolOf(threads: number, made: WorkerThread[] = [], limit?: () => number) {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const makeWorker = (onEnd: (reason: string) => void): WorkerThread => {
    const worker = startWorker(onEnd);
    made.push(worker);
    return worker;
  };
  const pool = new ThreadPool(memory, threads, 2, makeWorker, limit);
  pools.push(pool);
  const shared: SharedModule = { module, names };
  const store = pool.add(shared, new WebAssembly.Instance(module, { env: { memory } }).exports);
  return { pool, words: new Int32Array(memory.buffer), store, fail: store + 1 };
}

function untilPassed(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

async function untilReady(pool: ThreadPool): Promise<void> {
  pool.run([]);
  while (pool.use().started < pool.threads) await sleep(5);
}

afterEach(() => {
  for (const pool of pools.splice(0)) pool.end();
});

describe('a pool of threads', () => {
  it('starts no worker before there is work', () => {
    const made: WorkerThread[] = [];
    const { pool } = poolOf(3, made);
    expect(made.length).toBe(0);
    expect(pool.use().started).toBe(1);
    pool.run([]);
    expect(made.length).toBe(2);
  });

  it('works on as many threads as it is told, at most all, and starts no more', () => {
    const made: WorkerThread[] = [];
    let limit = 1;
    const { pool } = poolOf(3, made, () => limit);
    for (const [told, threads, started] of [
      [1, 1, 0],
      [2, 2, 1],
      [1, 1, 1],
      [8, 3, 2],
    ] as const) {
      limit = told;
      pool.run([]);
      expect(pool.threads).toBe(threads);
      expect(made.length).toBe(started);
    }
  });

  it.each([2, 3, 8])('runs a list of calls on each of %i threads, in order', async (threads) => {
    const { pool, words, store } = poolOf(threads);
    await untilReady(pool);
    for (let job = 1; job <= 200; job++) {
      // The second call to a word must come after the first.
      const lists = Array.from({ length: threads }, (_, thread) => [
        { kernel: store, values: [4 * thread, -1] },
        { kernel: store, values: [4 * thread, job * 100 + thread] },
      ]);
      pool.run(lists);
      expect([...words.subarray(0, threads)]).toEqual(lists.map((_, thread) => job * 100 + thread));
    }
  });

  it('counts its jobs, and the time in which work was divided', async () => {
    const { pool } = poolOf(2);
    await untilReady(pool);
    const before = pool.use();
    const busy = pool.add({ module, names: ['none'] }, { none: () => untilPassed(30) });
    const start = performance.now();
    for (let job = 0; job < 3; job++) pool.run([[{ kernel: busy, values: [] }]]);
    const passed = performance.now() - start;
    untilPassed(30);
    const { jobs, dividedMilliseconds } = pool.use();
    expect(jobs - before.jobs).toBe(3);
    expect(dividedMilliseconds - before.dividedMilliseconds).toBeGreaterThanOrEqual(90);
    expect(dividedMilliseconds - before.dividedMilliseconds).toBeLessThanOrEqual(passed);
  });

  it('takes fewer lists than threads, empty ones, and one longer than the room for a job', async () => {
    const { pool, words, store } = poolOf(3);
    await untilReady(pool);
    pool.run([[], []]);
    const long = Array.from({ length: 40_000 }, (_, i) => ({ kernel: store, values: [4 * (i % 16_000), i] }));
    pool.run([[], long]);
    // Word w was last written by the largest i with i mod 16,000 = w.
    const expected = Array.from({ length: 16_000 }, (_, word) => (word < 8_000 ? 32_000 : 16_000) + word);
    expect([...words.subarray(0, 16_000)]).toEqual(expected);
  });

  it('gives workers functions that came after they had started', async () => {
    const { pool, words } = poolOf(2);
    await untilReady(pool);
    const instance = new WebAssembly.Instance(module, {
      env: { memory: (pool as unknown as { memory: WebAssembly.Memory }).memory },
    });
    const later = pool.add({ module, names: ['store'] }, instance.exports);
    pool.run([[], [{ kernel: later, values: [8, 7] }]]);
    expect(words[2]).toBe(7);
  });

  it('says which worker failed and why, at once and at every later use', async () => {
    const { pool, words, fail } = poolOf(3);
    await untilReady(pool);
    // The calling thread is busy until the worker has taken the call that fails.
    const untilTaken = pool.add(
      { module, names: ['none'] },
      {
        none: () => {
          while (Atomics.load(words, 1) === 0);
        },
      },
    );
    const run = () => pool.run([[{ kernel: untilTaken, values: [] }], [], [{ kernel: fail, values: [4] }]]);
    expect(run).toThrow(/worker thread 2 .*unreachable/);
    expect(() => pool.run([])).toThrow(/worker thread 2 .*unreachable/);
  });

  it('says so when a worker was ended from outside', async () => {
    const made: WorkerThread[] = [];
    const { pool } = poolOf(2, made);
    await untilReady(pool);
    await made[0]!.terminate();
    await vi.waitFor(() => expect(() => pool.run([])).toThrow(/worker thread 1 has ended/), {
      timeout: 60_000,
    });
  });

  it('has every worker asleep soon after the last job, and none misses the next', async () => {
    const { pool, words, store } = poolOf(3);
    await untilReady(pool);
    const { control } = pool as unknown as { control: Int32Array };
    for (let job = 1; job <= 20; job++) {
      pool.run([[], [{ kernel: store, values: [0, job] }], [{ kernel: store, values: [4, job] }]]);
      expect([...words.subarray(0, 2)]).toEqual([job, job]);
      for (const worker of [0, 1]) {
        // `notify` tells how many threads were waiting there. A worker that it wakes finds no job and sleeps again at once.
        const asleep = () => Atomics.notify(control, worker * controlStride + controlWords.ticket);
        await vi.waitFor(() => expect(asleep()).toBe(1), { timeout: 60_000, interval: 1 });
      }
    }
  });

  it('works alone before its workers have started, and after its end', async () => {
    const { pool, words, store } = poolOf(3);
    const lists = (value: number) =>
      [0, 4, 8].map((address) => [{ kernel: store, values: [address, value] }]);
    pool.run(lists(5));
    expect([...words.subarray(0, 3)]).toEqual([5, 5, 5]);
    await untilReady(pool);
    pool.end();
    pool.run(lists(6));
    expect([...words.subarray(0, 3)]).toEqual([6, 6, 6]);
  });
});
