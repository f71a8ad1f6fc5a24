import { createRequire } from 'node:module';
import type * as Tfjs from '@tensorflow/tfjs';
import { afterEach, beforeAll, expect, it, vi } from 'vitest';

// As on a page that has tfjs from a script: a bundle with a copy of tfjs-core in it, loaded first.
const page = createRequire(import.meta.url)('@tensorflow/tfjs/dist/tf.js') as typeof Tfjs;
const global = globalThis as { tf?: typeof Tfjs };

beforeAll(async () => {
  await page.setBackend('cpu');
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.resetModules();
  delete global.tf;
});

async function savedModel(optimizer: unknown): Promise<Tfjs.io.ModelArtifacts> {
  const model = page.sequential({ layers: [page.layers.dense({ units: 1, inputShape: [1] })] });
  model.compile({ loss: 'meanSquaredError', optimizer: optimizer as Tfjs.Optimizer });
  await model.fit(page.ones([2, 1]), page.ones([2, 1]), { verbose: 0 });
  let artifacts: Tfjs.io.ModelArtifacts | undefined;
  const handler = page.io.withSaveHandler(async (given) => {
    artifacts = given;
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' as const } };
  });
  await model.save(handler, { includeOptimizer: true });
  return artifacts!;
}

const load = async (artifacts: Tfjs.io.ModelArtifacts) =>
  (await page.loadLayersModel(page.io.fromMemory(artifacts))).optimizer.getClassName();

it('says that there are two copies of tfjs-core, and what makes a saved model load', async () => {
  const said = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const { optimizerClass } = await import('../src/index.ts');
  const { descentRule } = await import('./test-rules.ts');
  // A class of this test: the page keeps those that another test made known to it.
  const Unknown = optimizerClass({ ...descentRule, name: 'unknown' }, 'TestUnknownToPage');
  const optimizer = new Unknown();
  const artifacts = await savedModel(optimizer);
  const name = optimizer.getClassName();
  const warnings = said.mock.calls
    .map(([text]) => String(text))
    .filter((text) => text.includes('another copy'));
  expect(warnings).toEqual([expect.stringContaining(`tf.serialization.registerClass(${name})`)]);
  await expect(load(artifacts)).rejects.toThrow(name);
  page.serialization.registerClass(Unknown as never);
  expect(await load(artifacts)).toBe(name);
});

it('makes the classes known to the tfjs that a page has as tf, and says nothing', async () => {
  global.tf = page;
  const said = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const { optimizerClass } = await import('../src/index.ts');
  const { descentRule } = await import('./test-rules.ts');
  const OfPage = optimizerClass({ ...descentRule, name: 'of-page' }, 'TestOfPage');
  expect(await load(await savedModel(new OfPage()))).toBe('TestOfPage');
  expect(said.mock.calls.filter(([text]) => String(text).includes('another copy'))).toEqual([]);
});
