import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { chartData } from './chart-data.ts';
import { type PageAssets, renderPage } from './report-page.ts';
import type { Results } from './results.ts';

/**
 * Writes results.json and report.html, one self-contained page that opens without a network, into a folder.
 * Each file is replaced whole, so a reader never meets half of one.
 * @returns paths of both files
 * @throws when the folder cannot be written; the message names it.
 */
export async function writeReport(
  outDirectory: string,
  results: Results,
): Promise<{ html: string; json: string }> {
  const page = renderPage(results, chartData(results), await pageAssets());
  const json = join(outDirectory, 'results.json');
  const html = join(outDirectory, 'report.html');
  try {
    await mkdir(outDirectory, { recursive: true });
    await replaceFile(json, `${JSON.stringify(results, null, 2)}\n`);
    await replaceFile(html, page);
  } catch (error) {
    throw new Error(`cannot write the report into ${outDirectory}: ${(error as Error).message}`);
  }
  return { html, json };
}

async function pageAssets(): Promise<PageAssets> {
  // The build of echarts with lines, bars and points only: 0.7 MB in the page rather than 1.1.
  const echarts = createRequire(import.meta.url).resolve('echarts/package.json');
  const [styles, chartScript, chartLibrary] = await Promise.all([
    readFile(new URL('./page.css', import.meta.url), 'utf8'),
    readFile(new URL('./page-charts.js', import.meta.url), 'utf8'),
    readFile(join(dirname(echarts), 'dist', 'echarts.common.min.js'), 'utf8'),
  ]);
  return { styles, chartScript, chartLibrary };
}

async function replaceFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.${process.pid}.partial`;
  await writeFile(temporary, content);
  await rename(temporary, path);
}
