// cspell:ignore networkidle
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveFolder } from './static-server.ts';

const dist = fileURLToPath(new URL('../.vitepress/dist', import.meta.url));
const executable = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && existsSync(path));
const missing = [
  ...(executable === undefined ? ['there is no Chromium; set CHROMIUM to its path'] : []),
  ...(existsSync(`${dist}/index.html`) ? [] : ['the site is not built: npm run site:build']),
];
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

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
      browser = await chromium.launch({ executablePath: executable!, args: ['--no-sandbox'] });
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
          const problems: string[] = [];
          page.on('pageerror', (error) => problems.push(String(error)));
          page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
          page.on('request', (request) => {
            const url = request.url();
            if (!url.startsWith(site.address) && !url.startsWith('data:')) problems.push(url);
          });
          await page.goto(site.address + path, { waitUntil: 'networkidle' });
          expect(problems).toEqual([]);
          const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
          expect(await page.evaluate(overflow)).toBe(0);
          await page.addScriptTag({ path: axe });
          const found = (await page.evaluate('axe.run({ resultTypes: ["violations"] })')) as {
            violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
          };
          const violations = found.violations.flatMap(({ id, nodes }) =>
            nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
          );
          expect(violations).toEqual([]);
        } finally {
          await context.close();
        }
      });
    });
  },
);
