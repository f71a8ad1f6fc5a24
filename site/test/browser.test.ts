// cspell:ignore networkidle
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchOptions, whyNoBrowser } from '../../tools/browser/chromium.ts';
import { overflowOf, problemsOf, violationsOf } from '../../tools/browser/page-checks.ts';
import { serveFolder } from '../../tools/browser/static-server.ts';

const dist = fileURLToPath(new URL('../.vitepress/dist', import.meta.url));
const missing = [
  ...(whyNoBrowser === undefined ? [] : [whyNoBrowser]),
  ...(existsSync(`${dist}/index.html`) ? [] : ['the site is not built: npm run site:build']),
];

const pages = [
  '/',
  '/guide/getting-started',
  '/guide/compatibility',
  '/guide/experiment-reference',
  '/optimizers/adam',
  '/optimizers/muon',
  '/packages/optimizer',
  '/api/registry',
  '/changelog',
  '/demo/',
];
const screens = [1280, 420].flatMap((width) =>
  (['light', 'dark'] as const).map((colorScheme) => ({ width, colorScheme })),
);

describe.skipIf(missing.length > 0)(
  `the site in a browser${missing.map((why) => ` (${why})`).join('')}`,
  () => {
    let browser: Browser;
    let site: Awaited<ReturnType<typeof serveFolder>>;
    beforeAll(async () => {
      site = await serveFolder(dist);
      browser = await chromium.launch(launchOptions());
    });
    afterAll(async () => {
      await browser.close();
      site.close();
    });

    describe.each(screens)('$width pixels wide, $colorScheme', ({ width, colorScheme }) => {
      it.each(pages)('%s is accessible, fits, and asks no other host', async (path) => {
        const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
        try {
          const page = await context.newPage();
          const problems = problemsOf(page, site.address);
          await page.goto(site.address + path, { waitUntil: 'networkidle' });
          expect(problems).toEqual([]);
          expect(await overflowOf(page)).toBe(0);
          expect(await violationsOf(page)).toEqual([]);
        } finally {
          await context.close();
        }
      });
    });
  },
);
