import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LawFit } from '../src/index.ts';

const absent = (name: string) => () => {
  throw new Error(`Cannot find package '${name}'`);
};

let folder = '';
beforeEach(async () => {
  vi.resetModules();
  folder = await mkdtemp(join(tmpdir(), 'steepest-laws-'));
});
afterEach(async () => {
  vi.doUnmock('echarts/core');
  vi.doUnmock('@resvg/resvg-js');
  await rm(folder, { recursive: true, force: true });
});

async function fitAndSave() {
  const { chinchillaLaw } = await import('../src/index.ts');
  const { saveFit } = await import('../src/node.ts');
  const rows = [1e7, 3e7, 1e8].flatMap((parameters) =>
    [1e9, 4e9, 2e10].map((tokens) => ({
      parameters,
      tokens,
      loss: 1.8 + 480 / parameters ** 0.35 + 2100 / tokens ** 0.37,
    })),
  );
  const fit: LawFit = chinchillaLaw.fit(rows, { bootstrap: 0, finish: 2 });
  return saveFit(folder, fit);
}

describe('a fit is saved', () => {
  it('without charts where echarts is not installed, saying how to get them', async () => {
    vi.doMock('echarts/core', absent('echarts'));
    for (const file of ['fit.svg', 'fit.png', 'report.html'])
      await writeFile(join(folder, file), 'of an earlier fit');
    const { warnings, charts } = await fitAndSave();
    expect(warnings).toEqual([
      expect.stringContaining('charts need the package echarts: npm install echarts'),
    ]);
    expect(charts).toEqual([]);
    expect(await readdir(folder)).toEqual(['law.json']);
  });

  it('with SVG charts only where the rasterizer is not installed, saying how to get PNG', async () => {
    vi.doMock('@resvg/resvg-js', absent('@resvg/resvg-js'));
    await writeFile(join(folder, 'residuals.png'), 'of an earlier fit');
    const { warnings } = await fitAndSave();
    expect(warnings).toEqual([expect.stringContaining('npm install @resvg/resvg-js')]);
    expect(await readdir(folder)).toEqual([
      'extrapolation.svg',
      'fit.svg',
      'law.json',
      'report.html',
      'residuals.svg',
    ]);
  });
});
