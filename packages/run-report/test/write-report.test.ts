import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReportCharts } from '../src/charts/chart-data.ts';
import { assignMarks } from '../src/charts/palette.ts';
import { collectResults } from '../src/collecting/collect-results.ts';
import { writeReport } from '../src/page/write-report.ts';
import { EXPERIMENT, type SyntheticTrial, TYPICAL, writeRuns } from './synthetic-runs.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'steepest-report-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function report(trials: readonly SyntheticTrial[], experiment: object = EXPERIMENT) {
  await writeRuns(directory, trials, experiment);
  const results = await collectResults(directory);
  const { html, json } = await writeReport(directory, results);
  return { results, page: await readFile(html, 'utf8'), json: await readFile(json, 'utf8') };
}

const scripts = (page: string) =>
  [...page.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, source]) => source!);

function chartData(page: string) {
  const [, text] = /<script type="application\/json" id="chart-data">([\s\S]*?)<\/script>/.exec(page)!;
  return JSON.parse(text!) as ReportCharts;
}

/** Visible text of the HTML, one space between words. */
function text(page: string): string {
  const body = page.slice(page.indexOf('<body>')).replace(/<script[\s\S]*?<\/script>/g, '');
  return body.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
}

describe('the report', () => {
  it('writes the numbers it shows to results.json', async () => {
    const { results, json, page } = await report(TYPICAL);
    expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(results)));
    expect(JSON.parse(json).schemaVersion).toBe(1);
    expect(text(page)).toContain(
      'reached the lowest final validation loss, 5.0200: 0.0200 below Adafactor, with one seed.',
    );
    expect(text(page)).toContain(
      '2 Adafactor 5.0400 154 +0.0200 not reached 1e-2 beta1 0.9, beta2 0.95 218 38 2,560 4.06 5/5',
    );
  });

  it('is one page that loads nothing', async () => {
    const { page } = await report(TYPICAL);
    const markup = page.replace(/<script>[\s\S]*?<\/script>/g, '');
    expect(markup).not.toMatch(/<script[^>]+src=|<link|<img|@import|url\(|https?:/);
    expect(scripts(page)).toHaveLength(1);
    // Scripts changed by the escaping would no longer parse.
    for (const source of scripts(page)) expect(() => new Script(source)).not.toThrow();
    expect(page.match(/<\/script/gi)).toHaveLength(2);
  });

  it('gives the charts every curve, learning rate and divergence', async () => {
    const { optimizers: data, sweeps } = chartData((await report(TYPICAL)).page);
    const adam = data.find(({ name }) => name === 'adam')!;
    expect(adam.curve.validation.at(-1)).toEqual([200, 102_400, 40, 5.02]);
    expect(sweeps.map(({ key }) => key)).toEqual(['learningRate']);
    const rates = sweeps[0]!.curves.find(({ optimizer }) => optimizer === 'adam')!;
    expect(rates.optimum).toBe(3.16e-3);
    expect(rates.points.map(({ value, loss, diverged }) => [value, loss, diverged])).toEqual([
      [3e-4, 5.9, 0],
      [1e-3, 5.3, 0],
      [3.16e-3, 5.02, 0],
      [1e-2, 5.2, 0],
      [3.16e-2, null, 1],
    ]);
    expect(adam.modelMilliseconds).toBe(180);
    expect(new Set(data.map(({ mark }) => mark.light)).size).toBe(6);
  });

  it('keeps the color of an optimizer whatever it is compared with', async () => {
    const whole = chartData((await report(TYPICAL)).page).optimizers.find(({ name }) => name === 'lion')!;
    await rm(directory, { recursive: true });
    const lion = { optimizer: 'lion', learningRate: 1e-4 };
    const alone = chartData((await report([lion], { ...EXPERIMENT, optimizers: [] })).page);
    expect(alone.optimizers.map(({ mark }) => mark.light)).toEqual([whole.mark.light]);
  });

  it('gives each of sixteen optimizers and variants a look of its own, a variant that of its kind dashed', () => {
    const known = ['adam', 'sgd', 'lion', 'signum', 'adafactor', 'adalayer'];
    const names = [
      ...known,
      'adam-plain',
      'sgd-head',
      'sgd-norms',
      'sgd-both',
      'muon',
      'soap',
      'a',
      'b',
      'c',
      'd',
    ];
    const marks = assignMarks(names.map((name) => ({ name })));
    const looks = [...marks.values()].map(({ light, dashed = false }) => `${light} ${dashed}`);
    expect(new Set(looks).size).toBe(16);
    expect(marks.get('adam-plain')).toEqual({ ...marks.get('adam'), dashed: true });
    const many = Array.from({ length: 128 }, (_, index) => ({ name: `optimizer ${index}` }));
    const ofMany = [...assignMarks(many).values()];
    expect(
      new Set(ofMany.map(({ light, symbol, dashed = false }) => `${light} ${symbol} ${dashed}`)).size,
    ).toBe(128);
    // One more than there are looks still has one.
    expect(assignMarks([...many, { name: 'e' }]).get('e')).toBeDefined();
  });

  it('lists every trial with its status and reason, and what was trained', async () => {
    const shown = text((await report(TYPICAL)).page);
    expect(shown).toContain(
      '– diverged – 1 50 10 s 206 beta1 0.9, beta2 0.95 loss 9.4 at step 50 exceeds its limit of 9.3',
    );
    for (const fact of [
      'size nano, layers 2',
      'Parameters 360,000',
      '200 steps, 102,400 tokens',
      'type study, warmupSteps 20',
      'wasm: tfjs-node is not installed',
      'Example CPU, 2 cores, Node 20.19.0',
      'with one seed, so small differences mean nothing',
    ]) {
      expect(shown).toContain(fact);
    }
    expect(shown).not.toContain('Before you rely on this');
  });

  it('warns of times that do not compare, because the machine was not free for every trial', async () => {
    const trials = (modelMilliseconds: number) => [
      { optimizer: 'adam', learningRate: 1e-3 },
      { optimizer: 'lion', learningRate: 1e-3, optimizerMilliseconds: 300 },
      { optimizer: 'sgd', learningRate: 1, modelMilliseconds },
    ];
    const warning = 'took 2.0 times as long in one of the trials shown as in another, for the same work';
    expect(text((await report(trials(360))).page)).toContain(warning);
    expect(text((await report(trials(220))).page)).not.toContain('for the same work');
  });

  it('shows text of run files as text', async () => {
    const hostile = '</script><script>alert(1)</script><b>';
    const { page } = await report(
      [{ optimizer: 'adam', learningRate: 1e-3, status: 'failed', reason: hostile }],
      { ...EXPERIMENT, name: hostile, optimizers: [{ name: 'adam', title: hostile }] },
    );
    expect(page).not.toContain('<script>alert');
    expect(scripts(page)).toHaveLength(1);
    expect(page).toContain('&lt;/script&gt;&lt;script&gt;alert(1)');
  });
});

describe('a comparison that went wrong', () => {
  it('says that nothing finished yet', async () => {
    const { page } = await report([
      { optimizer: 'adam', learningRate: 1e-3, killed: true },
      { optimizer: 'sgd', learningRate: 1, status: 'diverged', reason: 'loss is NaN at step 12' },
    ]);
    const shown = text(page);
    expect(shown).toContain('No trial has finished, so there is no ranking yet.');
    expect(shown).toContain('Every trial of SGD diverged: try lower learning rates.');
    expect(shown).toContain('1 trial of Adam did not reach the end');
    expect(shown).toContain('No trial has started yet for Lion, Signum, Adafactor, Adalayer.');
    expect(shown).toContain('loss is NaN at step 12');
  });

  it('reports before the first trial', async () => {
    expect(text((await report([])).page)).toContain('No trial has started yet.');
  });

  it('reports a single trial, warning that it is not tuned', async () => {
    const { page } = await report([{ optimizer: 'adam', learningRate: 1e-3 }], {
      ...EXPERIMENT,
      optimizers: [],
    });
    expect(text(page)).toContain('No other optimizer has finished a trial.');
    expect(text(page)).toContain('Adam was tried at one learning rate only, so it is not tuned.');
  });

  it('warns of an optimum at the edge, of unequal tuning and of an optimizer that hardly learned', async () => {
    const shown = text(
      (
        await report([
          { optimizer: 'adam', learningRate: 1e-3, loss: 5 },
          { optimizer: 'adam', learningRate: 1e-2, loss: 4.9 },
          { optimizer: 'sgd', learningRate: 1e-3, loss: 8.25 },
        ])
      ).page,
    );
    expect(shown).toContain(
      'Adam did best at 1e-2, the highest learning rate tried: a higher one may do better',
    );
    expect(shown).toContain('different numbers of settings (Adam 2, SGD 1');
    expect(shown).toContain('SGD hardly learned: its validation loss went from 8.3000 to 8.2500.');
  });

  it('does not separate optimizers whose seeds disagree', async () => {
    const shown = text(
      (
        await report([
          { optimizer: 'adam', learningRate: 1e-3, seed: 1, loss: 5 },
          { optimizer: 'adam', learningRate: 1e-3, seed: 2, loss: 5.2 },
          { optimizer: 'lion', learningRate: 1e-4, seed: 1, loss: 5.1 },
          { optimizer: 'lion', learningRate: 1e-4, seed: 2, loss: 5.15 },
        ])
      ).page,
    );
    expect(shown).toContain('The difference between Adam and Lion is not significant over these seeds.');
    expect(shown).toContain('5.1000 ± 0.1414 5.0000 to 5.2000, 2 seeds');
  });

  it('names the folder it cannot write', async () => {
    await writeRuns(directory, [{ optimizer: 'adam', learningRate: 1e-3 }]);
    const results = await collectResults(directory);
    const file = join(directory, 'file');
    await writeFile(file, '');
    await expect(writeReport(file, results)).rejects.toThrow(`cannot write the report into ${file}`);
  });
});
