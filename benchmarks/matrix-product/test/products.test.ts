import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import '@steepest/wasm-kernels';
import { beforeAll, expect, it, vi } from 'vitest';
import { formatTable, main } from '../src/command-line.ts';
import { peakGigaflops } from '../src/peak.ts';
import { decoderProducts, operations } from '../src/products.ts';
import { gigaflops, registeredKernel, tensorflowJs } from '../src/timing.ts';

beforeAll(async () => {
  await tf.setBackend('wasm');
});

const sizes = { tokens: 64, width: 16, mlpWidth: 64, vocabulary: 128, sequences: 2, heads: 4 };

it('counts 6 x parameters x tokens operations for a layer, forward and backward', () => {
  const products = decoderProducts(sizes).filter(({ name }) => name.startsWith('mlp up'));
  expect(products.reduce((sum, product) => sum + operations(product), 0)).toBe(6 * 16 * 64 * 64);
});

it('times every product of a decoder and leaves no tensor behind', async () => {
  const before = tf.memory().numTensors;
  for (const product of decoderProducts(sizes)) {
    const subject = tensorflowJs('ours', registeredKernel(), () => performance.now());
    for (const number of await gigaflops(product, 0, [subject])) expect(number).toBeGreaterThan(0);
  }
  expect(tf.memory().numTensors).toBe(before);
});

it('times kernels in turn and leaves the registered one in place', async () => {
  const ours = registeredKernel();
  const calls: string[] = [];
  const named = (name: string) =>
    tensorflowJs(
      name,
      {
        ...ours,
        kernelFunc: (call) => {
          calls.push(name);
          return ours.kernelFunc(call);
        },
      },
      () => performance.now(),
      () => calls.push(`begin ${name}`),
    );
  const [product] = decoderProducts(sizes);
  expect(await gigaflops(product!, 0, [named('a'), named('b')])).toHaveLength(2);
  const round = ['begin a', 'a', 'begin b', 'b'];
  expect(calls).toEqual([...round, ...round, ...round]);
  expect(registeredKernel()).toBe(ours);
});

/** What the program prints for a small model. */
async function printed(...flags: string[]): Promise<string> {
  const cli = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
  const node = ['--conditions=@steepest/source', '--import', 'tsx', cli];
  const small = ['--seconds', '0.001', '--tokens', '64', '--width', '16', '--vocabulary', '128'];
  return (await promisify(execFile)(process.execPath, [...node, ...small, ...flags])).stdout;
}

it('compares tfjs, and ours on each number of threads, in a table', async () => {
  const stdout = await printed('--threads', '1,2', '--python', '/no/such/python');
  expect(stdout).toContain('no comparison with PyTorch: /no/such/python has none');
  const rows = stdout.split('\n').filter((line) => /qkv|head|attention|one token/.test(line));
  expect(rows).toHaveLength(10);
  for (const row of rows) {
    const numbers = row.split('│').slice(3, 6).map(Number);
    expect(numbers).toHaveLength(3);
    for (const speed of numbers) expect(speed).toBeGreaterThanOrEqual(0);
    expect(row).toMatch(/\d % .*\dx/);
  }
});

it.each([
  ['wall', []],
  ['processor', ['--clock', 'processor']],
])('times products on one thread by the clock "%s" with the flags %j', async (clock, flags) => {
  const folder = await mkdtemp(join(tmpdir(), 'matrix-product-'));
  const python = join(folder, 'python');
  // A Python that has no PyTorch: it only writes down which clock it was told to use.
  await writeFile(python, `#!/bin/sh\nprintf %s "$3" > '${join(folder, 'clock')}'\n`, { mode: 0o755 });
  await printed('--python', python, ...flags);
  expect(await readFile(join(folder, 'clock'), 'utf8')).toBe(clock);
  await rm(folder, { recursive: true });
});

it('shows speeds, the share of the peak and how much faster more threads are', () => {
  const [product] = decoderProducts({
    tokens: 2048,
    width: 128,
    mlpWidth: 512,
    vocabulary: 4096,
    sequences: 16,
    heads: 4,
  });
  const table = formatTable([product!], [[2, 30, 57, 60, 90]], {
    threads: [1, 2],
    peak: 40,
    pytorch: '2.15.0+cpu',
  });
  const cells = table
    .split('\n')
    .at(-2)!
    .split('│')
    .slice(1, -1)
    .map((cell) => cell.trim());
  // 30 of 40 GFLOP/s; 57 / 30.
  expect(cells).toEqual([
    'qkv',
    '1 x 2048 x 128 x 384',
    '2.0',
    '30.0',
    '57.0',
    '60.0',
    '90.0',
    '75 %',
    '1.90x',
  ]);
});

it.each([
  [['--threads', '0'], 2],
  [['--threads', '2', '--clock', 'processor'], 2],
  [['--width', 'wide'], 2],
])('refuses %s', async (args, code) => {
  const said: string[] = [];
  const note = (text: unknown) => said.push(String(text)) > 0;
  vi.spyOn(console, 'error').mockImplementation(note);
  vi.spyOn(process.stderr, 'write').mockImplementation(note);
  expect(await main(args)).toBe(code);
  expect(said.join('')).not.toBe('');
  vi.restoreAllMocks();
});

it('takes the most operations of a loop over its time for the peak', async () => {
  let milliseconds = 0;
  const peak = await peakGigaflops(0.02, () => ++milliseconds);
  // In 1 ms each: 200,000 rounds of 24 multiply-adds of four lanes, or of 20 single operations where there are none.
  const expected = [38.4, 16];
  expect(expected).toContain(peak);
});

it('measures a peak that two units of a processor can reach', async () => {
  const peak = await peakGigaflops(0.02);
  expect(peak).toBeGreaterThan(0);
  expect(peak).toBeLessThan(200);
});
