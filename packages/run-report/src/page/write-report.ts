import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { RunError, replaceFile } from '@steepest/run-files';
import { chartData } from '../charts/chart-data.ts';
import { pageAssets } from '../page-files.ts';
import type { Results } from '../results/results.ts';
import { renderPage } from './report-page.ts';

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
  return { json: await writeNumbers(outDirectory, results), html: await writePage(outDirectory, results) };
}

/** Writes results.json alone. */
export async function writeNumbers(outDirectory: string, results: Results): Promise<string> {
  return write(outDirectory, 'results.json', resultsText(results));
}

/** Writes report.html alone. */
export async function writePage(outDirectory: string, results: Results): Promise<string> {
  return write(outDirectory, 'report.html', renderPage(results, chartData(results), await pageAssets()));
}

async function write(outDirectory: string, name: string, text: string): Promise<string> {
  const file = join(outDirectory, name);
  try {
    await mkdir(outDirectory, { recursive: true });
    await replaceFile(file, text);
  } catch (error) {
    throw new RunError(`cannot write the report into ${outDirectory}: ${(error as Error).message}`);
  }
  return file;
}

/** As JSON with a line for each trial, half the size of one with a line for each number, and as easy to compare. */
function resultsText({ trials, ...rest }: Results): string {
  const lines = trials.map((trial) => `    ${JSON.stringify(trial)}`);
  return `${JSON.stringify({ ...rest, trials: [] }, null, 2).replace(/\[\]\n\}$/, () => `[\n${lines.join(',\n')}\n  ]\n}`)}\n`;
}
