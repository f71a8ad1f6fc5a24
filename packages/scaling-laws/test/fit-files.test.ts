import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

vi.mock('echarts/core', () => {
  throw new Error('the charts have tests of their own');
});
const { chinchillaLaw } = await import('../src/index.ts');
const { readFit, saveFit } = await import('../src/node.ts');

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'steepest-fits-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const rows = [1e7, 3e7, 1e8].flatMap((parameters) =>
  [1e9, 4e9, 2e10].map((tokens) => ({
    parameters,
    tokens,
    loss: 1.8 + 480 / parameters ** 0.35 + 2100 / tokens ** 0.37,
  })),
);
const query = { parameters: 2e9, tokens: 4e10 };

it('a saved fit predicts as before, and no longer where a digit of its file was changed', async () => {
  const fit = chinchillaLaw.fit(rows, { bootstrap: 0, finish: 2 });
  const { law } = await saveFit(folder, fit);
  expect((await readFit(folder)).predict(query)).toEqual(fit.predict(query));
  const text = await readFile(law, 'utf8');
  const digit = text.indexOf('.', text.indexOf('"alpha":')) + 1;
  await writeFile(law, `${text.slice(0, digit)}${9 - Number(text[digit])}${text.slice(digit + 1)}`);
  await expect(readFit(folder)).rejects.toThrow(`${law} is damaged or was edited`);
});

it('a fit of an earlier version, without a checksum, is still read', async () => {
  const fit = chinchillaLaw.fit(rows, { bootstrap: 0, finish: 2 });
  const file = join(folder, 'law.json');
  await writeFile(file, JSON.stringify(fit));
  expect((await readFit(file)).predict(query)).toEqual(fit.predict(query));
});
