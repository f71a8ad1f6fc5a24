import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { whyNoBrowser } from '../../../tools/browser/chromium.ts';
import { main } from '../src/command-line.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'browser-throughput-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

it.skipIf(whyNoBrowser !== undefined)(
  `trains the same model in a browser with tfjs, jax-js and ours, to equal losses${whyNoBrowser === undefined ? '' : ` (skipped: ${whyNoBrowser})`}`,
  async () => {
    vi.spyOn(console, 'log').mockImplementation(() => {});
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const out = join(folder, 'numbers.json');
    const sizes = [
      '--width',
      '16',
      '--layers',
      '1',
      '--vocabulary',
      '64',
      '--sequences',
      '2',
      '--positions',
      '8',
    ];
    const time = ['--rounds', '1', '--turn-seconds', '0.001'];
    const code = await main([
      ...sizes,
      ...time,
      '--places',
      'wasm',
      '--subjects',
      'steepest,tfjs,jax-js',
      '--out',
      out,
    ]);
    expect(code).toBe(0);
    const { machine, places } = JSON.parse(await readFile(out, 'utf8'));
    expect(machine.device).toBe('software');
    expect(places.map(({ place }: { place: string }) => place)).toEqual(['wasm']);
    const [ours, tfjs, jaxJs] = places[0].measurements;
    for (const { firstLosses } of [tfjs, jaxJs]) {
      // Three libraries in float32: a few dozen roundings.
      for (const [step, loss] of firstLosses.entries())
        expect(loss / ours.firstLosses[step]).toBeCloseTo(1, 5);
    }
    expect(ours.firstLosses[0]).not.toBe(ours.firstLosses[1]);
    vi.restoreAllMocks();
  },
);

it('answers wrong usage with 2', async () => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  expect(await main(['--subjects', 'steepest,onnx'])).toBe(2);
  expect(await main(['--places', 'webgl'])).toBe(2);
  expect(await main(['--rounds', '0'])).toBe(2);
  vi.restoreAllMocks();
});
