import { createHash } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collectResults } from '../src/collecting/collect-results.ts';
import { summarizeResults } from '../src/collecting/summarize-results.ts';
import { rankingTable } from '../src/index.ts';
import { readingNotes } from '../src/page/reading-notes.ts';
import { warnings } from '../src/page/warnings.ts';
import { noWinner } from '../src/page/winner.ts';
import { readKeptResults } from '../src/results/results-file.ts';
import { shownRanking } from './shown.ts';
import { EXPERIMENT, type SyntheticTrial, TYPICAL, trialId, writeRuns } from './synthetic-runs.ts';

let directory: string;
beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'steepest-report-')), 'tiny');
});
afterEach(() => rm(join(directory, '..'), { recursive: true, force: true }));

async function collect(trials: readonly SyntheticTrial[], experiment: object | null = EXPERIMENT) {
  await writeRuns(directory, trials, experiment);
  return collectResults(directory);
}

const named = (results: Awaited<ReturnType<typeof collectResults>>, name: string) =>
  results.optimizers.find((optimizer) => optimizer.name === name)!;

describe('collecting results', () => {
  it('picks the finished trial of lowest final validation loss of each optimizer', async () => {
    const results = await collect(TYPICAL);
    expect(results.trials).toHaveLength(30);
    expect(
      results.optimizers.map(({ name, best, finalValidationLoss }) => [name, best, finalValidationLoss]),
    ).toEqual([
      ['adam', 'adam-lr0.00316-seed1', 5.02],
      ['sgd', 'sgd-lr1-seed1', 6.3],
      ['lion', 'lion-lr0.001-seed1', 5.06],
      ['signum', 'signum-lr0.001-seed1', 5.12],
      ['adafactor', 'adafactor-lr0.01-seed1', 5.04],
      ['adalayer', 'adalayer-lr0.01-seed1', 5.1],
    ]);
    const lion = named(results, 'lion');
    // exp(5.06) by hand: 157.5905...
    expect(lion.perplexity).toBeCloseTo(157.5905, 3);
    expect(lion.difference).toBeCloseTo(0.04, 12);
    expect(results.baseline).toBe('adam');
    expect(named(results, 'adam')).toMatchObject({
      finished: 4,
      diverged: 1,
      trials: 5,
      difference: 0,
      edges: [],
    });
  });

  it('chooses a setting by the seeds of the grid, and judges it by those that confirm it', async () => {
    const adam = (learningRate: number, seed: number, loss: number): SyntheticTrial => ({
      optimizer: 'adam',
      learningRate,
      seed,
      loss,
    });
    const trials = [adam(1e-3, 1, 5.0), adam(1e-2, 1, 5.1), adam(1e-3, 2, 5.2), adam(1e-3, 3, 5.4)];
    const confirmed = await collect([...trials, { optimizer: 'lion', learningRate: 1e-3, loss: 5.05 }], {
      ...EXPERIMENT,
      confirm: [2, 3],
    });
    expect(named(confirmed, 'adam')).toMatchObject({
      best: 'adam-lr0.001-seed2',
      seeds: 2,
      seedsTried: 2,
      settings: 2,
      lossRange: [5.2, 5.4],
    });
    expect(named(confirmed, 'adam').finalValidationLoss).toBeCloseTo(5.3, 12);
    // The sample deviation of 5.2 and 5.4 is their difference over the square root of 2.
    expect(named(confirmed, 'adam').lossDeviation).toBeCloseTo(0.2 / Math.SQRT2, 12);
    // The curve of the sweep is over the seed that all rates have.
    expect(confirmed.sweeps[0]!.curves[0]!.points.map(({ loss }) => loss)).toEqual([5.0, 5.1]);
    expect(readingNotes(confirmed)).toContain(
      'The best settings of Adam were chosen with seed 1 and trained again with seeds 2, 3, which had no part in the choice: losses, tests and curves are over these.',
    );
    // Lion has no other seed than the one that chose, so the two do not compare.
    expect(noWinner(confirmed)).toMatch(/different seeds \(Adam 2, 3; Lion 1\)/);
    const kept = readKeptResults(JSON.parse(JSON.stringify(confirmed)), 'results.json');
    expect(summarizeResults(kept).optimizers).toEqual(confirmed.optimizers);
  });

  it('counts a confirmation that diverged with the loss it began with, and never falls back to the seed that chose', async () => {
    const adam = (seed: number, loss: number | 'diverged'): SyntheticTrial => ({
      optimizer: 'adam',
      learningRate: 1e-3,
      seed,
      ...(loss === 'diverged' ? { status: 'diverged' } : { loss }),
    });
    const experiment = { ...EXPERIMENT, confirm: [2, 3] };
    const one = await collect([adam(1, 5), adam(2, 5.1), adam(3, 'diverged')], experiment);
    // The synthetic trials begin at 8.3.
    expect(named(one, 'adam')).toMatchObject({ seeds: 1, seedsTried: 2, lossRange: [5.1, 8.3] });
    expect(named(one, 'adam').finalValidationLoss).toBeCloseTo((5.1 + 8.3) / 2, 12);
    expect(warnings(one)).toContain(
      "Adam's best setting finished with 1 of its 2 seeds; one that diverged counts with the loss it began with.",
    );
    await rm(directory, { recursive: true });
    const none = await collect([adam(1, 5), adam(2, 'diverged'), adam(3, 'diverged')], experiment);
    expect(named(none, 'adam').finalValidationLoss).toBeCloseTo(8.3, 12);
  });

  it('keeps curves, settings and summary numbers of every trial', async () => {
    const results = await collect([TYPICAL[2]!]);
    const trial = results.trials[0]!;
    expect(trial.settings).toEqual({ learningRate: 3.16e-3, beta1: 0.9, beta2: 0.95 });
    expect(trial.curve.train).toHaveLength(200);
    expect(trial.curve.validation.at(-1)).toEqual({ step: 200, tokens: 102_400, seconds: 40, loss: 5.02 });
    expect(trial).toMatchObject({ steps: 200, parameters: 360_000, millisecondsPerStep: 206, seed: 1 });
    expect(results.shared.differing).toEqual([]);
    expect(results.shared.schedule).toEqual({ type: 'study', warmupSteps: 20, totalSteps: 200 });
    expect(Date.parse(results.date!)).not.toBeNaN();
  });

  it('never selects a diverged trial, however low its loss was', async () => {
    const results = await collect([
      { optimizer: 'adam', learningRate: 1e-3, loss: 6 },
      { optimizer: 'adam', learningRate: 1e-2, loss: 1, status: 'diverged' },
    ]);
    expect(named(results, 'adam').best).toBe('adam-lr0.001-seed1');
  });

  it.each([
    [
      'summary.json',
      (text: string) => text.replace(/("finalValidationLoss": ?)5/, '$14'),
      /summary\.json has .* loss of 4, metrics\.jsonl one of 5; a file was changed: remove/,
    ],
    [
      'metrics.jsonl',
      (text: string) => text.replace(/("loss": ?)8/, '$17'),
      /metrics\.jsonl is not what it was at the last checkpoint; a file was changed/,
    ],
  ])('never ranks a finished trial of which %s was changed', async (file, change, reason) => {
    const trials = [
      { optimizer: 'adam', learningRate: 1e-3, loss: 5 },
      { optimizer: 'adam', learningRate: 1e-2, loss: 6 },
    ];
    await writeRuns(directory, trials, EXPERIMENT);
    const trial = join(directory, 'adam-lr0.001-seed1');
    const metrics = await readFile(join(trial, 'metrics.jsonl'));
    // A checkpoint as the trainer writes it, of the whole run.
    await mkdir(join(trial, 'checkpoint'));
    const sha256 = createHash('sha256').update(metrics).digest('hex');
    const record = { metrics: { bytes: metrics.length, sha256 } };
    await writeFile(join(trial, 'checkpoint', 'trainer.json'), JSON.stringify(record));
    expect(named(await collectResults(directory), 'adam').best).toBe('adam-lr0.001-seed1');
    const text = await readFile(join(trial, file), 'utf8');
    expect(change(text)).not.toBe(text);
    await writeFile(join(trial, file), change(text));
    const results = await collectResults(directory);
    expect(named(results, 'adam').best).toBe('adam-lr0.01-seed1');
    expect(results.trials[0]).toMatchObject({ status: 'failed', reason: expect.stringMatching(reason) });
  });

  it('counts a trial without a summary as interrupted and reports how far it came', async () => {
    const results = await collect([{ optimizer: 'adam', learningRate: 1e-3, killed: true }]);
    expect(results.trials[0]).toMatchObject({ status: 'interrupted', steps: 200, finalValidationLoss: null });
    expect(results.trials[0]!.reason).toMatch(/stopped at step 200/);
    expect(named(results, 'adam')).toMatchObject({ best: null, interrupted: 1, finalValidationLoss: null });
    expect(results.baseline).toBeNull();
  });

  it('averages a setting over its seeds, and prefers one that no seed diverged with', async () => {
    const results = await collect([
      { optimizer: 'adam', learningRate: 1e-3, seed: 1, loss: 5.0 },
      { optimizer: 'adam', learningRate: 1e-3, seed: 2, loss: 5.4 },
      { optimizer: 'adam', learningRate: 2e-3, seed: 1, loss: 5.1 },
      { optimizer: 'adam', learningRate: 2e-3, seed: 2, loss: 5.2 },
      { optimizer: 'adam', learningRate: 3e-3, seed: 1, loss: 4.9 },
      { optimizer: 'adam', learningRate: 3e-3, seed: 2, status: 'diverged' },
    ]);
    const adam = named(results, 'adam');
    expect(adam).toMatchObject({ best: 'adam-lr0.002-seed1', lossRange: [5.1, 5.2], seeds: 2, settings: 3 });
    expect(adam.finalValidationLoss).toBeCloseTo(5.15, 12);
  });

  it('tells when the best learning rate is at the edge of its grid; a diverged rate bounds it', async () => {
    const results = await collect([
      { optimizer: 'adam', learningRate: 1e-3, loss: 5 },
      { optimizer: 'adam', learningRate: 1e-2, loss: 6 },
      { optimizer: 'sgd', learningRate: 0.1, loss: 6 },
      { optimizer: 'sgd', learningRate: 1, loss: 5 },
      { optimizer: 'lion', learningRate: 1e-5, loss: 6 },
      { optimizer: 'lion', learningRate: 1e-4, loss: 5 },
      { optimizer: 'lion', learningRate: 1e-3, status: 'diverged' },
      { optimizer: 'signum', learningRate: 1e-4, loss: 5 },
    ]);
    expect(['adam', 'sgd', 'lion', 'signum'].map((name) => named(results, name).edges)).toEqual([
      [{ key: 'learningRate', end: 'lowest', value: 1e-3 }],
      [{ key: 'learningRate', end: 'highest', value: 1 }],
      [],
      [],
    ]);
    expect(shownRanking(results)).toContain(
      'Adam did best at 1e-3, the lowest learning rate tried: a lower one may do better',
    );
  });

  it('takes differences to the best optimizer when Adam did not finish', async () => {
    const results = await collect([
      { optimizer: 'adam', learningRate: 1e-3, status: 'diverged' },
      { optimizer: 'sgd', learningRate: 1, loss: 6 },
      { optimizer: 'lion', learningRate: 1e-4, loss: 5.5 },
    ]);
    expect(results.baseline).toBe('lion');
    expect(named(results, 'sgd').difference).toBeCloseTo(0.5, 12);
  });

  it('works without experiment.json, naming itself after the folder', async () => {
    const results = await collect([{ optimizer: 'adam', learningRate: 1e-3 }], null);
    expect(results.experiment).toEqual({ name: 'tiny' });
    expect(results.backend).toBeNull();
    expect(results.optimizers.map(({ title }) => title)).toEqual(['Adam']);
  });

  it('names what trials copied together do not share', async () => {
    const results = await collect([
      { optimizer: 'adam', learningRate: 1e-3 },
      { optimizer: 'sgd', learningRate: 1, config: { data: { source: 'other' } } },
    ]);
    expect(results.shared.differing).toEqual(['data']);
  });

  it('names all versions of the programs, and says where those of the optimizers differ', async () => {
    const by = (tfjs: string) => ({ config: { versions: { steepest: '0.1.0', tfjs } } });
    const alike = await collect([
      { optimizer: 'adam', learningRate: 1e-3, ...by('4.21.0') },
      { optimizer: 'adam', learningRate: 1e-2, ...by('4.22.0') },
      { optimizer: 'sgd', learningRate: 1, ...by('4.22.0') },
      { optimizer: 'sgd', learningRate: 2, ...by('4.21.0') },
    ]);
    expect(alike.shared.versions).toEqual({ steepest: '0.1.0', tfjs: '4.21.0 and 4.22.0' });
    expect(alike.shared.differing).toEqual([]);
    const unlike = await collect([{ optimizer: 'lion', learningRate: 1, ...by('4.22.0') }]);
    expect(unlike.shared.versions).toEqual({ steepest: '0.1.0', tfjs: '4.21.0 and 4.22.0' });
    expect(unlike.shared.differing).toEqual(['versions']);
    expect(warnings(unlike)[0]).toMatch(/^The optimizers do not share the same versions/);
    expect(unlike.trials.map(({ id, versions }) => [id, versions?.tfjs])).toEqual([
      ['adam-lr0.001-seed1', '4.21.0'],
      ['adam-lr0.01-seed1', '4.22.0'],
      ['sgd-lr1-seed1', '4.22.0'],
      ['sgd-lr2-seed1', '4.21.0'],
      ['lion-lr1-seed1', '4.22.0'],
    ]);
  });
});

describe('damaged run files', () => {
  const trial = { optimizer: 'adam', learningRate: 1e-3 };
  const file = (name: string) => join(directory, trialId(trial), name);

  it('ignores a half-written last line of metrics.jsonl', async () => {
    await writeRuns(directory, [trial]);
    await appendFile(file('metrics.jsonl'), '{"kind":"train","step":201,"lo');
    expect((await collectResults(directory)).trials[0]!.curve.train).toHaveLength(200);
  });

  it('lets the later of repeated steps count, as a resumed trial writes them', async () => {
    await writeRuns(directory, [trial]);
    const again = { kind: 'train', step: 150, tokens: 76_800, seconds: 31, loss: 4.5 };
    await appendFile(file('metrics.jsonl'), `${JSON.stringify(again)}\n`);
    const { train } = (await collectResults(directory)).trials[0]!.curve;
    expect(train).toHaveLength(150);
    expect(train.at(-1)!.loss).toBe(4.5);
  });

  it('names file and line of a malformed line', async () => {
    await writeRuns(directory, [trial]);
    const text = await readFile(file('metrics.jsonl'), 'utf8');
    await writeFile(file('metrics.jsonl'), text.replace('\n', '\nnot json\n'));
    await expect(collectResults(directory)).rejects.toThrow(
      /adam-lr0\.001-seed1\/metrics\.jsonl:2: not JSON/,
    );
  });

  it('names a summary of unknown status and a config without an optimizer', async () => {
    await writeRuns(directory, [trial]);
    await writeFile(file('summary.json'), '{"status":"done"}');
    await expect(collectResults(directory)).rejects.toThrow(
      /summary\.json: status must be one of finished, diverged, stopped, failed, interrupted, got "done"/,
    );
    await writeFile(file('summary.json'), '{"status":"finished"}');
    await writeFile(file('config.json'), '{}');
    await expect(collectResults(directory)).rejects.toThrow(
      /config\.json: optimizer must be the name of an optimizer/,
    );
  });

  it('refuses a trial whose config is missing, and an experiment of a later version', async () => {
    await writeRuns(directory, [trial]);
    await rm(file('config.json'));
    await expect(collectResults(directory)).rejects.toThrow(
      /adam-lr0\.001-seed1 has a metrics\.jsonl and no config\.json/,
    );
    await writeRuns(directory, [trial]);
    await writeFile(join(directory, 'experiment.json'), '{"schemaVersion":2}');
    await expect(collectResults(directory)).rejects.toThrow(
      /experiment\.json has schema version 2, and this version of Steepest reads up to 1/,
    );
  });

  it('refuses a folder that is missing or holds no runs', async () => {
    await expect(collectResults(join(directory, 'nowhere'))).rejects.toThrow(
      /nowhere: there is no such folder/,
    );
    await writeRuns(directory, [], null);
    await expect(collectResults(directory)).rejects.toThrow(/nothing to report in .*tiny/);
  });
});

describe('the ranking as texts', () => {
  it('lists optimizers best first with what their best trial cost', async () => {
    const cells = rankingTable(await collect(TYPICAL)).rows;
    expect(cells.map(([name]) => name)).toEqual(['Adam', 'Adafactor', 'Lion', 'Adalayer', 'Signum', 'SGD']);
    expect(cells[1]).toEqual([
      'Adafactor',
      '1e-2',
      '5.0400',
      '154',
      '+0.0200',
      '218',
      '38',
      '2,560',
      '4.06',
      '5/5',
    ]);
    expect(cells[0]!.at(-1)).toBe('4/5, 1 diverged');
  });
});
