import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { main } from '../src/command-line.ts';
import { CopyLoop } from '../src/copy-loop.ts';
import type { Measurement } from '../src/measure.ts';
import { bytesPerStep, installedOptimizers } from '../src/subjects.ts';
import { formatTable } from '../src/table.ts';
import { interleaved, timed } from '../src/timing.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** What the command line prints and answers. */
async function run(...args: string[]): Promise<{ exitCode: number; output: string }> {
  const printed: string[] = [];
  const print = (text: unknown): void => {
    printed.push(String(text));
  };
  vi.spyOn(console, 'log').mockImplementation(print);
  vi.spyOn(console, 'error').mockImplementation(print);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    print(text);
    return true;
  });
  return { exitCode: await main(args), output: printed.join('\n') };
}

const quick = ['--rounds', '2', '--milliseconds', '1', '--python', '/no/such/python'];

describe('the benchmark', () => {
  it('times every installed optimizer at tiny sizes on both backends, and writes what it found', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'optimizer-step-'));
    const file = join(folder, 'new', 'result.json');
    const { exitCode, output } = await run('--sizes', '16,8K', ...quick, '--out', file);
    const { measurements } = JSON.parse(await readFile(file, 'utf8')) as { measurements: Measurement[] };
    await rm(folder, { recursive: true });
    expect(exitCode).toBe(0);
    const names = await installedOptimizers();
    for (const backend of ['wasm', 'cpu']) {
      for (const size of [16, 8192]) {
        const here = measurements.filter((one) => one.backend === backend && one.size === size);
        expect(here.map(({ optimizer }) => optimizer)).toEqual(names);
        for (const { step, tfjs, shape } of here) {
          expect(step.minimum).toBeGreaterThan(0);
          expect(step.median).toBeGreaterThanOrEqual(step.minimum);
          expect(tfjs.minimum).toBeGreaterThan(0);
          expect(tf.util.sizeFromShape([...shape])).toBe(size);
        }
      }
    }
    for (const name of names) expect(output).toContain(name);
    expect(output).toContain('no comparison with PyTorch: /no/such/python has none');
    expect(tf.memory().numTensors).toBe(0);
  });

  it('leaves out what takes too long, and says why', async () => {
    const { output } = await run(
      ...['--sizes', '128K', '--optimizers', 'muon', '--backends', 'wasm', ...quick],
    );
    expect(output).toContain('left out: muon (its matrix products');
  });

  it.each([
    [['--optimizers', 'nothing'], 2, 'error: no optimizer is called "nothing"; installed are'],
    [['--sizes', '1G'], 2, '1G is no size such as 128, 64K or 8M.'],
    [['--backends', 'webgl'], 2, 'webgl is none of wasm, cpu, node.'],
    [['--threads', '1,none'], 2, 'It must be a whole number of at least 1.'],
    [['--threads', '2', '--clock', 'processor'], 2, 'adds up the time of all threads'],
    [['--threads', '1,2', '--backends', 'node'], 2, 'one number of threads for a process'],
    [['--rounds', '0'], 2, 'It must be a whole number of at least 1.'],
  ])('refuses %s', async (args, expected, message) => {
    const { exitCode, output } = await run(...args);
    expect(exitCode).toBe(expected);
    expect(output).toContain(message);
  });
});

it('times a step, tf.train and a copy on each number of threads, in a process of its own', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'optimizer-step-'));
  const file = join(folder, 'result.json');
  const args = [
    '--threads',
    '1,2',
    '--optimizers',
    'adamw',
    '--sizes',
    '16,1M',
    '--backends',
    'wasm',
    ...quick,
  ];
  const cli = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
  const node = ['--conditions=@steepest/source', '--import', 'tsx', cli];
  const { stdout } = await promisify(execFile)(process.execPath, [...node, ...args, '--out', file]);
  const { measurements } = JSON.parse(await readFile(file, 'utf8')) as { measurements: Measurement[] };
  await rm(folder, { recursive: true });
  expect(measurements.map(({ size, threads }) => [size, threads])).toEqual([
    [16, 1],
    [16, 2],
    [2 ** 20, 1],
    [2 ** 20, 2],
  ]);
  for (const { size, step, tfjs, copy } of measurements) {
    expect(step.minimum).toBeGreaterThan(0);
    expect(tfjs.minimum).toBeGreaterThan(0);
    if (size === 2 ** 20) expect(copy!.minimum).toBeGreaterThan(0);
  }
  expect(stdout).toMatch(/adamw +│ +2 │/);
});

describe('bytes of a step', () => {
  it.each([
    // Adam reads and writes parameter and two moments, and reads the gradient: seven numbers of four bytes.
    ['adamw', 28, 28],
    ['lion', 20, 20],
    ['sgd', 12, 12],
    // The means of squares come first: the gradient is read twice.
    ['adafactor', 24, 20],
  ])('%s moves %d a parameter of at least %d, but for rows and columns', async (name, moved, least) => {
    await installedOptimizers();
    const bytes = bytesPerStep(name, [1024, 1024])!;
    expect(bytes.moved / 2 ** 20).toBeCloseTo(moved, 0);
    expect(bytes.least / 2 ** 20).toBeCloseTo(least, 0);
  });

  it('are not counted for an optimizer with matrix products', async () => {
    await installedOptimizers();
    expect(bytesPerStep('muon', [64, 64])).toBeUndefined();
  });
});

describe('the copy loop', () => {
  it('copies every byte of its first half to the second', async () => {
    await tf.setBackend('wasm');
    const loop = new CopyLoop(1024);
    expect(loop.from.size).toBe(128);
    loop.run();
    expect([...loop.to.dataSync()]).toEqual(Array.from({ length: 128 }, () => 1));
    loop.dispose();
  });
});

describe('timing', () => {
  it('takes subjects in turn, and the minimum and the median over the rounds', async () => {
    const order: string[] = [];
    const subject = (name: string, times: readonly number[]) => {
      let turn = 0;
      return {
        name,
        time: () => {
          order.push(name);
          return times[turn++ % times.length]!;
        },
      };
    };
    // Two warm-up runs each, then four rounds.
    const [a, b] = [subject('a', [9, 9, 4, 1, 3, 2]), subject('b', [9, 9, 5, 5, 5, 7])];
    const timings = await interleaved([a, b], { rounds: 4, milliseconds: 1 });
    expect(order.slice(4)).toEqual(['a', 'b', 'a', 'b', 'a', 'b', 'a', 'b']);
    expect(timings.get(a)).toEqual({ minimum: 1, median: 2.5 });
    expect(timings.get(b)).toEqual({ minimum: 5, median: 5 });
  });

  it('is on the wall, or counts only while the process works', async () => {
    const wait = (): void => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
    };
    expect(await timed('wait', wait, 'wall').time(1)).toBeGreaterThan(390);
    expect(await timed('wait', wait, 'processor').time(1)).toBeLessThan(390);
  });

  it('is shown as times, ratios and shares of the copy', () => {
    const time = (minimum: number) => ({ minimum, median: 2 * minimum });
    const table = formatTable([
      {
        ...{ backend: 'wasm', threads: 2, optimizer: 'adamw', size: 2 ** 20, shape: [1024, 1024] },
        step: time(2),
        tfjs: { name: 'tf.train.adam', ...time(30) },
        copy: time(1.5),
        pytorchForeach: time(5),
        pytorchFused: time(1),
        bytesPerParameter: { moved: 28, least: 28 },
      },
    ]);
    // 28 bytes x 2^20 in 2 ms are 14.7 GB/s.
    const cells = table
      .split('\n')[4]!
      .split('│')
      .map((cell) => cell.trim());
    expect(cells.slice(1, -1)).toEqual([
      ...['adamw', '2', '2.00 ms', '4.00 ms', '15x adam', '—', '28.0 (28.0)', '14.7', '75%', '2.5x', '0.50x'],
    ]);
  });
});
