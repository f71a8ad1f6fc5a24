import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type BrowserContext, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchOptions, whyNoBrowser } from '../../../tools/browser/chromium.ts';
import { serveFolder } from '../../../tools/browser/static-server.ts';

describe.skipIf(whyNoBrowser !== undefined)(
  `IndexedDB of a browser${whyNoBrowser === undefined ? '' : ` (skipped: ${whyNoBrowser})`}`,
  () => {
    let folder: string;
    let site: Awaited<ReturnType<typeof serveFolder>>;
    let context: BrowserContext;
    let page: Page;
    const open = async () => {
      const opened = await context.newPage();
      await opened.goto(site.address);
      return opened;
    };

    /** Closes a tab, whose locks the browser frees soon after. */
    const closeWithLocks = async (tab: Page) => {
      await tab.close();
      const held = () => page.evaluate(async () => (await navigator.locks.query()).held?.length);
      await expect.poll(held, { timeout: 30_000 }).toBe(0);
    };

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'trainer-page-'));
      await build({
        entryPoints: [fileURLToPath(new URL('./page-program.ts', import.meta.url))],
        outfile: join(folder, 'program.js'),
        ...{ bundle: true, format: 'esm', platform: 'browser', conditions: ['@steepest/source', 'browser'] },
      });
      const html = '<!doctype html><title>test</title><script type="module" src="program.js"></script>';
      await writeFile(join(folder, 'index.html'), html);
      site = await serveFolder(folder);
      // Unlike the storage of a browser that is launched without a folder, that of one with it is on the disk.
      context = await chromium.launchPersistentContext(join(folder, 'profile'), launchOptions());
      page = await open();
    });
    afterAll(async () => {
      await context?.close();
      site?.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    });

    it('continues after a reload with the bits of a run that was never stopped', async () => {
      const whole = await page.evaluate(() => window.trainTiny(undefined));
      const half = await page.evaluate(() => window.trainTiny('reload', { after: 11, by: 'interruption' }));
      expect(half.status).toBe('interrupted');
      await page.reload();
      expect((await page.evaluate(() => window.progress('reload'))).checkpointStep).toBe(11);
      expect(await page.evaluate(() => window.trainTiny('reload'))).toEqual(whole);
      expect(whole.status).toBe('finished');
    });

    it('continues from the last checkpoint when the tab is closed in the middle of a step', async () => {
      const whole = await page.evaluate(() => window.trainTiny(undefined));
      const tab = await open();
      tab.evaluate(() => window.trainTiny('closed', { after: 11, by: 'silence' })).catch(() => {});
      const progress = () => tab.evaluate(() => window.progress('closed'));
      await expect.poll(progress, { timeout: 30_000 }).toEqual({ step: 11, checkpointStep: 9 });
      await closeWithLocks(tab);
      const next = await open();
      expect(await next.evaluate(() => window.trainTiny('closed'))).toEqual(whole);
      await next.close();
    });

    it('is refused in a second tab while the first trains, and free afterwards', async () => {
      const tab = await open();
      await tab.evaluate(() => window.hold('busy'));
      const refused = page.evaluate(() => window.trainTiny('busy'));
      await expect(refused).rejects.toThrow('"busy" in IndexedDB is being trained, here or in another tab');
      await closeWithLocks(tab);
      expect(await page.evaluate(() => window.trainTiny('busy'))).toMatchObject({ status: 'finished' });
    });

    it('says that the browser gives no room for a checkpoint, and keeps other runs', async () => {
      // Another port is another origin, whose quota nothing has asked for yet.
      const other = await serveFolder(folder);
      const tab = await context.newPage();
      await tab.goto(other.address);
      const client = await context.newCDPSession(tab);
      await client.send('Storage.overrideQuotaForOrigin', { origin: other.address, quotaSize: 2_000_000 });
      const small = await tab.evaluate(() => window.trainTiny('small'));
      // A parameter of 4 MB and a momentum of as much.
      expect(await tab.evaluate(() => window.trainLarge('large', 4_000_000))).toMatch(
        /^Error: the browser gives this site no room for the checkpoint of the run "large" in IndexedDB, 8\.0 MB: remove runs/,
      );
      expect(await tab.evaluate(() => window.trainTiny('small'))).toEqual(small);
      await tab.close();
      other.close();
    });
  },
);
