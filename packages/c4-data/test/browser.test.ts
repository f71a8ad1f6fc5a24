import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type * as BrowserEntry from '../src/browser.ts';
import * as node from '../src/index.ts';
import { madeTexts, temporaryFolder } from './shards/prepared-folder.ts';

const { path: folder, remove } = temporaryFolder();
afterAll(remove);
afterEach(() => vi.unstubAllGlobals());
const packageFolder = fileURLToPath(new URL('..', import.meta.url));
const shape = { contextLength: 16, batchSize: 4, seed: 3 };

describe('the entry for browsers', () => {
  let browser: typeof BrowserEntry;
  let inputs: string[] = [];
  beforeAll(async () => {
    const outfile = join(folder, 'browser.mjs');
    // The package by its name, as an application imports it: `browser` is the condition that finds the entry.
    const { metafile } = await build({
      stdin: { contents: "export * from '@steepest/c4-data';", resolveDir: packageFolder },
      bundle: true,
      platform: 'browser',
      conditions: ['@steepest/source'],
      format: 'esm',
      outfile,
      metafile: true,
    });
    inputs = Object.keys(metafile.inputs);
    browser = await import(pathToFileURL(outfile).href);
  });

  it('bundles without any module of Node, and without files, hub, workers and command line', () => {
    expect(inputs.some((input) => input.endsWith('src/text-data.ts'))).toBe(true);
    for (const input of inputs) {
      expect(input).not.toMatch(/^node:|src\/(cli|sources\/(files|hub)|tokens\/(shards|cache))\//);
    }
  });

  it('gives the batches, the positions and the tokenizers that Node gives', async () => {
    const source = { type: 'texts', train: madeTexts(60), validation: madeTexts(90).slice(60) } as const;
    for (const type of ['unigram', 'bpe'] as const) {
      const training = { source, type, vocabularySize: 400 };
      const trained = await browser.trainTokenizer(training);
      expect(trained.definition).toBe((await node.trainTokenizer(training)).definition);
      const tokenizer = await browser.loadTokenizer({ definition: trained.definition });
      const here = await browser.openTextData({ source, tokenizer, ...shape });
      const there = await node.openTextData({
        source,
        tokenizer: { definition: trained.definition },
        ...shape,
      });
      for (let step = 0; step < 300; step += 1) expect(here.train.next()).toEqual(there.train.next());
      expect(here.train.position()).toEqual(there.train.position());
      expect(here.validation({ sequences: 5 })).toEqual(there.validation({ sequences: 5 }));
    }
  });

  it.each([
    ['as it is stored', (bytes: Buffer) => Uint8Array.from(bytes)],
    [
      'as a server gives it that declares its compression',
      (bytes: Buffer) => Uint8Array.from(gunzipSync(bytes)),
    ],
  ])('fetches the embedded corpus from beside the program, %s', async (_, served) => {
    const addresses: string[] = [];
    vi.stubGlobal('fetch', async (address: URL) => {
      addresses.push(address.href);
      return new Response(served(readFileSync(join(packageFolder, 'data/embedded-corpus.jsonl.gz'))));
    });
    const embedded = { source: { type: 'embedded' }, tokenizer: 'embedded' } as const;
    const here = await browser.openTextData({ ...embedded, ...shape });
    expect(addresses).toEqual([expect.stringMatching(/\/data\/embedded-corpus\.jsonl\.gz$/)]);
    const there = await node.openTextData({ ...embedded, ...shape });
    expect(here.train.position()).toEqual(there.train.position());
    expect(here.train.next()).toEqual(there.train.next());
  });

  it('fetches the embedded corpus from its package where jsDelivr has made one module of the package', async () => {
    const outfile = join(folder, 'one-module.mjs');
    const published = 'https://cdn.jsdelivr.net/npm/@steepest/c4-data@1.2.3';
    await build({
      stdin: { contents: "export * from '@steepest/c4-data';", resolveDir: packageFolder },
      bundle: true,
      platform: 'browser',
      conditions: ['@steepest/source'],
      format: 'esm',
      outfile,
      define: { 'import.meta.url': JSON.stringify(`${published}/+esm`) },
    });
    const addresses: string[] = [];
    vi.stubGlobal('fetch', async (address: URL) => {
      addresses.push(address.href);
      return new Response('', { status: 404 });
    });
    const module = (await import(pathToFileURL(outfile).href)) as typeof BrowserEntry;
    const opened = module.openTextData({ source: { type: 'embedded' }, tokenizer: 'embedded', ...shape });
    await expect(opened).rejects.toThrow('status 404');
    expect(addresses).toEqual([`${published}/data/embedded-corpus.jsonl.gz`]);
  });

  it('says where the corpus cannot be fetched, and which sources and tokenizers a browser has', async () => {
    vi.stubGlobal('fetch', async () => new Response('', { status: 404 }));
    const open = (changes: object) =>
      browser.openTextData({ source: { type: 'embedded' }, tokenizer: 'embedded', ...shape, ...changes });
    await expect(open({})).rejects.toThrow(/cannot fetch the embedded corpus from file:.*: status 404/);
    await expect(open({ source: { type: 'files', train: 'x' } })).rejects.toThrow(
      "source must be { type: 'embedded' } or { type: 'texts', train: [...] }, got",
    );
    await expect(open({ tokenizer: { file: 'x' } })).rejects.toThrow(
      "tokenizer must be 'embedded' or { definition: '<text of a tokenizer.json>' } in a browser",
    );
    await expect(open({ cacheDirectory: 'x' })).rejects.toThrow('has no option "cacheDirectory"');
  });
});
