import { basename, join, resolve } from 'node:path';
import { exists, RunError } from '@steepest/run-files';
import {
  comparisonTable,
  hasRunFiles,
  loadResults,
  rankingTable,
  refuseCopy,
  serveLive,
  shareResults,
  type WrittenFigures,
  writeComparison,
  writeEventFiles,
  writeFigures,
  writePage,
  writeReport,
} from '@steepest/run-report';
import { formatTable } from '../terminal/table.ts';

/** What `report` writes beside the report and its numbers. */
export interface ReportFlags {
  readonly figures?: boolean;
  readonly tensorboard?: boolean;
  /** A folder for what a repository keeps: the numbers with fewer points and the main charts. */
  readonly share?: string;
}

/**
 * Collects the run files of a folder into `results.json` and `report.html` and prints the table; where results were shared without
 * their run files, writes the page from them.
 */
export async function reportRun(
  folder: string,
  { figures = false, tensorboard = false, share }: ReportFlags = {},
): Promise<void> {
  const isShared = !(await hasRunFiles(folder)) && (await exists(join(folder, 'results.json')));
  if (!isShared) await requireRun(folder);
  else if (tensorboard || share !== undefined) {
    const [flag, from] = tensorboard ? ['--tensorboard', 'every logged step'] : ['--share', 'run files'];
    throw new RunError(`${resolve(folder)} has results without their run files; ${flag} needs ${from}`);
  }
  const results = await loadResults(folder);
  const { html, json } = isShared
    ? { html: await writePage(folder, results), json: join(folder, 'results.json') }
    : await writeReport(folder, results);
  const color = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  console.log(`\n${formatTable(rankingTable(results), { color })}\n`);
  console.log(`Report   ${html}\nNumbers  ${json}`);
  if (figures) {
    const written = await writeFigures(folder, results);
    console.log(`Figures  ${written.figures.length} in ${written.folder}, with ${written.tables.join(', ')}`);
    sayWithoutPng(written);
  }
  if (tensorboard) {
    const written = await writeEventFiles(folder);
    const trials = written.trials === 1 ? '1 trial' : `${written.trials} trials`;
    console.log(`Events   ${trials}: tensorboard --logdir ${written.folder}`);
  }
  if (share !== undefined) {
    const written = await shareResults(share, results);
    console.log(`Shared   ${resolve(share)}: results.json and ${written.figures.length} figures`);
    if (!figures) sayWithoutPng(written);
  }
}

/** Says why figures are SVG files alone, where they are. */
export function sayWithoutPng({ withoutPng }: WrittenFigures): void {
  if (withoutPng !== undefined) console.error(`No PNG files: ${withoutPng}`);
}

/**
 * Prints two results side by side and writes them as one page.
 * @throws RunError when the second is a copy of the first
 */
export async function compareRuns(
  first: string,
  second: string,
  { out }: { readonly out?: string },
): Promise<void> {
  const [firstLabel, secondLabel] = labels(first, second);
  const a = { label: firstLabel, results: await loadResults(first) };
  const b = { label: secondLabel, results: await loadResults(second) };
  refuseCopy(a, b);
  const { differences, ...table } = comparisonTable(a, b);
  const below = ['Settings that differ:', ...differences.map((difference) => `  ${difference}`)];
  console.log(`\n${formatTable(table, { below })}\n`);
  const page =
    out ?? join('runs', 'comparisons', `${basename(resolve(first))}-and-${basename(resolve(second))}.html`);
  await writeComparison(page, a, b);
  console.log(`Page     ${resolve(page)}`);
}

/** Serves the live page of a folder until Ctrl-C. */
export async function watchRun(folder: string, { port }: { readonly port?: number } = {}): Promise<void> {
  await requireRun(folder);
  const server = await serveLive(folder, port);
  console.log(`Following ${resolve(folder)} at ${server.url}\nCtrl-C ends it.`);
  await new Promise<void>((stop) => {
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
  });
  await server.close();
}

/** Names of the folders, or their paths where the names are the same. */
function labels(first: string, second: string): [string, string] {
  const names = [basename(resolve(first)), basename(resolve(second))] as const;
  if (names[0] !== names[1]) return [...names];
  return resolve(first) === resolve(second) ? [`${names[0]} 1`, `${names[1]} 2`] : [first, second];
}

async function requireRun(folder: string): Promise<void> {
  if (await exists(join(folder, 'experiment.json'))) return;
  throw new RunError(
    `${resolve(folder)} is not the folder of a run: it has no experiment.json; give the --out of a run`,
  );
}
