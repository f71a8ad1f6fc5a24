import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type Browser, chromium } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchOptions, whyNoBrowser } from '../../../../tools/browser/chromium.ts';
import { serveFolder } from '../../../../tools/browser/static-server.ts';

const binaries = dirname(
  createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js'),
);

/** What the worker of the page found. */
interface Outcome {
  readonly error?: string;
  readonly threads: number;
  readonly reason: string;
  readonly isolated: boolean;
  readonly started: number;
  readonly jobs: number;
  readonly isRight: boolean;
  readonly losses: readonly number[];
}

/** A folder with a page whose worker trains once, when it is loaded, and leaves what it posts on the window. */
async function writePage(folder: string): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(new URL('./training-worker.ts', import.meta.url))],
    outfile: join(folder, 'worker.js'),
    // Minified, as applications are: tfjs's own threads do not survive it.
    ...{ bundle: true, minify: true, format: 'iife', platform: 'browser', conditions: ['@steepest/source'] },
  });
  const program = `window.outcome = new Promise((resolve) => {
    const worker = new Worker('/worker.js');
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => resolve({ error: message });
  });`;
  await writeFile(
    join(folder, 'index.html'),
    `<!doctype html><title>test</title><script>${program}</script>`,
  );
  const binary = 'tfjs-backend-wasm-simd.wasm';
  // Where the page is not isolated tfjs asks for the same one.
  await copyFile(join(binaries, binary), join(folder, binary));
}

describe.skipIf(whyNoBrowser !== undefined)('in the worker of a page, from one bundle', () => {
  let folder: string;
  let browser: Browser;
  let together: Outcome;
  let alone: Outcome;

  const train = async (isolated: boolean) => {
    const site = await serveFolder(folder, { isolated });
    try {
      const page = await browser.newPage();
      await page.goto(site.address);
      return (await page.evaluate('window.outcome')) as Outcome;
    } finally {
      site.close();
    }
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'browser-test-'));
    await writePage(folder);
    browser = await chromium.launch(launchOptions());
    together = await train(true);
    alone = await train(false);
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true });
  });

  it('trains on several threads where the page is cross-origin isolated', () => {
    expect(together).toMatchObject({
      isolated: true,
      threads: 2,
      reason: '2 threads',
      started: 2,
      isRight: true,
    });
    expect(together.jobs).toBeGreaterThan(10);
    expect(together.losses.at(-1)).toBeLessThan(together.losses[0]!);
  });

  it('falls back to one thread where it is not, says why in a line, and gives the same bits', () => {
    expect(alone).toMatchObject({
      isolated: false,
      threads: 1,
      reason: 'one thread: this page is not cross-origin isolated, so threads cannot share memory',
      jobs: 0,
      isRight: true,
    });
    expect(alone.losses).toEqual(together.losses);
  });
});
