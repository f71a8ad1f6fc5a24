import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  findPublishedLaw,
  type LearningRateBatchSizeFit,
  learningRateBatchSizeLaw,
  leaveOneCellOut,
  type SweepRow,
  tableFromCsv,
} from '@steepest/scaling-laws';
import { numberTable } from '../number-table.ts';

/** Tokens of a sequence in Step Law's runs. */
const sequenceTokens = 2048;

/**
 * Fits the laws of learning rate and batch on Step Law's dense sweep (`data/dense_lr_bs_loss.csv` of
 * github.com/step-law/steplaw), and writes what the published laws, the refitted one, and the one without a cell cost there.
 */
export async function checkSweep(
  csv: string,
  options: { readonly results?: string; readonly bootstrap: number },
): Promise<void> {
  const rows = sweepRows(await readFile(csv, 'utf8'), basename(csv));
  const fit = learningRateBatchSizeLaw.fit(rows, { bootstrap: options.bootstrap });
  const page = sweepPage(rows, fit, options.bootstrap);
  const results =
    options.results ?? fileURLToPath(new URL('../../results/learning-rate-batch-size', import.meta.url));
  await mkdir(results, { recursive: true });
  await writeFile(join(results, 'README.md'), page);
  console.log(`${page}\nResults  ${results}`);
}

function sweepRows(text: string, source: string): SweepRow[] {
  const table = tableFromCsv(text, source);
  const column = (name: string) => table.column(name) as number[];
  return Array.from({ length: table.length }, (_, row) => ({
    parameters: column('N')[row]!,
    tokens: column('D')[row]!,
    learningRate: column('lr')[row]!,
    batchTokens: column('bs')[row]! * sequenceTokens,
    loss: column('smooth loss')[row]!,
  }));
}

function sweepPage(rows: readonly SweepRow[], fit: LearningRateBatchSizeFit, samples: number): string {
  const worst = (costs: readonly number[]) => percent(Math.max(...costs));
  const heldOut = leaveOneCellOut(rows).map(({ nearest }) => nearest.excess);
  const refitted = fit.cells.map(({ atLaw }) => atLaw.excess);
  const published = publishedCosts(rows, fit);
  const costs = fit.cells.map(({ parameters, tokens, surface }, index) => [
    `${count(parameters)} on ${count(tokens)}`,
    surface ? `${surface.optimum.learningRate.toPrecision(3)}, ${count(surface.optimum.batchTokens)}` : '',
    percent(published[index]!),
    percent(refitted[index]!),
    percent(heldOut[index]!),
  ]);
  return `# Learning rate and batch on Step Law's sweep

Written by \`npm run bench -w benchmarks/scaling-laws -- learning-rate-batch-size <csv>\` from ${rows.length} runs in ${fit.cells.length} cells of Li et al. 2025
([arXiv 2503.04715](https://arxiv.org/abs/2503.04715)). Intervals of 95 % are from ${samples} resamples of cells and of the runs in each.

${numberTable(
  ['constant', 'fitted', '95 % interval', 'published'],
  fit.parameters.map(({ name, value, interval }) => [
    name,
    value.toPrecision(3),
    interval ? `${interval.low.toPrecision(3)} to ${interval.high.toPrecision(3)}` : '',
    publishedConstants[name] ?? '',
  ]),
)}

The coefficients and exponents of a law trade against each other, so the constants differ more than the laws do. What
counts is the cost: the loss of each cell's run nearest to what a law says, over the loss of the cell's best run. It is at most
${worst(published)} by the published law, ${worst(refitted)} by the fitted one, and ${worst(heldOut)} by the law of the other ${fit.cells.length - 1} cells.
The best settings are the lowest point of the surface through a cell's runs.

${numberTable(['parameters on tokens', 'best settings', 'published', 'fitted', 'cell left out'], costs)}
`;
}

const publishedConstants: Readonly<Record<string, string>> = {
  'learningRate.coefficient': '1.79',
  'learningRate.parameters': '-0.713',
  'learningRate.tokens': '0.307',
  'batchTokens.coefficient': '0.58',
  'batchTokens.tokens': '0.571',
};

function publishedCosts(rows: readonly SweepRow[], fit: LearningRateBatchSizeFit): number[] {
  const law = findPublishedLaw('step-law');
  return fit.cells.map(({ parameters, tokens, best }) => {
    const { values } = law.predict({ parameters, tokens });
    const [learningRate, batchTokens] = values.map(({ value }) => value) as [number, number];
    const distance = (row: SweepRow) =>
      Math.hypot(Math.log(row.learningRate / learningRate), Math.log(row.batchTokens / batchTokens));
    const own = rows.filter((row) => row.parameters === parameters && row.tokens === tokens);
    const nearest = own.reduce((a, b) => (distance(b) < distance(a) ? b : a));
    return nearest.loss / best.loss - 1;
  });
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

function count(value: number): string {
  return value.toLocaleString('en', { notation: 'compact', maximumSignificantDigits: 3 });
}
