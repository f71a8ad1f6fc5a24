import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { rankingLatex } from '../src/figures/paper-tables.ts';
import { collectResults } from '../src/index.ts';
import { EXPERIMENT, SEEDED, writeRuns } from './synthetic-runs.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'steepest-latex-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

it('the ranking is a LaTeX table: rows of as many cells as columns, numbers in math, names without commands', async () => {
  await writeRuns(directory, SEEDED, EXPERIMENT);
  const results = await collectResults(directory);
  const hostile = results.optimizers.map((optimizer) =>
    optimizer.name === 'lion' ? { ...optimizer, title: 'Lion_{50%} & \\input{x} #1 ~ $' } : optimizer,
  );
  const lines = rankingLatex({ ...results, optimizers: hostile }).split('\n');
  expect(lines.filter((line) => line.startsWith('%'))).toHaveLength(2);
  const table = lines.filter((line) => line !== '' && !line.startsWith('%'));
  expect([table[0], table[1], table[3], table.at(-2), table.at(-1)]).toEqual([
    '\\begin{tabular}{lrrrrrrl}',
    '\\toprule',
    '\\midrule',
    '\\bottomrule',
    '\\end{tabular}',
  ]);
  const rows = [table[2]!, ...table.slice(4, -2)];
  expect(rows).toHaveLength(1 + results.optimizers.length);
  for (const line of rows) {
    expect(line.endsWith(' \\\\')).toBe(true);
    // Separators are those that no backslash precedes.
    expect(line.split(/(?<!\\)&/)).toHaveLength(8);
  }
  // The mean and deviation of 4.99, 5.001 and 5.013 and so on are those of the other outputs of these runs.
  expect(table.find((line) => line.startsWith('Adam &'))).toContain(
    'Adam & 5.0013 $\\pm$ 0.0121 (3) & -- & --',
  );
  expect(table.find((line) => line.startsWith('SGD &'))).toContain('& $+$1.2000 & $<$ $10^{-4}$ &');
  expect(table.find((line) => line.startsWith('Lion'))).toContain(
    'Lion\\_\\{50\\%\\} \\& \\textbackslash{}input\\{x\\} \\#1 \\textasciitilde{} \\$ &',
  );
});
