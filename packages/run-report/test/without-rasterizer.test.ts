import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { collectResults, shareResults } from '../src/index.ts';
import { writeRuns } from './synthetic-runs.ts';

const reason = 'PNG files need the package @resvg/resvg-js: npm install @resvg/resvg-js';
vi.mock('@steepest/charts', async (importOriginal) => ({
  ...(await importOriginal<typeof import('@steepest/charts')>()),
  rasterize: async () => {
    throw new Error(reason);
  },
}));

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'steepest-svg-alone-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

it('figures are SVG files alone without the rasterizer, none beside a PNG of earlier numbers, and the reason is said once', async () => {
  const runs = join(directory, 'runs');
  await writeRuns(runs, [{ optimizer: 'adam', learningRate: 1e-3, loss: 5.1 }]);
  const share = join(directory, 'share');
  await mkdir(join(share, 'figures'), { recursive: true });
  for (const name of ['final-loss', 'mine'])
    await writeFile(join(share, 'figures', `${name}.png`), 'earlier');
  const { figures, withoutPng } = await shareResults(share, await collectResults(runs));
  expect(figures).toContain('final-loss');
  expect(withoutPng).toBe(reason);
  const images = (await readdir(join(share, 'figures'))).filter((name) => /\.(svg|png)$/.test(name));
  expect(images.sort()).toEqual([...figures.map((name) => `${name}.svg`), 'mine.png'].sort());
});
