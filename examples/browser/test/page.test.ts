import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { launchOptions, whyNoBrowser } from '../../../tools/browser/chromium.ts';
import { overflowOf, problemsOf, violationsOf } from '../../../tools/browser/page-checks.ts';
import { serveFolder } from '../../../tools/browser/static-server.ts';

/** Enough sentences for a race, each of a few words in turn. */
const ownText = Array.from({ length: 400 }, (_, i) => {
  const who = ['The fox', 'A crow', 'The old bear', 'Some geese'][i % 4];
  const what = ['looks for', 'finds', 'loses'][i % 3];
  return `${who} ${what} ${['berries', 'the river', 'a warm den', 'its friends', 'snow'][i % 5]} ${i % 7} times.`;
}).join('\n');

// On software drivers and a busy machine a step on WebGL or WebGPU takes seconds.
vi.setConfig({ testTimeout: 300_000 });

describe.skipIf(whyNoBrowser !== undefined)(
  `the page that trains in a tab${whyNoBrowser === undefined ? '' : ` (skipped: ${whyNoBrowser})`}`,
  () => {
    let folder: string;
    let browser: Browser;
    let isolated: Awaited<ReturnType<typeof serveFolder>>;
    let plain: Awaited<ReturnType<typeof serveFolder>>;
    let context: BrowserContext;
    let problems: string[];

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'browser-example-'));
      const root = fileURLToPath(new URL('..', import.meta.url));
      await build({ root, logLevel: 'error', build: { outDir: folder, emptyOutDir: true } });
      isolated = await serveFolder(folder, { isolated: true });
      plain = await serveFolder(folder);
      browser = await chromium.launch(launchOptions());
    });
    afterAll(async () => {
      await browser?.close();
      isolated?.close();
      plain?.close();
      await rm(folder, { recursive: true });
    });
    afterEach(async () => {
      expect(problems).toEqual([]);
      await context.close();
    });

    async function open(
      site: { readonly address: string },
      { width = 1280, colorScheme = 'light' as 'light' | 'dark' } = {},
    ): Promise<Page> {
      context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
      const page = await context.newPage();
      problems = problemsOf(page, site.address);
      await page.goto(site.address);
      return page;
    }

    const choose = async (page: Page, racers: readonly string[]) => {
      for (const box of await page.locator('input[name="racer"]').all()) {
        await box.setChecked(racers.includes(await box.inputValue()));
      }
    };
    const giveText = async (page: Page, text: string) => {
      await page.getByLabel('Your own text').check();
      await page.locator('#text').fill(text);
    };
    /** Waits until the page is so far; a page that says that it has stopped by an error is waited for no longer. */
    async function until<Wanted>(
      page: Page,
      isThere: (wanted: Wanted) => boolean,
      wanted: Wanted,
    ): Promise<void> {
      await page.evaluate(`window.isThere = ${isThere}`);
      const end = await page.waitForFunction(
        (aim) => {
          if (window.isThere(aim)) return 'there';
          const stopped = document.getElementById('status')!.textContent === 'Stopped by an error.';
          return stopped && `the page has stopped: ${document.getElementById('problem')!.textContent}`;
        },
        wanted as unknown,
        { timeout: 250_000 },
      );
      expect(await end.jsonValue()).toBe('there');
    }
    const phase = (page: Page, name: string) =>
      until(page, (wanted) => document.body.dataset.phase === wanted, name);
    /** Waits until every racer has made so many steps. */
    const steps = (page: Page, least: number) =>
      until(
        page,
        (wanted) =>
          Number(/step ([\d,]+)/.exec(document.getElementById('count')!.textContent!)?.[1]) >= wanted,
        least,
      );
    const numbers = (page: Page) => page.locator('.racer dl, #count').allInnerTexts();
    const losses = async (page: Page) =>
      (await page.locator('.racer dl div:first-child dd').allInnerTexts()).map(Number);

    it('trains on all cores until every optimizer has learned more than which tokens are frequent', async () => {
      const page = await open(isolated);
      await choose(page, ['adamw', 'muon']);
      await page.selectOption('#steps', '100');
      await page.selectOption('#backend', 'wasm');
      await page.getByRole('button', { name: 'Start' }).click();
      await phase(page, 'over');
      const level = await page.getByText(/^unigram /).textContent();
      // Of the corpus under counts of its tokens: between the 8.3 of equal tokens and what a small model learns.
      const unigram = Number(level!.split(' ')[1]);
      expect(unigram).toBeGreaterThan(5);
      expect(unigram).toBeLessThan(Math.log(4096));
      for (const loss of await losses(page)) expect(loss).toBeLessThan(unigram);
      const samples = await page.locator('.sample').allInnerTexts();
      for (const sample of samples) expect(sample.length).toBeGreaterThan('The people of …'.length + 20);
    });

    it('goes on after a reload at the same step with the same losses, and on another backend', async () => {
      const page = await open(isolated);
      await choose(page, ['adamw', 'lion', 'sgd']);
      await giveText(page, ownText);
      await page.selectOption('#backend', 'wasm');
      await page.getByRole('button', { name: 'Start' }).click();
      await page.getByText('on 2 threads').or(page.getByText('on one thread')).waitFor();
      await steps(page, 21);
      await page.getByRole('button', { name: 'Pause' }).click();
      await phase(page, 'paused');
      const paused = await numbers(page);
      const curves = await page
        .locator('#chart polyline')
        .evaluateAll((all) => all.map((one) => one.getAttribute('points')));

      await page.reload();
      await phase(page, 'paused');
      const part = (texts: string[]) => texts.map((text) => text.split('Tokens/s')[0]);
      expect(part(await numbers(page))).toEqual(part(paused));
      expect(await page.getByLabel('Learning rate of Lion').inputValue()).toBe('0.003');
      const redrawn = await page
        .locator('#chart polyline')
        .evaluateAll((all) => all.map((one) => one.getAttribute('points')!.split(' ').length));
      expect(redrawn).toEqual(curves.map((points) => points!.split(' ').length));

      await page.getByRole('button', { name: 'Resume' }).click();
      const before = Number(/step (\d+)/.exec(paused[0]!)?.[1] ?? /step (\d+)/.exec(paused.join())![1]);
      await steps(page, before + 5);
      await page.selectOption('#backend', 'webgl');
      await page.getByText('on WebGL').waitFor({ timeout: 60_000 });
      const reached = Number(/step (\d+)/.exec((await numbers(page)).join())![1]);
      await steps(page, reached + 1);
      await page.getByRole('button', { name: 'Pause' }).click();
      await phase(page, 'paused');

      await page.getByRole('button', { name: 'New race' }).click();
      await page.reload();
      await phase(page, 'idle');
    });

    it('keeps a stored race, and the way to a new one, where a backend does not work', async () => {
      const page = await open(isolated);
      await choose(page, ['lion', 'sgd']);
      await giveText(page, ownText);
      await page.selectOption('#backend', 'wasm');
      await page.getByRole('button', { name: 'Start' }).click();
      await steps(page, 1);
      await page.getByRole('button', { name: 'Pause' }).click();
      await phase(page, 'paused');

      await page.reload();
      await phase(page, 'paused');
      await page.selectOption('#backend', 'wasm');
      await page.route('**/*.wasm', (route) => route.abort());
      await page.getByRole('button', { name: 'Resume' }).click();
      await page.getByText('Stopped by an error.').waitFor({ timeout: 60_000 });
      await page.getByText('The backend "wasm" does not work here').waitFor();
      await phase(page, 'paused');
      expect(await page.getByRole('button', { name: 'New race' }).isEnabled()).toBe(true);
      for (const problem of problems.splice(0)) expect(problem).toMatch(/ERR_FAILED|wasm/);

      await page.unroute('**/*.wasm');
      const stored = Number(/step (\d+)/.exec((await numbers(page)).join())![1]);
      await page.getByRole('button', { name: 'Resume' }).click();
      await steps(page, stored + 1);
      await page.getByRole('button', { name: 'Pause' }).click();
      await phase(page, 'paused');
      await page.getByRole('button', { name: 'New race' }).click();
      await phase(page, 'idle');
    });

    it('says what is wrong: too few optimizers, and a text that is too short', async () => {
      const page = await open(isolated);
      await choose(page, ['lion']);
      await page.getByRole('button', { name: 'Start' }).click();
      await page.getByText('Choose 2 to 4 optimizers; 1 are chosen.').waitFor();
      await choose(page, ['lion', 'soap']);
      await giveText(page, 'Too short.');
      await page.getByRole('button', { name: 'Start' }).click();
      await page.getByText('A text has 10,000 to 2,000,000 characters; this one has 10.').waitFor();
      expect(await page.locator('body').getAttribute('data-phase')).toBe('idle');
    });

    it('on a host without the headers for isolation uses one thread, and says why', async () => {
      const page = await open(plain);
      await page.getByText('This host does not isolate the page').waitFor();
      await giveText(page, ownText);
      await page.selectOption('#backend', 'wasm');
      await page.getByRole('button', { name: 'Start' }).click();
      await page.getByText('on one thread: this page is not cross-origin isolated').waitFor();
      await steps(page, 1);
    });

    it('trains on WebGPU', async () => {
      const page = await open(isolated);
      await choose(page, ['adamw', 'lion']);
      await giveText(page, ownText);
      await page.selectOption('#backend', 'webgpu');
      await page.getByRole('button', { name: 'Start' }).click();
      await page.getByText('on WebGPU').waitFor({ timeout: 60_000 });
      await steps(page, 2);
    });

    describe.each(
      [1280, 420].flatMap((width) =>
        (['light', 'dark'] as const).map((colorScheme) => ({ width, colorScheme })),
      ),
    )('$width pixels wide, $colorScheme', (screen) => {
      it('is accessible and fits, before and in a race, and nothing moves by itself', async () => {
        const page = await open(isolated, screen);
        await page.evaluate(() => {
          window.moved = [];
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries() as (PerformanceEntry & {
              hadRecentInput: boolean;
              value: number;
            })[])
              if (!entry.hadRecentInput) window.moved.push(entry.value);
          }).observe({ type: 'layout-shift', buffered: true });
        });
        const check = async () => {
          expect(await overflowOf(page)).toBe(0);
          expect(await violationsOf(page)).toEqual([]);
        };
        await check();
        await giveText(page, ownText);
        await page.selectOption('#backend', 'wasm');
        await page.getByRole('button', { name: 'Start' }).press('Enter');
        await steps(page, 16);
        await check();
        expect(await page.evaluate(() => window.moved)).toEqual([]);
      });
    });
  },
);

declare global {
  interface Window {
    /** Shifts of the layout that no input caused. */
    moved: number[];
    /** Whether the page is as far as a test waits for. */
    isThere: (wanted: unknown) => boolean;
  }
}
