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

/** A folder with a page whose worker trains once, when it is loaded, and one that trains itself; what they post stays on the window. */
async function writePage(folder: string): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(new URL('./training-worker.ts', import.meta.url))],
    outfile: join(folder, 'worker.js'),
    // Minified, as applications are: tfjs's own threads do not survive it.
    ...{ bundle: true, minify: true, format: 'iife', platform: 'browser', conditions: ['@steepest/source'] },
  });
  const write = (name: string, scripts: string) =>
    writeFile(join(folder, name), `<!doctype html><title>test</title>${scripts}`);
  await write(
    'index.html',
    `<script>window.outcome = new Promise((resolve) => {
      const worker = new Worker('/worker.js' + location.hash);
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => resolve({ error: message });
    });</script>`,
  );
  await write(
    'page.html',
    `<script>window.outcome = new Promise((resolve) => {
      addEventListener('message', ({ data }) => resolve(data));
    });</script><script src="/worker.js"></script>`,
  );
  const binary = 'tfjs-backend-wasm-simd.wasm';
  // The only one: where tfjs asked for that of its own threads, there would be none.
  await copyFile(join(binaries, binary), join(folder, binary));
}

describe.skipIf(whyNoBrowser !== undefined)('in the worker of a page, from one bundle', () => {
  let folder: string;
  let browser: Browser;
  let together: Outcome;
  let alone: Outcome;

  const train = async (isolated: boolean, path = '') => {
    const site = await serveFolder(folder, { isolated });
    try {
      const page = await browser.newPage();
      await page.goto(new URL(path, site.address).href);
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

  it.each([
    ['#threads=1', 'one thread: as asked, or the only core'],
    ['page.html', "one thread: a page's main thread may not wait for others; train in a worker"],
  ])(
    'starts none of the threads of tfjs on an isolated page where one works alone: %s',
    async (path, reason) => {
      const outcome = await train(true, path);
      expect(outcome).toMatchObject({ isolated: true, threads: 1, reason, isRight: true });
      expect(outcome.losses).toEqual(together.losses);
    },
  );

  it('says that one thread works where shared memory is refused', async () => {
    const outcome = await train(true, '#refused');
    expect(outcome).toMatchObject({
      threads: 1,
      reason: 'one thread: tfjs-backend-wasm does not start on shared memory here (RangeError: no room)',
      isRight: true,
    });
    expect(outcome.losses).toEqual(together.losses);
  });
});
