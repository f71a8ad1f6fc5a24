import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collectResults, type Results } from '@steepest/run-report';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  EXPERIMENT,
  type SyntheticTrial,
  writeRuns,
} from '../../../packages/run-report/test/synthetic-runs.ts';
import { lossTable, standings, tableSentences } from '../src/loss-table.ts';
import { studyPage } from '../src/study-page.ts';

/** Losses of three seeds around one of a fixed seed; their differences from another's scatter by `own`. */
const seeds = (
  optimizer: string,
  learningRate: number,
  loss: number,
  own: readonly number[],
): SyntheticTrial[] =>
  own.map((offset, index) => ({
    optimizer,
    learningRate,
    seed: index + 1,
    loss: loss + [0.1, -0.05, -0.05][index]! + offset,
  }));

let directory: string;
let results: Results;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'steepest-page-'));
  await writeRuns(
    directory,
    [
      ...seeds('adam', 1e-4, 5.25, [0, 0, 0]),
      ...seeds('adam', 1e-3, 5, [0, 0, 0]),
      ...seeds('adam', 1e-2, 5.2, [0, 0, 0]),
      // Lower by 0.02 in every seed, with a standard error of 0.001.
      ...seeds('signum', 1e-4, 4.98, [0.002, -0.001, -0.001]),
      // Higher by 0.5.
      ...seeds('sgd', 1, 5.5, [0.002, -0.001, -0.001]),
      // Anywhere.
      ...seeds('lion', 1e-4, 5, [0.3, -0.2, -0.05]),
    ],
    EXPERIMENT,
  );
  results = await collectResults(directory);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('the table of losses', () => {
  it('has means, differences by seed with their standard errors, and p-values by Holm, the lowest on top', () => {
    const table = standings(results, 'adam');
    expect(table.map(({ name }) => name).slice(0, 4)).toEqual(['signum', 'adam', 'lion', 'sgd']);
    const signum = table[0]!.difference!;
    expect(signum.mean).toBeCloseTo(-0.02, 12);
    expect(signum.error).toBeCloseTo(0.001, 12);
    // t is -20 with two degrees of freedom: p = 1 - 20 / sqrt(402), of three tests the second smallest, so twice that.
    expect(signum.p).toBeCloseTo(2 * (1 - 20 / Math.sqrt(402)), 10);
    // t is 500: p = 1 - 500 / sqrt(250,002), three times.
    expect(table[3]!.difference!.p).toBeCloseTo(3 * (1 - 500 / Math.sqrt(250_002)), 10);
    expect(table[1]!.difference).toBeUndefined();
    const rows = lossTable(results, table, 'adam').split('\n');
    expect(rows[0]).toContain('| optimizer | loss | seeds | vs Adam | p | best `learningRate` |');
    expect(rows[2]).toMatch(
      /^\| Signum \| 4\.980 ± \d\.\d{3} \| 3 \| -0\.020 ± 0\.001 \| 0\.005 \| 0\.0001 \|/,
    );
    // It rises by 0.25 and 0.2 within two half-decades on either side, and by 0.05 after a fifth and a quarter of them.
    expect(rows[3]).toMatch(/^\| Adam \| 5\.000 .* \| 0\.001 \| 0\.9 \|/);
  });

  it('is said in sentences', () => {
    expect(tableSentences(standings(results, 'adam'), 'Adam')).toContain(
      'Lower than Adam: Signum. Higher than Adam: SGD. Not told apart from Adam: Lion.',
    );
    const alone = { ...results, optimizers: results.optimizers.filter(({ name }) => name === 'adam') };
    expect(tableSentences(standings(alone, 'adam'), 'Adam')).toMatch(
      /^No difference from Adam could be tested/,
    );
  });
});

describe('the page', () => {
  it('shows titles, which come from a file, as text', () => {
    const title = 'Signum | [x](http://example.com) <b>*bold*</b>, tuned';
    const hostile = results.optimizers.map((one) => (one.name === 'signum' ? { ...one, title } : one));
    const page = studyPage(
      new Map([['learning-rate', { results: { ...results, optimizers: hostile }, figures: [] }]]),
    );
    const shown = 'Signum \\| \\[x\\](http://example.com) &lt;b>\\*bold\\*&lt;/b>, tuned';
    expect(page).toContain(`| ${shown} | 4.980`);
    expect(page).toContain(`Lower than Adam: “${shown}”.`);
    expect(page.replaceAll(shown, '')).not.toContain('example.com');
  });

  it('has a section for what was run, with its figures, trials, verdicts and warnings, and says what was not run', () => {
    const figures = [
      { name: 'final-loss', hasPng: true },
      { name: 'sensitivity-learningRate', hasPng: false },
    ];
    const page = studyPage(new Map([['learning-rate', { results, figures }]]));
    expect(page).toMatch(/^# Results\n\nThese are models of at most 360,000 parameters/);
    expect(page).toMatch(
      /Signum recovers the performance of Adam\. \| .* \| \[Learning rate\]\(#learning-rate\) \| .* \| supported \|/,
    );
    expect(page).toMatch(/It needs both.* \| Where adaptivity is needed \| – \| not run \|/);
    expect(page).toContain('](learning-rate/figures/sensitivity-learningRate.svg)');
    expect(page).toContain('([PNG](learning-rate/figures/final-loss.png))');
    expect(page).not.toContain('sensitivity-learningRate.png');
    expect(page.split('1 of 2 figures are here as SVG alone')).toHaveLength(2);
    const whole = studyPage(new Map([['learning-rate', { results, figures: figures.slice(0, 1) }]]));
    expect(whole).not.toContain('SVG alone');
    expect(page).toContain('[learning-rate/results.json](learning-rate/results.json), 18 of them.');
    expect(page).toContain('Counts of n-grams were not recorded.');
    expect(page).toContain('**Before you rely on this.**');
    expect(page).not.toContain('## Momentum');
    expect(page).toContain('| [learning-rate](learning-rate/results.json) | nano | 18 | 3 | 0 | 0 |');
  });

  it('says nothing of an experiment before all its trials are there', () => {
    const page = studyPage(
      new Map([
        [
          'learning-rate',
          { results: { ...results, plannedTrials: 40 }, figures: [{ name: 'final-loss', hasPng: true }] },
        ],
      ]),
    );
    expect(page).toContain('In progress: 18 of at least 40 trials');
    expect(page).toContain('study --only learning-rate --continue');
    expect(page).toMatch(/Signum recovers .* \| in progress \|/);
    expect(page).not.toMatch(/\| (supported|contradicted) \||!\[/);
  });
});
